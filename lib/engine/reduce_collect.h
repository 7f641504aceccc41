/* Collects the partial results of a reduction where ranks survive. The root reads them from the
 * memory of the ranks that are alive, and these read the result from the root's memory. */
#ifndef RANKPOOL_ENGINE_REDUCE_COLLECT_H
#define RANKPOOL_ENGINE_REDUCE_COLLECT_H

#include "pool/pool.h"
#include "sched/reduction_tree.h"
#include "sched/units.h"

struct partial_results {
    rp_pool *pool;
    int64_t leaves; /* leaves of the whole reduction */
    int64_t leaf;   /* items in a leaf */
    struct units units;
    const struct tree *tree; /* this rank's partial results; not modified */
    const void *identity;    /* the result if there are no leaves */
    void *result;            /* set on every rank */
};

/* Collects the partial results and distributes the result, after the agreement that ends the job.
 * Collective: *again and the status are the same on every rank. *again means that ranks have died
 * with their partial results, which must be computed once more.
 *
 * Where ranks of several nodes survive, the rank that leads its node in the agreement sends its
 * node's partial results to the root, and passes the result on to the ranks of its node. With
 * *again, the pool's rounds record which partial results exist. */
rp_status rpi_collect_partial_results(struct partial_results *partial_results, bool *again);

#endif
