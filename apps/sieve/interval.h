/* An interval, cut into units of equal width, except for the first and the last, or of widths that
 * shrink evenly from the first to the last.
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
    uint64_t width; /* of a unit, on average */
    int64_t units;
    unsigned taper; /* by how much the first unit is wider, and the last narrower, in 1/256 of that;
                     * at most 128 */
};

/* Cuts an interval into units of about that width, all the same. */
struct cut cut_interval(struct interval interval, uint64_t width);

/* The numbers of a range of units. With `taper`, the last unit may be empty: last < first. */
struct interval cut_part(const struct cut *cut, rp_range units);

#endif
