/* Replicates outputs that are wanted on every node or rank, but lie where they were computed. */
#ifndef RANKPOOL_DATA_REPLICATE_H
#define RANKPOOL_DATA_REPLICATE_H

#include "data/access.h"

/* Replicates what each node or rank has computed of such arrays, after the agreement that ends the
 * job; where ranks of several nodes survive, publishes the root's copy. Preserves the pool's last
 * error, which that agreement set, unless replicating fails. Collective: every rank gets the same
 * status. */
rp_status rpi_replicate(rp_pool *pool, const struct array *arrays, int count,
                        const struct accesses *accesses, const struct units *units);

/* The same, for jobs that may have no such array. */
static inline rp_status replicate(rp_pool *pool, const struct array *arrays, int count,
                                  const struct accesses *accesses, const struct units *units)
{
    bool needed = pool->in_rounds;
    for (int i = 0; i < count; i++)
        needed = needed || accesses->access[i].replicate;
    return needed ? rpi_replicate(pool, arrays, count, accesses, units) : pool->last.status;
}

#endif
