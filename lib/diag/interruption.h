/* Interruption: a signal, or the clock, ends the work of a pool in good order. Its jobs stop, on
 * every rank, as they do when a rank gives up, but with RP_ERR_INTERRUPTED, and later ones end at
 * once.
 *
 * SIGUSR1 and SIGTERM do that, and SIGINT where no supervisor of ours takes it (launch/supervisor.c
 * turns the user's INT and TERM into USR1 for the ranks). The clock is a timer of the kernel's,
 * which signals the first rank of each node: no rank has to look at the time.
 *
 * The handler stores why into the work queue of every pool that wants it, whose word `interruption`
 * says so for good; nothing else. It takes no lock and calls nothing but the kernel's futex. The
 * pools it knows are a list that is changed by a store of one pointer, and `running` counts the
 * handlers under way in whatever thread: who takes a pool out waits for them, so its work queue is
 * there while one looks at it. */
#ifndef RANKPOOL_DIAG_INTERRUPTION_H
#define RANKPOOL_DIAG_INTERRUPTION_H

#include "comm/agreement.h"
#include "sched/work_queue.h"

#include <time.h>

/* A pool's part in it. */
struct interruption {
    bool wanted;  /* the pool handles signals */
    bool watched; /* it is in the list */
    bool timed;
    timer_t timer;
    struct work_queue *work_queue;
    _Atomic(struct interruption *) next;
};

/* Checks what the config says, and when the time is over: *seconds from now, INFINITY for never. */
rp_status rpi_interruption_check(const rp_config *config, double *seconds, rp_error *error);

/* Installs the handlers, before the ranks meet to open the pool: once they have met, all ranks
 * can be signalled. */
void rpi_interruption_install(struct interruption *interruption, bool wanted);

/* Now there is a work queue. `seconds` until the time is over, INFINITY: never; for the first rank of
 * a node. */
void rpi_interruption_watch(struct interruption *interruption, struct work_queue *work_queue,
                            double seconds);

/* The work queue will be gone. Signals are swallowed until the handlers are restored, which comes
 * last: what is left of MPI would die of them. */
void rpi_interruption_forget(struct interruption *interruption);
void rpi_interruption_restore(struct interruption *interruption);

/* A job begins: if the pool is interrupted already, it stops at once. */
void rpi_interruption_begin(struct work_queue *work_queue);

/* This rank has left a job that was not done. If it was interrupted, the vote says so. */
void rpi_interruption_tell(struct work_queue *work_queue, struct vote *vote);

#endif
