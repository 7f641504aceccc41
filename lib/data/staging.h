/* The stage: node memory through which elements pass of arrays that are private to the root and
 * that this node cannot access. It has one slot for each batch that the node may hold, which bounds
 * the data in flight. In a slot, the batch's elements of one array follow those of another.
 *
 * The node's agent fills the inputs of a slot before it offers the batch, and ships the results
 * when the whole batch is finished: see sched/work_queue.h for how each sees what the other
 * stored. */
#ifndef RANKPOOL_DATA_STAGING_H
#define RANKPOOL_DATA_STAGING_H

#include "data/access.h"

/* How a job uses the stage. Every rank of the node computes the same values. */
struct staging {
    bool staged[MOST_ARRAYS];
    size_t size[MOST_ARRAYS];   /* bytes of an element */
    size_t offset[MOST_ARRAYS]; /* offset of the array in a slot */
    uint32_t most;              /* maximum units in a batch; UINT32_MAX: nothing is staged */
    size_t slot_bytes;
};

static const struct staging staging_none = {.most = UINT32_MAX};

/* Lays out the slots for the batches of a job. `access`: how the ranks of the node access its
 * arrays. */
struct staging rpi_staging_plan(const struct access *access, int count, const struct units *units);

/* Is anything staged? */
static inline bool staging_needed(const struct staging *staging)
{
    return staging->slot_bytes > 0;
}

/* Grows the pool's stage if necessary. Some rank stages an array. Collective among the ranks of the
 * node, which all get the same status; where ranks of several nodes survive, among all ranks of the
 * pool, which may already have an error. */
rp_status rpi_stage_provide(rp_pool *pool, const struct staging *staging, rp_error *error);

/* Lays out the slots for the batches of a group of nodes that stage the same: in its leader's own
 * memory, two slots of a node for each of them. */
struct staging rpi_staging_of_group(const struct staging *of_node, const struct units *units,
                                    int nodes);

/* The address in slot `place` of an element of array `index`, counted from the first of the
 * batch. */
char *rpi_stage_at(char *stage, const struct staging *staging, int place, int index,
                   int64_t element);

#endif
