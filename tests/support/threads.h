/* What tests share whose ranks are threads. */
#ifndef RANKPOOL_TESTS_THREADS_H
#define RANKPOOL_TESTS_THREADS_H

#include "sched/work_queue.h"

/* A small generator for the shapes of jobs (Marsaglia, Xorshift RNGs, 2003): every thread has one,
 * and all begin alike. */
uint32_t next_random(void);

/* A work queue for so many threads. Freed by free(). */
struct work_queue *make_work_queue(uint32_t threads);

#endif
