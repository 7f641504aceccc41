/* Shared by tests whose ranks are threads. */
#ifndef RANKPOOL_TESTS_THREADS_H
#define RANKPOOL_TESTS_THREADS_H

#include "sched/work_queue.h"

/* A small generator for the shapes of jobs (Marsaglia, Xorshift RNGs, 2003): one for each thread,
 * all with the same initial state. */
uint32_t next_random(void);

/* A work queue for that many threads. Freed by free(). */
struct work_queue *make_work_queue(uint32_t threads);

#endif
