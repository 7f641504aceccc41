/* Spreading: outputs wanted on every node, or on every rank, that lie where they were computed. */
#ifndef RANKPOOL_POOL_SPREAD_H
#define RANKPOOL_POOL_SPREAD_H

#include "pool/array.h"

/* Brings the others what each node or rank has computed of the arrays that are to be spread, after
 * the ranks have met to end the job; where ranks of several nodes survive, what the root has of
 * those to be published. Keeps what they agreed on then in the pool's last error, unless something
 * goes wrong here. Collective: every rank gets the same status. */
rp_status rpi_spread(rp_pool *pool, const struct array *arrays, int count,
                     const struct reaches *reaches, const struct units *units);

#endif
