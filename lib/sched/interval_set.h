/* Interval set: finds the units that no rank has. The callers add the units that are finished, in a
 * lane's range or being computed; the gaps between them are lost units. Pure arithmetic. */
#ifndef RANKPOOL_SCHED_INTERVAL_SET_H
#define RANKPOOL_SCHED_INTERVAL_SET_H

#include "sched/unit_range.h"

/* A growing list of unit ranges, which may overlap. */
struct interval_set {
    struct unit_range *unit_ranges; /* owned */
    uint32_t count, capacity;
    bool short_of_memory; /* some range could not be added */
};

/* Adds a range, which may be empty. Sets `short_of_memory` on failure. */
void rpi_interval_set_add(struct interval_set *interval_set, struct unit_range unit_range);

/* Finds the gaps in `whole`: stores the first `most` of them, lowest first, and returns the number
 * of all. Sorts the set. */
uint32_t rpi_interval_set_gaps(struct interval_set *interval_set, struct unit_range whole,
                               struct unit_range *gaps, uint32_t most);

/* Frees the list and leaves an empty set. */
void rpi_interval_set_end(struct interval_set *interval_set);

#endif
