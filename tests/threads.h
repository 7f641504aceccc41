/* What tests share whose ranks are threads. */
#ifndef RANKPOOL_TESTS_THREADS_H
#define RANKPOOL_TESTS_THREADS_H

#include "schedule/board.h"

/* A small generator for the shapes of jobs (Marsaglia, Xorshift RNGs, 2003): every thread has one,
 * and all begin alike. */
uint32_t next_random(void);

/* A board for so many threads. Freed by free(). */
struct board *make_board(uint32_t threads);

#endif
