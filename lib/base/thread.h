/* The library's threads. */
#ifndef RANKPOOL_BASE_THREAD_H
#define RANKPOOL_BASE_THREAD_H

#include <pthread.h>

/* Starts a thread with all signals blocked, so that they go to the program's threads. Returns 0 or
 * an errno. */
int rpi_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

/* A mutex and its condition, for a thread that acts at intervals and when another one signals. */
struct monitor {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
};

/* Initializes both. Returns 0 or an errno. */
int rpi_monitor_init(struct monitor *monitor);
void rpi_monitor_destroy(struct monitor *monitor);

/* With the mutex locked: waits for a signal, but no longer than `seconds`. */
void rpi_monitor_wait(struct monitor *monitor, double seconds);

#endif
