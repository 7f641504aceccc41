/* Gaps: which units nobody has. What is finished, what lies in ranges and what is in hand covers a
 * job; the rest is lost. Pure arithmetic. */
#ifndef RANKPOOL_SCHED_INTERVAL_SET_H
#define RANKPOOL_SCHED_INTERVAL_SET_H

#include "sched/unit_range.h"

/* A growing list of spans, which may overlap. */
struct interval_set {
    struct unit_range *unit_ranges; /* owned */
    uint32_t count, capacity;
    bool short_of_memory; /* something could not be noted */
};

/* Notes that a span is covered; empty ones are fine. */
void rpi_interval_set_add(struct interval_set *interval_set, struct unit_range unit_range);

/* Finds the gaps of `whole`: stores the first `most` of them, lowest first, and returns how many
 * there are in all. Sorts the cover. */
uint32_t rpi_interval_set_gaps(struct interval_set *interval_set, struct unit_range whole,
                               struct unit_range *gaps, uint32_t most);

void rpi_interval_set_end(struct interval_set *interval_set);

#endif
