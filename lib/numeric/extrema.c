/* The least and the greatest number, and their items. */
#include "rankpool.h"

#include <math.h>

/* Takes `x` of `item` if it is less than the least, or equal and its item is lower. */
static inline void extrema_lower(rp_extrema *extrema, int64_t item, double x)
{
    if (x < extrema->least || (x == extrema->least && item < extrema->least_item)) {
        extrema->least = x;
        extrema->least_item = item;
    }
}

static inline void extrema_raise(rp_extrema *extrema, int64_t item, double x)
{
    if (x > extrema->greatest || (x == extrema->greatest && item < extrema->greatest_item)) {
        extrema->greatest = x;
        extrema->greatest_item = item;
    }
}

/* Most numbers lie between the extrema. */
static inline void extrema_add(rp_extrema *extrema, int64_t item, double x)
{
    if (x > extrema->least && x < extrema->greatest) {
        extrema->count++;
    } else if (isnan(x)) {
        extrema->nans++;
    } else if (extrema->count++ == 0) {
        extrema->least = extrema->greatest = x;
        extrema->least_item = extrema->greatest_item = item;
    } else {
        extrema_lower(extrema, item, x);
        extrema_raise(extrema, item, x);
    }
}

void rp_extrema_add(rp_extrema *extrema, int64_t item, double x)
{
    extrema_add(extrema, item, x);
}

/* Works on a copy, which cannot alias x. */
void rp_extrema_add_array(rp_extrema *extrema, int64_t first, const double *x, int64_t n)
{
    rp_extrema copy = *extrema;
    for (int64_t i = 0; i < n; i++)
        extrema_add(&copy, first + i, x[i]);
    *extrema = copy;
}

int rp_extrema_combine(void *left, const void *right, void *user)
{
    rp_extrema *extrema = left;
    const rp_extrema *other = right;
    int64_t nans = extrema->nans + other->nans;
    (void)user;
    if (extrema->count == 0) {
        *extrema = *other;
    } else if (other->count > 0) {
        extrema->count += other->count;
        extrema_lower(extrema, other->least_item, other->least);
        extrema_raise(extrema, other->greatest_item, other->greatest);
    }
    extrema->nans = nans;
    return 0;
}
