#include "config.h"

#include "api/process.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/message.h"
#include "base/thread.h"
#include "launch/environment.h"
#include "launch/launch.h"
#include "rankpool.h"

#include <stdatomic.h>
#include <stdio.h>

void rpi_foreign_launcher_warn(void)
{
    int ranks, started = rpi_launched_ranks();
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    bool foreign = ranks == 1 && started > 1;
    if (!foreign || rp_launched_rank() > 0)
        return;
    rpi_message(
        "rankpool %s: the launcher started %d processes, but its MPI is not ours, so each works "
        "alone; use %s, or srun --mpi=pmix\n",
        rp_version(), started, RANKPOOL_MPIRUN[0] != '\0' ? RANKPOOL_MPIRUN : "our MPI's mpirun");
}

void rpi_single_rank_warn(int cores)
{
    if (cores < 2 || rpi_launch_called() || rpi_environment_text("RANKPOOL_RANKS") != NULL)
        return;
    rpi_message(
        "rankpool %s: this program runs on 1 rank, on a machine with %d cores: it does not call "
        "rp_launch(), and no mpirun started it; call rp_launch(&argc, &argv) before rp_open(), "
        "or set RANKPOOL_RANKS=1 if that is intended\n",
        rp_version(), cores);
}

/* Seconds between polls, and the limit for MPI_Finalize() after a rank has died in it. */
static const double poll_seconds = 1e-3, patience_seconds = 0.5;

static _Atomic bool finalize_returned; /* the thread's last store: release */

static void *finalize_run(void *unused)
{
    MPI_Finalize();
    atomic_store_explicit(&finalize_returned, true, memory_order_release);
    return unused;
}

/* MPI requires this call from the thread that initialised it, so that no other thread is in MPI
 * meanwhile. None is, since the initialising thread waits here. */
bool rpi_finalize(struct liveness *liveness)
{
    pthread_t thread;
    double lost = 0;
    if (liveness->members == 0 || rpi_thread_start(&thread, finalize_run, NULL) != 0) {
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
