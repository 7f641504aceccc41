/* Work of constant duration, for items with a given cost. */
#ifndef RANKPOOL_BENCH_WORK_H
#define RANKPOOL_BENCH_WORK_H

#include "rankpool.h"

#include <stdint.h>

/* A minimal item: an addition that the compiler can neither remove nor vectorise. */
static inline void add_item(int64_t *sum, int64_t item)
{
    *sum += item;
    __asm__ volatile("" : "+r"(*sum));
}

/* A loop of such items; `sum` is the result of this rank's. */
struct additions {
    rp_pool *pool;
    int64_t n;
    rp_options options;
    int64_t sum;
};

/* Runs it, for measure(). Collective. */
void add_in_loop(void *additions);

/* Computes `steps` steps, each some cycles of a core. */
void compute(int64_t steps);

/* Steps per second here and now, on the slowest rank. Collective on MPI_COMM_WORLD. */
double steps_per_second(void);

#endif
