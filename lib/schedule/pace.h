/* Pace: how many units the next slice of an adaptive schedule should have.
 *
 * A slice should last some tens of microseconds: long enough that claiming it costs nothing, short
 * enough that nobody waits for it at the end. Pure arithmetic on measured times, so that it can be
 * tested without a clock. */
#ifndef RANKPOOL_SCHEDULE_PACE_H
#define RANKPOOL_SCHEDULE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    double call_seconds; /* declared fixed cost of a call on a slice */
    double unit_seconds; /* estimate from measured slices; 0: none yet */
    uint32_t least;      /* units in a slice at the least */
    uint32_t proven;     /* units in the longest of the recent slices */
};

/* A new pace. */
struct pace rpi_pace_start(double call_seconds, uint32_t least);

/* The next slice of a share in which `remaining` >= 1 units are left: 1 ... remaining. At the end
 * of a share slices get smaller, so that others may take from it and all end together; not so when
 * it is not the last, for `more` is to come. */
uint32_t rpi_pace_next(const struct pace *pace, uint32_t remaining, bool more);

/* Learns from a slice. */
void rpi_pace_learn(struct pace *pace, uint32_t units, double seconds);

#endif
