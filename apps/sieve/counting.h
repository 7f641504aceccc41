/* Counting primes and tuplets on all ranks: a map. */
#ifndef RANKPOOL_APPS_COUNTING_H
#define RANKPOOL_APPS_COUNTING_H

#include "sieve/interval.h"
#include "sieve/kernel.h"
#include "sieve/tuplets.h"

/* The counts of all ranks, by the size of tuplets, and the time they took. */
struct counts {
    uint64_t tuplets[MOST_TUPLET + 1];
    double busy_mean, busy_most;
};

/* Counts the sizes whose bits are set in `sizes`. Collective; every rank gets the same counts. */
rp_status count_on_all(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                       unsigned sizes, struct counts *counts);

#endif
