/* Slices taken from the node's reservoir: the schedules that deal out decreasing slices. */
#ifndef RANKPOOL_SCHEDULE_RESERVOIR_H
#define RANKPOOL_SCHEDULE_RESERVOIR_H

#include "rankpool.h"
#include "schedule/span.h"

#include <stdatomic.h>

/* What decides the slices of a reservoir. */
struct reservoir_rule {
    rp_schedule schedule; /* RP_GUIDED or RP_FACTORING */
    struct span whole;    /* the reservoir as it was at first */
    uint32_t lanes;       /* ranks that take from it */
    uint32_t least;       /* units in a slice at the least */
};

/* Units in the slice that begins at `low`, at least 1. Pure: the same whoever asks. */
uint32_t rpi_reservoir_slice(const struct reservoir_rule *rule, uint32_t low);

/* Takes the next slice; false if nothing is left. */
bool rpi_reservoir_take(_Atomic uint64_t *reservoir, const struct reservoir_rule *rule,
                        struct span *slice);

#endif
