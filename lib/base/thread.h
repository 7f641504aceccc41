/* Threads of the library's own. */
#ifndef RANKPOOL_BASE_THREAD_H
#define RANKPOOL_BASE_THREAD_H

#include <pthread.h>

/* Starts a thread that takes no signals: those are for the program's own. Returns 0 or an errno. */
int rpi_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
