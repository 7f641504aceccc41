/* An interval, cut into units of equal width, except for the first and the last.
 *
 * Units begin with numbers 30 k + 2: the only primes of the form 30 k + 2 ... 30 k + 6 are 2, 3 and
 * 5, and no tuplet has primes on both sides of such a range, so each lies in one unit. */
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

/* Cuts an interval into units of about that width. */
struct cut cut_interval(struct interval interval, uint64_t width);

/* The numbers of a range of units. */
struct interval cut_part(const struct cut *cut, rp_range units);

#endif
