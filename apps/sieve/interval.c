#include "sieve/interval.h"

__extension__ typedef __int128 wide;

enum {
    WHEEL = 30,
    BORDER = 2
};

/* The last position before the interval where a unit may begin; negative for 0 and 1. */
static wide origin(const struct interval *interval)
{
    return ((wide)interval->first + WHEEL - BORDER) / WHEEL * WHEEL - WHEEL + BORDER;
}

struct cut cut_interval(struct interval interval, uint64_t width)
{
    struct cut cut = {.whole = interval, .width = (width + WHEEL - 1) / WHEEL * WHEEL};
    if (interval.first <= interval.last)
        cut.units = (int64_t)(((wide)interval.last - origin(&interval)) / cut.width) + 1;
    return cut;
}

/* Where a unit begins. If widths shrink, this is a parabola in `unit`, in integers, so that all
 * ranks agree: at unit 0, and at the end of the last, it meets the line of equal widths. */
static wide cut_begin(const struct cut *cut, int64_t unit)
{
    wide wheels = (wide)(cut->width / WHEEL), ahead = wheels * cut->taper / 256;
    wide units = cut->units > 0 ? cut->units : 1;
    return origin(&cut->whole) + WHEEL * (wheels * unit + ahead * unit * (units - unit) / units);
}

struct interval cut_part(const struct cut *cut, rp_range units)
{
    struct interval part = cut->whole;
    wide begin = cut_begin(cut, units.begin), end = cut_begin(cut, units.end);
    if (begin > part.last)
        return (struct interval){part.last, part.last - 1};
    if (begin > part.first)
        part.first = (uint64_t)begin;
    if (end <= part.last)
        part.last = (uint64_t)(end - 1);
    return part;
}
