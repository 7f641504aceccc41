/* The hand-over of a reduction's partial results where ranks survive: the root reads them from the
 * memory of those that live, and they read the result from its. */
#ifndef RANKPOOL_POOL_HANDOVER_H
#define RANKPOOL_POOL_HANDOVER_H

#include "pool/pool.h"
#include "schedule/tree.h"

struct handover {
    rp_pool *pool;
    int64_t leaves;          /* of the whole reduction */
    const struct tree *tree; /* what this rank holds; it stays as it is */
    const void *identity;    /* the result of no leaves */
    void *result;            /* on every rank */
};

/* Hands over, after the ranks have met to end the job. Collective: *again is the same on every rank, as
 * is the status; with `again` ranks have died with what they held, which is to be computed once more. */
rp_status rpi_hand_over(struct handover *handover, bool *again);

#endif
