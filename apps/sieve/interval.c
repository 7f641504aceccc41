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
    struct cut cut = {interval, (width + WHEEL - 1) / WHEEL * WHEEL, 0};
    if (interval.first <= interval.last)
        cut.units = (int64_t)(((wide)interval.last - origin(&interval)) / cut.width) + 1;
    return cut;
}

struct interval cut_part(const struct cut *cut, rp_range units)
{
    struct interval part = cut->whole;
    wide begin = origin(&cut->whole) + (wide)cut->width * units.begin;
    wide end = origin(&cut->whole) + (wide)cut->width * units.end;
    if (begin > part.first)
        part.first = (uint64_t)begin;
    if (end <= part.last)
        part.last = (uint64_t)(end - 1);
    return part;
}
