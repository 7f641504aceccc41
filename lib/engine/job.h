/* What all jobs share: checks of the options, and preparing the work queue before the agreement
 * that opens the job. */
#ifndef RANKPOOL_ENGINE_JOB_H
#define RANKPOOL_ENGINE_JOB_H

#include "data/access.h"
#include "pool/pool.h"

struct job {
    struct units units;
    struct schedule_choice choice;
    struct chunk_costs costs;
    uint32_t begun;  /* units that the nodes begin with, counted from the first */
    bool dispatched; /* nodes have agents, and the root hands out the other units */
    struct orphaned_work_terms deaths; /* how the job treats deaths of ranks */
};

/* Is a job dispatched? `staged`: arrays travel between nodes. */
static inline bool job_dispatched(const rp_pool *pool, bool staged)
{
    return pool->world.nodes > 1 || staged;
}

/* Describes a job. `staged` as above: all units arrive with their batches. */
struct job rpi_job(const rp_pool *pool, struct units units, struct schedule_choice choice,
                   const rp_options *options, bool staged);

/* Checks n and the options, and chooses the schedule. */
rp_status rpi_job_check(int64_t n, const rp_options *options, struct schedule_choice *choice,
                        rp_error *error);

/* Checks the inputs and the results of a job of n items: each by itself, and that they do not
 * overlap, unless they are the same array. */
rp_status rpi_job_check_arrays(const rp_pool *pool, int64_t n, const struct array *input,
                               const struct array *results, rp_error *error);

/* Puts n, schedule and chunk into a vote. */
void rpi_job_terms(struct vote *vote, int64_t n, const struct schedule_choice *choice);

/* The number of the current job. It is the same on every rank: all ranks count the same agreements,
 * and at least one agreement lies between two jobs. */
static inline int64_t job_number(const rp_pool *pool)
{
    return pool->world.agreement.number;
}

/* Prepares this rank's lane, and also the work queue if this rank may lead its node. Call it before
 * the agreement that opens the job. This is safe: all ranks have agreed that the last job is over,
 * and none reads the work queue before the agreement that opens this one. */
void rpi_job_prepare(rp_pool *pool, const struct job *job);

#endif
