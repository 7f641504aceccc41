#include "api/finalize.h"

#include "base/clock.h"
#include "base/eventcount.h"

#include <mpi.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

/* Seconds between polls, and the limit for MPI_Finalize() after a rank has died in it. */
static const double poll_seconds = 1e-3, patience_seconds = 0.5;

static _Atomic bool finalize_returned; /* the thread's last store: release */

static void *finalize_run(void *unused)
{
    MPI_Finalize();
    atomic_store_explicit(&finalize_returned, true, memory_order_release);
    return unused;
}

/* Blocks all signals in the thread: they are for the program's threads. */
static bool finalize_start(pthread_t *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(thread, NULL, finalize_run, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

/* MPI requires this call from the thread that initialised it, so that no other thread is in MPI
 * meanwhile. None is, since the initialising thread waits here. */
bool rpi_finalize(struct liveness *liveness)
{
    pthread_t thread;
    double lost = 0;
    if (liveness->place == NULL || !finalize_start(&thread)) {
        MPI_Finalize();
        return true;
    }
    while (!atomic_load_explicit(&finalize_returned, memory_order_acquire)) {
        if (lost == 0 && rpi_liveness_look(liveness) > 0)
            lost = rpi_clock_seconds();
        if (lost > 0 && rpi_clock_seconds() - lost > patience_seconds) {
            pthread_detach(thread);
            return false;
        }
        rpi_sleep(poll_seconds);
    }
    pthread_join(thread, NULL);
    return true;
}
