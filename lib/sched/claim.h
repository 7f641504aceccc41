/* Claiming: how a rank gets its next chunk. This is the hot path: no system call, no MPI. */
#ifndef RANKPOOL_SCHED_CLAIM_H
#define RANKPOOL_SCHED_CLAIM_H

#include "sched/batch_queue.h"
#include "sched/chunk_policy.h"
#include "sched/recovery.h"
#include "sched/units.h"
#include "sched/work_queue.h"

/* Counts of a rank's claims in a job, for profiles and tests. */
struct claim_counts {
    uint64_t chunks, steals, draws; /* draws: from batch queues and orphaned work */
    double waited;                  /* seconds spent without work */
};

/* A rank's private state for claiming. */
struct claimer {
    struct work_queue *work_queue;
    struct lane *lane;
    uint32_t index;
    double crowding; /* ranks per core, at least 1; measured times are divided by it */

    bool shares, steals; /* shares: lanes have ranges; otherwise chunks are drawn from batches */
    bool paced; /* `policy` decides how long chunks are; otherwise they have `fixed` units */
    uint32_t fixed,
        usual; /* usual: `fixed`, unless the lane has suspects, which it computes alone */
    struct chunk_policy policy;
    struct batch_queue_rule rule;

    uint64_t chunk; /* current, packed: two halves stored one by one are slow to load as one word */
    uint32_t finished;  /* units; the lane's `done` follows */
    double chunk_begun; /* time, if `paced`; below 0: do not measure the chunk */
    struct log_writer log;
    struct claim_counts counts;
    claim_attend attend; /* or NULL */
    void *attend_closure;
    bool alone;    /* the only lane: see claim_range_shrink() */
    bool defers;   /* takes no units yet: see claim_defers() */
    bool cautious; /* leaves suspects to other ranks */
};

/* The job as one rank sees it. `share` and `cautious` differ between ranks of a node. */
struct claim_job {
    struct units units;
    struct schedule_choice choice;
    struct chunk_costs costs;
    struct unit_range node;  /* initial units of this node */
    struct unit_range share; /* initial units of this rank, if ranks have shares */
    uint32_t number;         /* identifies the job; equals the work queue's `job` */
    bool random;   /* take random parts of the batch; the cautious rank takes its first units after
                    all others have some */
    bool cautious; /* this rank's death would end the job */
};

/* Returns the initial units of the node's first batch queue: all units of the node or none. */
struct unit_range rpi_claim_batch_queue(const struct claim_job *job);

/* Starts a job on lane `index`: prepares lane and log. Called before the opening agreement. */
void rpi_claim_begin(struct claimer *claimer, struct work_queue *work_queue, uint32_t index,
                     double crowding, const struct claim_job *job);

/* Sets a function that is called while this rank waits for work. */
void rpi_claim_attend(struct claimer *claimer, claim_attend attend, void *closure);

/* Records the current chunk as finished and claims the next. Sleeps while other ranks compute the
 * last chunks or the node may get more units. Returns an empty range when every unit of the node is
 * done, or the job was stopped. */
struct unit_range rpi_claim_next(struct claimer *claimer);

/* Excludes the current chunk from the measurement of chunks. */
static inline void claim_untimed(struct claimer *claimer)
{
    claimer->chunk_begun = -1;
}

/* Leaves the job with only the first `finished` units of the current chunk done. They are recorded
 * in the log, so other ranks know which. */
void rpi_claim_leave(struct claimer *claimer, uint32_t finished);

#endif
