/* Threads that act as ranks which die. A dead thread does nothing more, in the state in which a
 * killed process would leave shared memory; the others detect it later. */
#ifndef RANKPOOL_TESTS_DYING_THREADS_H
#define RANKPOOL_TESTS_DYING_THREADS_H

#include "sched/work_queue.h"

#include <pthread.h>
#include <setjmp.h>

enum {
    MOST_THREADS = 16
};

extern _Atomic bool dead[MOST_THREADS];
extern _Thread_local uint32_t me;   /* the number of this thread */
extern _Thread_local jmp_buf death; /* where a dying thread jumps to */

_Noreturn void die(void);

/* Where all threads meet, between the parts of a job. */
extern pthread_barrier_t job_barrier;

/* Jobs one after the other, each on all threads. Thread 0 chooses a job, and checks it in the
 * end. */
struct thread_jobs {
    uint32_t threads;
    void (*begin)(void); /* every thread, once; or NULL */
    void (*choose)(void);
    void (*work)(void); /* every thread, in a job */
    void (*check)(void);
    const uint64_t *jobs; /* so far */
    uint64_t wanted;
};

void run_thread_jobs(const struct thread_jobs *thread_jobs);

/* A rank's function for waits: looks for dead ranks. Returns the time of the next call. */
double notice_deaths(struct work_queue *work_queue, uint32_t threads);

#endif
