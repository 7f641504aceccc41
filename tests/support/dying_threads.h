/* Threads for ranks that die. A thread dies by doing nothing more, in the state in which a killed
 * process would leave what it shares; others notice later. */
#ifndef RANKPOOL_TESTS_DYING_THREADS_H
#define RANKPOOL_TESTS_DYING_THREADS_H

#include "sched/work_queue.h"

#include <setjmp.h>

enum {
    MOST_THREADS = 16
};

extern _Atomic bool dead[MOST_THREADS];
extern _Thread_local uint32_t me;   /* the number of this thread */
extern _Thread_local jmp_buf death; /* where it goes when it dies */

_Noreturn void die(void);

/* What a rank does while it waits: it looks who has died. Returns when to look again. */
double notice_deaths(struct work_queue *work_queue, uint32_t threads);

#endif
