/* The nth prime after a number, on all ranks. */
#ifndef RANKPOOL_APPS_NTH_H
#define RANKPOOL_APPS_NTH_H

#include "sieve/counting.h"

/* Finds the nth prime greater than `start`; n = 0 is taken as 1. Collective; *prime is the same on
 * every rank, and 0 if there are fewer below 2^64. *counts has the time that the ranks took. */
rp_status find_nth(rp_pool *pool, const struct kernel *kernel, uint64_t n, uint64_t start,
                   uint64_t *prime, struct counts *counts);

#endif
