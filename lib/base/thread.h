/* The library's threads. */
#ifndef RANKPOOL_BASE_THREAD_H
#define RANKPOOL_BASE_THREAD_H

#include <pthread.h>

/* Starts a thread with all signals blocked, so that they go to the program's threads. Returns 0 or
 * an errno. */
int rpi_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
