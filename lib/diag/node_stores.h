/* RANKPOOL_CHECK=1: stores of tasks into node memory that is not an output of their job. They reach
 * the node of their rank only, so a program that keeps state there from job to job is right on one
 * node and wrong on two. They are legal, and a program may want them: so they are reported, once,
 * and are no error. */
#ifndef RANKPOOL_DIAG_NODE_STORES_H
#define RANKPOOL_DIAG_NODE_STORES_H

#include "comm/call_table.h"
#include "pool/pool.h"

/* Bytes that a job may store into. */
struct output_bytes {
    const char *base;
    size_t bytes;
};

enum {
    MOST_OUTPUTS = 4
};

struct node_stores;

/* Remembers the content of all memory of rp_node_alloc(), except for the outputs. Call it while no
 * rank can store to it. NULL on all but the first rank of a node, and once something was
 * reported. */
struct node_stores *rpi_node_stores_begin(const rp_pool *pool, const struct output_bytes *outputs,
                                          int count);

/* Compares, reports what has changed on stderr, and frees `stores`, which may be NULL. Call it
 * while no rank can store again. */
void rpi_node_stores_end(rp_pool *pool, struct node_stores *stores, enum call call);

#endif
