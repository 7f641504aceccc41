/* Work that takes the same time every time, for items that are to cost so much. */
#ifndef RANKPOOL_BENCH_WORK_H
#define RANKPOOL_BENCH_WORK_H

#include <stdint.h>

/* The least that can be done for an item: an addition that the compiler can neither drop nor
 * vectorise. */
static inline void add_item(int64_t *sum, int64_t item)
{
    *sum += item;
    __asm__ volatile("" : "+r"(*sum));
}

/* Computes so many steps: one is some cycles of a core. */
void compute(int64_t steps);

/* How many take a second here, now, on the slowest rank. Collective on MPI_COMM_WORLD. */
double steps_per_second(void);

#endif
