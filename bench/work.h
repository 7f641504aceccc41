/* Work that takes the same time every time, for items that are to cost so much. */
#ifndef RANKPOOL_BENCH_WORK_H
#define RANKPOOL_BENCH_WORK_H

#include <stdint.h>

/* Computes so many steps: one is some cycles of a core. */
void compute(int64_t steps);

/* How many take a second here, now, on the slowest rank. Collective on MPI_COMM_WORLD. */
double steps_per_second(void);

#endif
