/* Mean and variance, by pairwise updates (Chan, Golub and LeVeque 1983). */
#include "numeric/exact.h"
#include "rankpool.h"

#include <float.h>
#include <math.h>

enum {
    BLOCK = 256 /* numbers that are read twice while they are in the cache */
};

/* Joins means whose difference is not finite: one of them is not, or both are huge. */
__attribute__((cold)) static void moments_join_extremes(rp_moments *left, const rp_moments *right)
{
    bool finite = isfinite(left->mean) && isfinite(right->mean);
    double all = (double)(left->count + right->count);
    left->mean = finite ? left->mean * ((double)left->count / all) +
                              right->mean * ((double)right->count / all)
                        : left->mean + right->mean;
    left->squares = finite ? INFINITY : NAN;
    left->count += right->count;
}

void rp_moments_add(rp_moments *moments, double x)
{
    double off = x - moments->mean;
    if (!isfinite(off)) {
        rp_moments_combine(moments, &(rp_moments){1, x, isfinite(x) ? 0 : NAN}, NULL);
        return;
    }
    moments->count++;
    moments->mean += off / (double)moments->count;
    moments->squares += off * (x - moments->mean);
}

double rp_moments_variance(const rp_moments *moments)
{
    return moments->count > 1 ? moments->squares / (double)(moments->count - 1) : NAN;
}

static void moments_join(rp_moments *left, const rp_moments *right)
{
    double count = (double)left->count;
    double share = (double)right->count / (double)(left->count + right->count);
    double off = right->mean - left->mean;
    if (!isfinite(off)) {
        moments_join_extremes(left, right);
        return;
    }
    left->count += right->count;
    left->mean += off * share;
    left->squares += right->squares + off * (off * (count * share)); /* no square overflows */
}

int rp_moments_combine(void *left, const void *right, void *user)
{
    rp_moments *moments = left;
    const rp_moments *other = right;
    (void)user;
    if (moments->count == 0)
        *moments = *other;
    else if (other->count > 0)
        moments_join(moments, other);
    return 0;
}

/* The mean of numbers whose sum is not finite: because some number is not, or because the sum
 * overflows. The loss by scaling is far below the rounding error of numbers that large. */
__attribute__((cold)) static double block_extreme_mean(const double *x, int64_t n)
{
    rp_sum sum = {0, 0};
    for (int64_t i = 0; i < n; i++)
        rp_sum_add(&sum, x[i] / BLOCK);
    double mean = rp_sum_value(&sum) / (double)n;
    if (!isfinite(mean))
        return mean;
    return fmax(fmin(mean, DBL_MAX / BLOCK), -DBL_MAX / BLOCK) * BLOCK;
}

/* Two passes. The sum of the distances from the rounded mean is not exactly 0, and corrects for its
 * error. */
static rp_moments moments_of_block(const double *x, int64_t n)
{
    rp_sum sum = {0, 0};
    double squares = 0, distances = 0;
    rp_sum_add_array(&sum, x, n);
    double mean = rp_sum_value(&sum) / (double)n;
    if (!isfinite(mean))
        mean = block_extreme_mean(x, n);
    for (int64_t i = 0; i < n; i++) {
        distances += x[i] - mean;
        squares += (x[i] - mean) * (x[i] - mean);
    }
    squares -= distances * distances / (double)n;
    if (!isfinite(squares)) /* overflow, or a number is not finite */
        squares = isfinite(mean) ? INFINITY : NAN;
    return (rp_moments){n, mean, squares};
}

/* Pairwise, down to blocks, so that errors grow with the logarithm of n. */
static rp_moments moments_of_array(const double *x, int64_t n)
{
    if (n <= BLOCK)
        return moments_of_block(x, n);
    int64_t half = (n / BLOCK + 1) / 2 * BLOCK;
    rp_moments left = moments_of_array(x, half), right = moments_of_array(x + half, n - half);
    moments_join(&left, &right);
    return left;
}

void rp_moments_add_array(rp_moments *moments, const double *x, int64_t n)
{
    if (n <= 0)
        return;
    rp_moments other = moments_of_array(x, n);
    rp_moments_combine(moments, &other, NULL);
}
