/* Chunk policy: which schedule a job has, and how many units the next chunk of the adaptive one
 * has.
 *
 * A chunk should last some tens of microseconds: long enough that claiming it costs nothing, short
 * enough that other ranks do not wait for it at the end. Pure arithmetic on measured times,
 * testable without a clock. */
#ifndef RANKPOOL_SCHED_CHUNK_POLICY_H
#define RANKPOOL_SCHED_CHUNK_POLICY_H

#include "rankpool.h"

#include <stdbool.h>
#include <stdint.h>

struct schedule_choice {
    rp_schedule schedule;
    int64_t chunk; /* items in a chunk; 0: the schedule decides */
};

/* Parses "guided" or "guided,100". For anything else returns false and stores nothing. */
bool rpi_schedule_choice_parse(const char *text, struct schedule_choice *choice);

/* Chooses the schedule of a job from its options, or from RANKPOOL_SCHEDULE if the options leave it
 * open. Returns RP_ERR_ARGUMENT for invalid options or an invalid variable. */
rp_status rpi_schedule_choice_make(const rp_options *options, struct schedule_choice *choice,
                                   rp_error *error);

/* What the program has declared, in seconds. */
struct chunk_costs {
    double call; /* fixed cost of a call on a chunk */
    double unit; /* expected cost of a unit in addition; 0: unknown */
};

struct chunk_policy {
    double call_overhead; /* declared */
    double unit_seconds;  /* estimate, from measured chunks or declared; 0: none yet */
    double worked;        /* seconds in all chunks */
    uint32_t least;       /* lower limit on the units of a chunk */
    uint32_t proven;      /* units in the longest of the recent chunks */
};

/* Returns a policy without measurements. */
struct chunk_policy rpi_chunk_policy_start(struct chunk_costs costs, uint32_t least);

/* Returns the length of the next chunk of a share with `remaining` >= 1 units: 1 ... remaining. In
 * the last share chunks get smaller towards the end, so that other ranks can steal from it and all
 * finish together; not so if `more` units will follow. Where a call has a cost, a chunk leaves no
 * fewer units than `least`. */
uint32_t rpi_chunk_policy_next(const struct chunk_policy *policy, uint32_t remaining, bool more);

/* Records how long a chunk took. */
void rpi_chunk_policy_learn(struct chunk_policy *policy, uint32_t units, double seconds);

#endif
