/* What is taken from a node's reservoir: slices, by the schedules that deal out decreasing ones;
 * shares, one for each lane, by the others. */
#ifndef RANKPOOL_SCHEDULE_RESERVOIR_H
#define RANKPOOL_SCHEDULE_RESERVOIR_H

#include "rankpool.h"
#include "schedule/board.h"

/* What decides how much is taken. */
struct reservoir_rule {
    rp_schedule schedule;
    uint32_t lanes; /* ranks that take */
    uint32_t least; /* units at the least */
};

/* Units to take from a reservoir that held `whole` and has everything from `low` on left, at least
 * 1. Pure: the same whoever asks. */
uint32_t rpi_reservoir_slice(const struct reservoir_rule *rule, struct span whole, uint32_t low);

/* Takes from a reservoir; false if nothing is left. */
bool rpi_reservoir_take(struct reservoir *reservoir, const struct reservoir_rule *rule,
                        struct span *taken);

/* Takes one of so many parts, or what is left, likewise. */
bool rpi_reservoir_take_part(struct reservoir *reservoir, uint32_t parts, struct span *taken);

#endif
