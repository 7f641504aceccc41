/* Units: the smallest runs of items that the scheduler assigns. They are as long as it takes for
 * any n to fit 32-bit indices. */
#ifndef RANKPOOL_SCHED_UNITS_H
#define RANKPOOL_SCHED_UNITS_H

#include "rankpool.h"
#include "sched/unit_range.h"

struct units {
    int64_t items;      /* n, items of the job */
    int64_t unit_items; /* items in a unit; the last unit may have fewer */
    uint32_t count;     /* units, at most 2^31 */
};

/* Divides n >= 0 items into units. */
struct units rpi_units_cut(int64_t n);

/* Divides n >= 0 items into units of `leaf` >= 1 items, or of twice, four times ... as many. */
struct units rpi_units_cut_leaves(int64_t n, int64_t leaf);

/* The number of units that hold `items` >= 1 items, limited to those of the job. */
uint32_t rpi_units_for(const struct units *units, int64_t items);

/* The items of a non-empty unit range. */
static inline rp_range units_to_items(const struct units *units, struct unit_range unit_range)
{
    /* Unsigned, because the end of a partly filled last unit may exceed INT64_MAX. */
    uint64_t end = (uint64_t)units->unit_items * unit_range.high;
    bool beyond = end > (uint64_t)units->items;
    return (rp_range){units->unit_items * unit_range.low, beyond ? units->items : (int64_t)end};
}

#endif
