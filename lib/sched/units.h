/* Units: the smallest runs of items the scheduler cuts, so that any n fits 32-bit indices. */
#ifndef RANKPOOL_SCHED_UNITS_H
#define RANKPOOL_SCHED_UNITS_H

#include "rankpool.h"
#include "sched/unit_range.h"

struct units {
    int64_t items;      /* n, items of the job */
    int64_t unit_items; /* items in a unit; the last unit may have fewer */
    uint32_t count;     /* units, at most 2^31 */
};

/* Cuts n >= 0 items. */
struct units rpi_units_cut(int64_t n);

/* Cuts n >= 0 items so that a unit has `leaf` >= 1 items, or twice that, or four times ... */
struct units rpi_units_cut_leaves(int64_t n, int64_t leaf);

/* How many units it takes to hold `items` >= 1 items. */
uint32_t rpi_units_for(const struct units *units, int64_t items);

/* The items of a non-empty span of units. */
static inline rp_range units_to_items(const struct units *units, struct unit_range unit_range)
{
    /* Unsigned: the end of the last, unfilled unit may lie beyond INT64_MAX. */
    uint64_t end = (uint64_t)units->unit_items * unit_range.high;
    bool beyond = end > (uint64_t)units->items;
    return (rp_range){units->unit_items * unit_range.low, beyond ? units->items : (int64_t)end};
}

#endif
