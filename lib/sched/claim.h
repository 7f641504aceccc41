/* Claiming: how a rank gets its next chunk. The engine's hot path: no system call, no MPI. */
#ifndef RANKPOOL_SCHED_CLAIM_H
#define RANKPOOL_SCHED_CLAIM_H

#include "sched/batch_queue.h"
#include "sched/chunk_policy.h"
#include "sched/recovery.h"
#include "sched/units.h"
#include "sched/work_queue.h"

/* What a rank did for a job: for figures, and for tests. */
struct claim_counts {
    uint64_t chunks, steals, draws; /* draws: from reservoirs, and from what the dead left */
    double waited;                  /* seconds in which there was nothing to find */
};

/* A rank's private side of the work queue. */
struct claimer {
    struct work_queue *work_queue;
    struct lane *lane;
    uint32_t index;
    double crowding; /* ranks per core, at least 1: so much longer than its work a chunk takes */

    bool shares, steals; /* shares: lanes have ranges; otherwise chunks come from the reservoirs */
    bool paced; /* the pace decides how long chunks are; otherwise they have `fixed` units */
    uint32_t fixed;
    struct chunk_policy pace;
    struct batch_queue_rule rule;

    uint64_t chunk;     /* in hand, packed: halves stored one by one are slow to load as a whole */
    uint32_t forgone;   /* units, and */
    uint32_t finished;  /* units, with those; the lane's `done` follows */
    double chunk_begun; /* when, if the pace decides; below 0: never mind how long it takes */
    struct log_writer log;
    struct claim_counts counts;
    claim_attend attend; /* or NULL */
    void *attend_closure;
    bool defers;   /* takes nothing yet: see claim_defers() */
    bool cautious; /* leaves units that were in hands that died to others, if there are any, */
    bool forgoes;  /* or, if there are none on this node, to those of others in another round */
};

/* The job as one rank sees it. The same on all ranks of the node but for `share`. */
struct claim_job {
    struct units units;
    struct schedule_choice choice;
    double call_overhead;
    struct unit_range node;  /* units that this node begins with */
    struct unit_range share; /* those of them that this rank begins with, where ranks have shares */
    uint32_t number;         /* tells it from the last; the work queue's `job` */
    bool random;   /* units are dealt out at random, by and by, and the cautious rank gets its first
                    units when all others have some */
    bool cautious; /* this rank's death would end the job */
    bool forgoes;  /* and other nodes would do in another round what is left undone in this one */
};

/* What lies in the node's first batch queue when the job begins: all or nothing of its units. */
struct unit_range rpi_claim_batch_queue(const struct claim_job *job);

/* Begins a job on lane `index`: prepares lane and log. Before the agreement that opens the job. */
void rpi_claim_begin(struct claimer *claimer, struct work_queue *work_queue, uint32_t index,
                     double crowding, const struct claim_job *job);

/* Has `attend` called while this rank waits for work. */
void rpi_claim_attend(struct claimer *claimer, claim_attend attend, void *closure);

/* Marks the chunk in hand as finished and takes the next. Waits, asleep, while others hold the last
 * ones, or the node may get more. Empty when every unit of the node is done, or a rank gave up. */
struct unit_range rpi_claim_next(struct claimer *claimer);

/* The chunk in hand says nothing of what chunks cost. */
static inline void claim_untimed(struct claimer *claimer)
{
    claimer->chunk_begun = -1;
}

/* Leaves with a chunk in hand of which so many units are finished, from the first on: others may
 * want to know which. */
void rpi_claim_leave(struct claimer *claimer, uint32_t finished);

#endif
