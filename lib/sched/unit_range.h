/* A unit range: the units low <= u < high of a job. It is packed into one 64-bit word so that one
 * compare-and-swap moves it. Indices are absolute in the job, so equal words mean equal
 * ownership. */
#ifndef RANKPOOL_SCHED_UNIT_RANGE_H
#define RANKPOOL_SCHED_UNIT_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct unit_range {
    uint32_t low, high;
};

static inline uint64_t unit_range_pack(struct unit_range unit_range)
{
    return (uint64_t)unit_range.high << 32 | unit_range.low;
}

static inline struct unit_range unit_range_unpack(uint64_t word)
{
    return (struct unit_range){(uint32_t)word, (uint32_t)(word >> 32)};
}

static inline uint32_t unit_range_length(struct unit_range unit_range)
{
    return unit_range.high > unit_range.low ? unit_range.high - unit_range.low : 0;
}

static inline bool unit_range_empty(struct unit_range unit_range)
{
    return unit_range.high <= unit_range.low;
}

/* Returns the first part of a range whose units are all in `other`, or all outside of it. */
static inline struct unit_range unit_range_part(struct unit_range range, struct unit_range other)
{
    if (range.low < other.low && other.low < range.high)
        range.high = other.low;
    if (range.low < other.high && other.high < range.high)
        range.high = other.high;
    return range;
}

/* For qsort(): by the first unit. */
static inline int unit_range_compare(const void *left, const void *right)
{
    const struct unit_range *a = left, *b = right;
    return (a->low > b->low) - (a->low < b->low);
}

#endif
