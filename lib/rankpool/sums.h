/**
 * @file rankpool/sums.h
 * @brief Ready-made reductions: sums one can trust, mean and variance, extrema, histograms.
 *
 * A body adds the numbers of its range to `out`; zero bytes, or rp_histogram_begin(), are the
 * identity:
 *
 *     static int add_up(rp_task *task, rp_range range, const void *in, void *out)
 *     {
 *         rp_sum_add_array(out, in, range.end - range.begin);
 *         return 0;
 *     }
 *     ...
 *     rp_sum none = {0, 0}, sum;
 *     rp_reduce_job job = {.n = n, .in = x, .in_size = sizeof *x, .body = add_up,
 *                          .combine = rp_sum_combine, .identity = &none,
 *                          .result = &sum, .result_size = sizeof sum};
 *
 * They serve without a pool as well. All are *local*, and calls, so that a program's -ffast-math
 * does not reach them. Arrays have n numbers, none if n <= 0, and the order in which they are added
 * is fixed.
 */
#ifndef RANKPOOL_SUMS_H
#define RANKPOOL_SUMS_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stddef.h>
#include <stdint.h>

RP_BEGIN_DECLARATIONS

/**
 * A compensated sum: beside the rounded sum the sum of what rounding took from it. Zero is empty.
 *
 * With u = 2^-53, n numbers x and whatever order and tree, to first order
 *
 *     |rp_sum_value() - exact sum| <= u |exact sum| + 2 (n u)^2 (sum of |x|)
 *
 * as if computed with twice the digits and rounded once, where a plain sum is off by up to
 * n u (sum of |x|) (Ogita, Rump and Oishi: Accurate sum and dot product, SIAM Journal on Scientific
 * Computing 26, 2005, algorithm Sum2; Neumaier 1974). A NaN, infinities and overflow make it what a
 * plain sum is.
 */
typedef struct rp_sum {
    double high; /**< the rounded sum */
    double low;  /**< what it lacks */
} rp_sum;

/** Adds a number. Cost: about 5 ns. */
void rp_sum_add(rp_sum *sum, double x);

/** Adds an array, at the speed of memory: up to 1 ns a number. */
void rp_sum_add_array(rp_sum *sum, const double *x, int64_t n);

/** The sum; 0 if nothing was added. */
double rp_sum_value(const rp_sum *sum);

/** The rp_combine_fn for rp_sum. */
int rp_sum_combine(void *left, const void *right, void *user);

/**
 * Number, mean and spread. Zero is empty.
 *
 * With k = sqrt(1 + mean^2 / variance) the relative error of the variance is of the order of
 * log2(n) u k for arrays and trees of them, and n u k for numbers added one by one, where the
 * difference of sums of squares and squares of sums has n u k^2 (Chan, Golub and LeVeque:
 * Algorithms for computing the sample variance, The American Statistician 37, 1983; Welford 1962).
 * The mean of numbers that are not all finite is infinite if their infinities have one sign, and
 * otherwise NaN; the variance is NaN. Of finite numbers the mean never overflows; `squares` is
 * infinite where it is too large for a double.
 */
typedef struct rp_moments {
    int64_t count;
    double mean;    /**< 0 if there is none */
    double squares; /**< sum of the squared distances from the mean */
} rp_moments;

/** Adds a number. Cost: about 10 ns, for a division. */
void rp_moments_add(rp_moments *moments, double x);

/** Adds an array: 2 ns a number. */
void rp_moments_add_array(rp_moments *moments, const double *x, int64_t n);

/** The variance of a sample, squares / (count - 1); NaN for fewer than two numbers. */
double rp_moments_variance(const rp_moments *moments);

/** The rp_combine_fn for rp_moments. */
int rp_moments_combine(void *left, const void *right, void *user);

/**
 * The least and the greatest number and their items; among equals, the lowest item. Zero is empty.
 * NaNs are counted and otherwise passed over; infinities are numbers, and -0 equals 0.
 */
typedef struct rp_extrema {
    int64_t count;          /**< numbers that are no NaN; if 0, the four below mean nothing */
    int64_t nans;           /**< NaNs */
    double least, greatest; /**< numbers */
    int64_t least_item, greatest_item;
} rp_extrema;

/** Adds the number of an item. Cost: about 2 ns. */
void rp_extrema_add(rp_extrema *extrema, int64_t item, double x);

/** Adds the numbers of the items first ... first + n - 1: 2 ns a number. */
void rp_extrema_add_array(rp_extrema *extrema, int64_t first, const double *x, int64_t n);

/** The rp_combine_fn for rp_extrema. */
int rp_extrema_combine(void *left, const void *right, void *user);

/**
 * How many numbers fall into each of `bins` bins of equal width, [low, high) together. The counts
 * follow in memory, so it is rp_histogram_size() bytes that the caller owns, and that are the
 * result_size of a job. A number at an edge belongs to the bin above it; one within rounding errors
 * of an edge between bins to either, the same everywhere. Infinities are below or above.
 */
typedef struct rp_histogram {
    double low, high, bins_per_unit;
    int64_t bins;
    int64_t below, above, nans; /**< numbers < low; >= high; NaNs */
} rp_histogram;

/** Bytes of a histogram of so many bins; 0 for fewer than 1, or more than memory can hold. */
size_t rp_histogram_size(int64_t bins);

/**
 * Makes an empty histogram: the identity of a reduction, for one.
 *
 * @param[out] histogram  rp_histogram_size(bins) bytes, aligned as malloc() does
 * @return RP_ERR_ARGUMENT unless low < high, their distance is finite, and bins >= 1
 */
rp_status rp_histogram_begin(rp_histogram *histogram, double low, double high, int64_t bins);

/** The counts, one for each bin. */
int64_t *rp_histogram_counts(rp_histogram *histogram);

/** Adds a number. Cost: about 4 ns. */
void rp_histogram_add(rp_histogram *histogram, double x);

/** Adds an array: 4 ns a number. */
void rp_histogram_add_array(rp_histogram *histogram, const double *x, int64_t n);

/** The rp_combine_fn for histograms; fails (1) for two of different bins. */
int rp_histogram_combine(void *left, const void *right, void *user);

RP_END_DECLARATIONS

#endif
