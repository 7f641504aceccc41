#include "dying_threads.h"

#include "sched/recovery.h"

_Atomic bool dead[MOST_THREADS];
_Thread_local uint32_t me;
_Thread_local jmp_buf death;
pthread_barrier_t job_barrier;

static const struct thread_jobs *running;
static bool over;

_Noreturn void die(void)
{
    atomic_store(&dead[me], true);
    longjmp(death, 1);
}

double notice_deaths(struct work_queue *work_queue, uint32_t threads)
{
    for (uint32_t i = 0; i < threads; i++) {
        if (atomic_load(&dead[i]))
            rpi_recovery_lose(work_queue, i);
    }
    return 0.2e-3;
}

static void *run_jobs(void *argument)
{
    me = (uint32_t)(uintptr_t)argument;
    if (running->begin != NULL)
        running->begin();
    for (;;) {
        if (me == 0)
            running->choose();
        pthread_barrier_wait(&job_barrier);
        if (over)
            return NULL;
        running->work();
        pthread_barrier_wait(&job_barrier);
        if (me == 0) {
            running->check();
            over = *running->jobs >= running->wanted;
        }
    }
}

void run_thread_jobs(const struct thread_jobs *thread_jobs)
{
    pthread_t thread[MOST_THREADS];
    running = thread_jobs;
    over = false;
    pthread_barrier_init(&job_barrier, NULL, running->threads);
    for (uint32_t i = 0; i < running->threads; i++)
        pthread_create(&thread[i], NULL, run_jobs, (void *)(uintptr_t)i);
    for (uint32_t i = 0; i < running->threads; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&job_barrier);
}
