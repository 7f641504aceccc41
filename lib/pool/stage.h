/* The stage: node memory through which the elements of arrays pass that are private to the root and
 * out of this node's reach. It has a slot for each batch that the node may hold, so what is in
 * flight is bounded; in a slot the batch's elements of one array follow those of another.
 *
 * The agent of the node fills the inputs of a slot before it offers the batch, and ships its
 * results when all of the batch is finished: see schedule/board.h for how one sees what the
 * other stored. */
#ifndef RANKPOOL_POOL_STAGE_H
#define RANKPOOL_POOL_STAGE_H

#include "pool/array.h"

/* How a job uses the stage. Every rank of the node computes the same. */
struct staging {
    bool staged[MOST_ARRAYS];
    size_t size[MOST_ARRAYS];   /* bytes of an element */
    size_t offset[MOST_ARRAYS]; /* of the array in a slot */
    uint32_t most;              /* units in a batch at the most; UINT32_MAX: nothing is staged */
    size_t slot_bytes;
};

/* Lays out the slots for batches of a job. `reached`: how the ranks of the node reach
 * its arrays. */
struct staging rpi_staging_plan(const struct reach *reached, int count, const struct units *units);

/* Is anything staged? */
static inline bool staging_needed(const struct staging *staging)
{
    return staging->slot_bytes > 0;
}

/* Where ranks of several nodes survive: reserves the stage when the pool is opened, while MPI can
 * still be called. Collective; *reserved is the same everywhere. */
rp_status rpi_stage_reserve(rp_pool *pool, bool *reserved, rp_error *error);

/* Makes the pool's stage large enough, if it is not. Collective among the ranks of the node, which
 * all get the same status; local where it was reserved. */
rp_status rpi_stage_provide(rp_pool *pool, const struct staging *staging, rp_error *error);

/* Where an element of array `index` lies in slot `place`, counted from the first of the batch. */
char *rpi_stage_at(const rp_pool *pool, const struct staging *staging, int place, int index,
                   int64_t element);

#endif
