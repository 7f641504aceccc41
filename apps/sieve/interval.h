/* An interval, cut into units of equal width, but for the first and the last.
 *
 * Units begin with numbers 30 k + 2: no prime is 30 k + 2 ... 30 k + 6 but 2, 3 and 5, and no
 * tuplet has primes on both sides of these, so each lies in one unit. */
#ifndef RANKPOOL_APPS_INTERVAL_H
#define RANKPOOL_APPS_INTERVAL_H

#include <rankpool.h>
#include <stdint.h>

/* first ... last; empty if last < first. */
struct interval {
    uint64_t first, last;
};

struct cut {
    struct interval whole;
    uint64_t width;
    int64_t units;
};

/* Cuts an interval into units about as wide as that. */
struct cut cut_interval(struct interval interval, uint64_t width);

/* The numbers of a run of units. */
struct interval cut_part(const struct cut *cut, rp_range units);

#endif
