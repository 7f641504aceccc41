/* Counting primes and tuplets on all ranks: a map. */
#ifndef RANKPOOL_APPS_COUNTING_H
#define RANKPOOL_APPS_COUNTING_H

#include "sieve/interval.h"
#include "sieve/kernel.h"
#include "sieve/tuplets.h"

/* What all ranks have counted, by the size of tuplets, and how long they were at it. */
struct counts {
    uint64_t tuplets[MOST_TUPLET + 1];
    double busy_mean, busy_most;
};

/* Counts those sizes of which `sizes` has the bit. Collective; on every rank the same counts. */
rp_status count_on_all(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                       unsigned sizes, struct counts *counts);

#endif
