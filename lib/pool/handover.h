/* The hand-over of a reduction's partial results where ranks survive: the root reads them from the
 * memory of those that live, and they read the result from its. */
#ifndef RANKPOOL_POOL_HANDOVER_H
#define RANKPOOL_POOL_HANDOVER_H

#include "pool/pool.h"
#include "schedule/tree.h"
#include "schedule/units.h"

struct handover {
    rp_pool *pool;
    int64_t leaves; /* of the whole reduction */
    int64_t leaf;   /* items in one */
    struct units units;
    const struct tree *tree; /* what this rank holds; it stays as it is */
    const void *identity;    /* the result of no leaves */
    void *result;            /* on every rank */
};

/* Where ranks of several nodes survive, the rank that leads its node at the meetings brings the
 * root what its node holds, and the ranks of the node the result; with *again what is there is in
 * the pool's rounds.
 *
 * Hands over, after the ranks have met to end the job. Collective: *again is the same on every
 * rank, as is the status; with `again` ranks have died with what they held, which is to be
 * computed once more. */
rp_status rpi_hand_over(struct handover *handover, bool *again);

#endif
