/* What all jobs share: options that make sense, and a board prepared before the ranks meet. */
#ifndef RANKPOOL_POOL_JOB_H
#define RANKPOOL_POOL_JOB_H

#include "pool/pool.h"

/* A job as the engine sees it. */
struct job {
    struct units units;
    struct choice choice;
    double call_seconds;
    uint32_t begun;             /* units, from the first on, that the nodes begin with */
    bool dispatched;            /* the nodes have agents; the root hands out the other units */
    struct estate_terms deaths; /* what they mean */
};

/* Describes a job. `staged`: arrays travel, so all units come with their batches. */
struct job rpi_job(const rp_pool *pool, struct units units, struct choice choice,
                   double call_seconds, bool staged);

/* Checks n and the options, and chooses the schedule. */
rp_status rpi_job_check(int64_t n, const rp_options *options, struct choice *choice,
                        rp_error *error);

/* Puts n, schedule and slice into a ballot: terms 0 to 2. */
void rpi_job_terms(struct ballot *ballot, int64_t n, const struct choice *choice);

/* The number of the job at hand, the same on every rank: meetings are counted everywhere alike, and
 * at least one lies between two jobs. */
static inline int64_t job_number(const rp_pool *pool)
{
    return pool->world.meeting.number;
}

/* Prepares this rank's lane, and the board if this rank has its node's agent. Before the meeting
 * that opens the job: the last job is over for everyone, since all have met to close it, and nobody
 * looks at the board before all have met to open this one. */
void rpi_job_prepare(rp_pool *pool, const struct job *job);

#endif
