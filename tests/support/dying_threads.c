#include "dying_threads.h"

#include "sched/recovery.h"

_Atomic bool dead[MOST_THREADS];
_Thread_local uint32_t me;
_Thread_local jmp_buf death;

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
