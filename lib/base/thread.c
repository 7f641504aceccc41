#include "base/thread.h"

#include "base/clock.h"

#include <signal.h>

int rpi_thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int code = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

/* Waits by the monotonic clock. */
int rpi_monitor_init(struct monitor *monitor)
{
    pthread_condattr_t attributes;
    int code = pthread_condattr_init(&attributes);
    if (code != 0)
        return code;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    code = pthread_cond_init(&monitor->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (code == 0 && (code = pthread_mutex_init(&monitor->mutex, NULL)) != 0)
        pthread_cond_destroy(&monitor->changed);
    return code;
}

void rpi_monitor_destroy(struct monitor *monitor)
{
    pthread_cond_destroy(&monitor->changed);
    pthread_mutex_destroy(&monitor->mutex);
}

void rpi_monitor_wait(struct monitor *monitor, double seconds)
{
    struct timespec until = rpi_seconds_to_timespec(rpi_clock_seconds() + seconds);
    pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &until);
}
