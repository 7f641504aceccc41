/* The aggregated message of a node: in a collective, the data that its ranks send or receive
 * together. It is built in node memory and crosses to another node as one message. It is for small
 * data, where the number of messages costs more than the bytes; large data goes from rank to rank,
 * because copying it would cost more.
 *
 * bytes          Each rank writes its own between the agreement that begins a collective, which may
 *                refuse it, and a second agreement; then all others read them. No rank reads them
 *                any more after the agreement that ends the collective.
 * filled, code   For data from another node: written by the rank that received it, `code` first,
 *                then `filled`, a release store announced by `signal`. */
#ifndef RANKPOOL_COLLECTIVE_NODE_AGGREGATE_H
#define RANKPOOL_COLLECTIVE_NODE_AGGREGATE_H

#include "collective/collective.h"

/* The limit per node: this many bytes take a few times as long to transfer as a message takes to
 * start. */
enum {
    AGGREGATE_BYTES = 1 << 16
};

/* Bytes of zeroed node memory for the aggregated message. */
size_t rpi_aggregate_bytes(void);

/* The bytes for each part, if the parts of all ranks of a node (with `everyone`, of all ranks) fit
 * into one aggregated message; 0 if not. The same on every rank, if the ranks agree. */
size_t rpi_aggregate_room(const struct collective *collective, bool everyone);

/* The bytes of a slot, a multiple of 8, if half of the aggregated messages of all nodes has a slot
 * for each pair of a rank of the node and any rank; 0 if that is too small for a slot. The same on
 * every rank after an agreement. */
size_t rpi_aggregate_slot(const struct collective *collective);

/* Does it hold `count` elements in all? The same on every rank, if the ranks agree. */
bool rpi_aggregate_hold(const struct collective *collective, int64_t count);

/* The aggregated message of this node. */
char *rpi_aggregate_base(const rp_pool *pool);

/* Copies a run into or out of an aggregated message, in node memory or in transit. Returns MPI's
 * error code. */
int rpi_aggregate_pack(const rp_pool *pool, const struct run *run, char *to);
int rpi_aggregate_unpack(const rp_pool *pool, const struct run *run, const char *from);

/* Sends the aggregated message of a node to the root, or to a node's first rank; or receives it
 * from there. It is counted as one message. Returns MPI's error code. */
int rpi_aggregate_send(rp_pool *pool, const char *aggregate, size_t room, int node, int rank);
int rpi_aggregate_receive(rp_pool *pool, char *aggregate, size_t room, int node, int rank);

/* The first rank of a node. */
int rpi_aggregate_keeper(const rp_pool *pool, int node);

/* Announces to the ranks of this node that its aggregated message has arrived, or the error code of
 * MPI; and waits for that. */
void rpi_aggregate_fill(rp_pool *pool, int code);
int rpi_aggregate_await(rp_pool *pool);

#endif
