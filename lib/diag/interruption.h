/* Interruption: a signal or a time limit stops the jobs of a pool in good order. All ranks stop as
 * they do when one rank fails, but with RP_ERR_INTERRUPTED, and later jobs stop at once.
 *
 * SIGUSR1 and SIGTERM interrupt, and SIGINT if no supervisor of ours handles it
 * (launch/supervisor.c turns the user's INT and TERM into USR1 for the ranks). The time limit is a
 * kernel timer that signals the first rank of each node, so no rank reads a clock for it.
 *
 * The handler only stores the reason into the work queue of every pool in the list `watched`; the
 * word `interruption` there keeps the first reason for good. It takes no lock and makes no system
 * call except futex. The list changes by a store of one pointer, and `running` counts the handlers
 * that are executing in any thread: a thread that removes a pool waits for them, so a pool's work
 * queue exists while a handler uses it. */
#ifndef RANKPOOL_DIAG_INTERRUPTION_H
#define RANKPOOL_DIAG_INTERRUPTION_H

#include "comm/agreement.h"
#include "sched/work_queue.h"

#include <time.h>

/* The state of one pool. */
struct interruption {
    bool wanted;  /* the pool handles signals */
    bool watched; /* the pool is in the list */
    bool timed;
    timer_t timer;
    struct work_queue *work_queue;
    _Atomic(struct interruption *) next;
};

/* Checks the configuration, and sets *seconds until the time limit; INFINITY: none. */
rp_status rpi_interruption_check(const rp_config *config, double *seconds, rp_error *error);

/* Installs the handlers. Call before the agreement that opens the pool: after it all ranks may be
 * signalled. */
void rpi_interruption_install(struct interruption *interruption, bool wanted);

/* Adds the pool to the list, now that its work queue exists. `seconds` is the time limit on the
 * first rank of a node; INFINITY: none. */
void rpi_interruption_watch(struct interruption *interruption, struct work_queue *work_queue,
                            double seconds);

/* Removes the pool from the list, before its work queue is freed. Until the handlers are restored,
 * which must come last, signals have no effect: their default action would end the process inside
 * MPI. */
void rpi_interruption_unwatch(struct interruption *interruption);
void rpi_interruption_restore(struct interruption *interruption);

/* Begins a job: stops it at once if the pool is already interrupted. */
static inline void interruption_begin(struct work_queue *work_queue)
{
    if (work_queue_interruption(work_queue) != 0)
        rpi_work_queue_stop(work_queue);
}

/* After this rank has left a job: if the job was interrupted, puts that into the vote, unless it
 * has an error already. */
void rpi_interruption_vote(struct work_queue *work_queue, struct vote *vote);

#endif
