/* Keeping the partial results of a reduction: the nodes of its tree that ranks hold. Which leaves a
 * node joins is the same in every run, so the bits are. */
#ifndef RANKPOOL_POOL_REDUCE_KEEPING_H
#define RANKPOOL_POOL_REDUCE_KEEPING_H

#include "pool/keeping.h"
#include "schedule/tree.h"

struct reduce_keeping {
    struct keeping keeping;
    struct tree *tree; /* what this rank holds */
    int64_t n, leaf;
    struct tree_node *added; /* nodes of the tree that are in the journal; owned */
    int64_t count;
};

/* Begins to keep the partial results of the job that all have met to open. */
void rpi_reduce_keeping_begin(struct reduce_keeping *keeping, rp_pool *pool,
                              const struct job_form *form, struct tree *tree);

/* On the root: puts what is kept into the tree, before anybody computes. The other ranks leave
 * these leaves out. */
rp_status rpi_reduce_keeping_restore(struct reduce_keeping *keeping, rp_error *error);

void rpi_reduce_keeping_end(struct reduce_keeping *keeping, rp_status status);

#endif
