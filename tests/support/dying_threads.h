/* Threads that act as ranks which die. A dead thread does nothing more, in the state in which a
 * killed process would leave shared memory; the others detect it later. */
#ifndef RANKPOOL_TESTS_DYING_THREADS_H
#define RANKPOOL_TESTS_DYING_THREADS_H

#include "sched/work_queue.h"

#include <setjmp.h>

enum {
    MOST_THREADS = 16
};

extern _Atomic bool dead[MOST_THREADS];
extern _Thread_local uint32_t me;   /* the number of this thread */
extern _Thread_local jmp_buf death; /* where a dying thread jumps to */

_Noreturn void die(void);

/* A rank's function for waits: looks for dead ranks. Returns the time of the next call. */
double notice_deaths(struct work_queue *work_queue, uint32_t threads);

#endif
