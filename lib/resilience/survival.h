/* Survival: the ranks of a pool go on when another rank dies.
 *
 * Loops, maps, reductions and streams then make no MPI calls, which would wait for dead ranks.
 * Control messages go through mailboxes in node memory; data is read from the memory of the other
 * process by the kernel, which reports an error if that process is gone. */
#ifndef RANKPOOL_RESILIENCE_SURVIVAL_H
#define RANKPOOL_RESILIENCE_SURVIVAL_H

#include "comm/shm_segment.h"
#include "engine/job.h"
#include "sched/failure_accounting.h"
#include "sched/interval_set.h"

enum {
    DEATHS_IN_A_ROW = 3 /* an item that was in progress at this many is given up */
};

/* How a job in rounds treats results and failures. */
struct round_terms {
    bool delivers;    /* results of units on other nodes travel to the root */
    bool partial;     /* partial results stay with the ranks; `have` lists their units */
    bool keeps_going; /* goes on after items have failed */
};

/* The rounds of a job: see resilience/rounds.h. */
struct rounds {
    struct round_terms terms;
    struct accounting accounting; /* on the root */
    struct interval_set have;     /* on the root, after a round: units with partial results */
    int number;                   /* of the round, from 0 */
    int lost;                     /* number of lost ranks at the last accounting */
    rp_error worst;               /* the worst error of rounds after which the job went on */
};

/* What a pool keeps for its survival. */
struct survival {
    char *mailboxes;    /* in node memory */
    bool launch_joined; /* the launcher lets the other ranks live: see launch/rank_state.h */
    bool reports;       /* this node reports its deaths to the root before it tries suspects */
    bool dispensable;   /* the others can go on without this rank: not the root */
    int depth;          /* nesting of calls that survive deaths */
    struct rounds rounds;
};

/* Determines whether ranks can survive here, and prepares for it. *Collective* on a new world. */
rp_status rpi_survival_begin(rp_pool *pool, rp_error *error);

/* Undoes rpi_survival_begin(), except for the lock that shows this rank's death. Local. */
void rpi_survival_end(rp_pool *pool);

/* If this rank dies between these two calls, the others go on without it, in a pool that survives
 * deaths. The calls nest. */
void rpi_survival_enter(rp_pool *pool);
void rpi_survival_leave(rp_pool *pool);

extern const struct pool_ops rpi_pool_without_mpi;

/* The mailbox of a node rank: MAILBOX_BYTES that it writes before an agreement, and that others
 * read after it. */
void *rpi_mailbox(const rp_pool *pool, int node_rank);

/* The root's mailbox. On its own node the mailbox itself; elsewhere a copy from the last
 * agreement. */
void *rpi_root_mailbox(const rp_pool *pool);

/* Looks for dead ranks, and tells the work queue. `pool` is an rp_pool. Returns the seconds until
 * the next call is due; INFINITY if deaths are not detected. Called by any thread of the rank. */
double rpi_survival_look(void *pool);

/* The same, after a step of the agent if this rank takes them: only by the rank's thread, in a job
 * of chunks. For rpi_claim_attend(). */
double rpi_survival_attend(void *pool);

/* Is this node rank known to be dead? */
static inline bool rank_lost(const rp_pool *pool, int node_rank)
{
    return rpi_liveness_lost(&pool->world.liveness, node_rank);
}

/* Fills in the error of an item that is given up after `deaths` deaths. */
rp_status rpi_survival_error(rp_error *error, int64_t item, uint32_t deaths);

/* If the job has given up units, or could not determine what was lost, fills in *error, unless it
 * is set already. */
void rpi_survival_report(const rp_pool *pool, const struct units *units, rp_error *error);

#endif
