/* Compensated sums: `low` accumulates the rounding errors of `high`. */
#include "numeric/exact.h"
#include "rankpool.h"

#include <math.h>
#include <string.h>

/* Two doubles, added by one instruction on every supported processor. */
typedef double couple __attribute__((vector_size(16)));

enum {
    LANES = 8, /* enough to hide the latency of an addition */
    LINE_AHEAD =
        4096, /* bytes to prefetch ahead: hardware prefetching is too late for this much work */
};

/* Two sums like rp_sum. */
struct couple_sum {
    couple high, low;
};

void rp_sum_add(rp_sum *sum, double x)
{
    double high = sum->high + x;
    sum->low += rounding_error(sum->high, x, high);
    sum->high = high;
}

double rp_sum_value(const rp_sum *sum)
{
    return isfinite(sum->high) ? sum->high + sum->low : sum->high;
}

int rp_sum_combine(void *left, const void *right, void *user)
{
    const rp_sum *other = right;
    (void)user;
    rp_sum_add(left, other->high);
    ((rp_sum *)left)->low += other->low;
    return 0;
}

/* rp_sum_add() on two lanes. */
static inline void couple_add(struct couple_sum *sum, const double *x)
{
    couple right;
    memcpy(&right, x, sizeof right);
    couple high = sum->high + right, right_part = high - sum->high;
    sum->low += (sum->high - (high - right_part)) + (right - right_part);
    sum->high = high;
}

static inline void couple_fold(rp_sum *sum, const struct couple_sum *lanes)
{
    for (int i = 0; i < 2; i++)
        rp_sum_combine(sum, &(rp_sum){lanes->high[i], lanes->low[i]}, NULL);
}

/* Term i goes to lane i % LANES; then the lanes are added in order, and then the remaining terms.
 * That order determines the bits of the result. */
void rp_sum_add_array(rp_sum *sum, const double *x, int64_t n)
{
    struct couple_sum a = {{0}, {0}}, b = a, c = a, d = a;
    for (; n >= LANES; n -= LANES, x += LANES) {
        __builtin_prefetch((const void *)((uintptr_t)x + LINE_AHEAD));
        couple_add(&a, x);
        couple_add(&b, x + 2);
        couple_add(&c, x + 4);
        couple_add(&d, x + 6);
    }
    couple_fold(sum, &a);
    couple_fold(sum, &b);
    couple_fold(sum, &c);
    couple_fold(sum, &d);
    for (int64_t i = 0; i < n; i++)
        rp_sum_add(sum, x[i]);
}
