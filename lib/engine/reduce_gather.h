/* Where ranks do not survive deaths: brings the partial results of all ranks to the root. */
#ifndef RANKPOOL_ENGINE_REDUCE_GATHER_H
#define RANKPOOL_ENGINE_REDUCE_GATHER_H

#include "comm/topology.h"
#include "sched/reduction_tree.h"

/* The size of the buffer that rpi_gather_trees() needs. */
size_t rpi_gather_buffer_bytes(size_t value_size);

/* Joins the trees of all ranks in that of the root, which then has a single node, the result.
 * Collective. A rank that fails to join sets its error, and the others go on: agree afterwards. */
rp_status rpi_gather_trees(const struct world *world, struct tree *tree, int64_t leaves,
                           void *buffer, rp_error *error);

#endif
