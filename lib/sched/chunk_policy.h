/* Pace: how many units the next chunk of an adaptive schedule should have.
 *
 * A chunk should last some tens of microseconds: long enough that claiming it costs nothing, short
 * enough that nobody waits for it at the end. Pure arithmetic on measured times, so that it can be
 * tested without a clock. */
#ifndef RANKPOOL_SCHED_CHUNK_POLICY_H
#define RANKPOOL_SCHED_CHUNK_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct chunk_policy {
    double call_overhead; /* declared fixed cost of a call on a chunk */
    double unit_seconds;  /* estimate from measured chunks; 0: none yet */
    uint32_t least;       /* units in a chunk at the least */
    uint32_t proven;      /* units in the longest of the recent chunks */
};

/* A new pace. */
struct chunk_policy rpi_chunk_policy_start(double call_overhead, uint32_t least);

/* The next chunk of a share in which `remaining` >= 1 units are left: 1 ... remaining. At the end
 * of a share chunks get smaller, so that others may take from it and all end together; not so when
 * it is not the last, for `more` is to come. */
uint32_t rpi_chunk_policy_next(const struct chunk_policy *pace, uint32_t remaining, bool more);

/* Learns from a chunk. */
void rpi_chunk_policy_learn(struct chunk_policy *pace, uint32_t units, double seconds);

#endif
