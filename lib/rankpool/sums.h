/**
 * @file rankpool/sums.h
 * @brief Ready-made reductions: compensated and exact sums, mean and variance, extrema, histograms.
 *
 * A body adds the numbers of its range to `out`. The identity is zero bytes, or the result of
 * rp_histogram_begin():
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
 * They can be used without a pool. All functions are *local*, and none is inline, so that a
 * program's -ffast-math does not affect them. Arrays have n numbers, none if n <= 0, and are added
 * in a fixed order.
 */
#ifndef RANKPOOL_SUMS_H
#define RANKPOOL_SUMS_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stddef.h>
#include <stdint.h>

RP_BEGIN_DECLARATIONS

/**
 * A compensated sum: the rounded sum and the accumulated rounding error. All zero is empty.
 *
 * With u = 2^-53, for n numbers x in any order and tree, to first order
 *
 *     |rp_sum_value() - exact sum| <= u |exact sum| + 2 (n u)^2 (sum of |x|)
 *
 * as if computed with twice the digits and rounded once, where the error of a plain sum is up to
 * n u (sum of |x|) (Ogita, Rump and Oishi: Accurate sum and dot product, SIAM Journal on Scientific
 * Computing 26, 2005, algorithm Sum2; Neumaier 1974). With NaNs, infinities or overflow the result
 * is that of a plain sum.
 */
typedef struct rp_sum {
    double high; /**< the rounded sum */
    double low;  /**< its rounding error */
} rp_sum;

/** Adds a number. Cost: about 5 ns. */
void rp_sum_add(rp_sum *sum, double x);

/** Adds an array, limited by memory bandwidth: up to 1 ns per number. */
void rp_sum_add_array(rp_sum *sum, const double *x, int64_t n);

/** The sum; 0 if nothing was added. */
double rp_sum_value(const rp_sum *sum);

/** The rp_combine_fn for rp_sum. */
int rp_sum_combine(void *left, const void *right, void *user);

/**
 * An exact sum: an integer wide enough for every sum of doubles, which rp_exact_value() rounds
 * once, to the nearest double, ties to even. All zero is empty.
 *
 * The value has the same bits for every order of the numbers and every tree of combinations, also
 * in jobs that combine as results arrive: its error is at most half a unit in the last place,
 * whatever cancels. Sums may exceed the range of a double on the way; the value is infinite if the
 * exact sum rounds to more than DBL_MAX. Subnormal numbers count in full. A sum of zeros is +0, as
 * in a loop that begins with 0. With a NaN, or infinities of both signs, the value is a NaN, the
 * same for all; else with infinities it is that infinity. The rounding mode has no effect. The
 * number of summands is limited by nothing but time: 2^77 of any size fit.
 *
 * Digits of 32 bits in words of 64, whose carries wait up to 2047 additions (Neal: Fast exact
 * summation using small and large superaccumulators, arXiv:1505.05571, 2015; the long accumulator
 * is Kulisch's). Binned sums of a few doubles would be smaller, but bounded in error by the largest
 * number (Demmel and Nguyen: Parallel reproducible summation, IEEE Transactions on Computers 64,
 * 2015).
 */
typedef struct rp_exact {
    int64_t digits[67]; /**< digit i counts 2^(32 i - 1074) */
    uint32_t pending;   /**< additions since carries were propagated */
    uint32_t special;   /**< which infinities and NaNs were added */
} rp_exact;

/** Adds a number. Cost: about 4 ns. */
void rp_exact_add(rp_exact *sum, double x);

/** Adds an array: 3 to 4 ns per number. */
void rp_exact_add_array(rp_exact *sum, const double *x, int64_t n);

/** The sum, correctly rounded; 0 if nothing was added. Cost: about 100 ns. */
double rp_exact_value(const rp_exact *sum);

/**
 * The rp_combine_fn for rp_exact, commutative and associative: the bytes of `left` afterwards
 * depend on nothing but the numbers in both sums. Cost: about 100 ns.
 */
int rp_exact_combine(void *left, const void *right, void *user);

/**
 * Count, mean and sum of squared deviations. All zero is empty.
 *
 * With k = sqrt(1 + mean^2 / variance) the relative error of the variance is of the order of
 * log2(n) u k for arrays and trees of them, and n u k for numbers added one by one; computed from
 * the sum of squares and the square of the sum it would be n u k^2 (Chan, Golub and LeVeque:
 * Algorithms for computing the sample variance, The American Statistician 37, 1983; Welford 1962).
 * If not all numbers are finite, the mean is infinite if all infinities have one sign and there are
 * no NaNs, else NaN, and the variance is NaN. The mean of finite numbers never overflows; `squares`
 * becomes infinite if too large for a double.
 */
typedef struct rp_moments {
    int64_t count;
    double mean;    /**< 0 if empty */
    double squares; /**< sum of the squared deviations from the mean */
} rp_moments;

/** Adds a number. Cost: about 10 ns, for a division. */
void rp_moments_add(rp_moments *moments, double x);

/** Adds an array: 2 ns per number. */
void rp_moments_add_array(rp_moments *moments, const double *x, int64_t n);

/** The variance of a sample, squares / (count - 1); NaN for fewer than two numbers. */
double rp_moments_variance(const rp_moments *moments);

/** The rp_combine_fn for rp_moments. */
int rp_moments_combine(void *left, const void *right, void *user);

/**
 * The least and the greatest number and their items; among equals, the lowest item. All zero is
 * empty. NaNs are counted but otherwise ignored; infinities are numbers, and -0 equals 0.
 */
typedef struct rp_extrema {
    int64_t count;          /**< numbers except NaNs; if 0, the last four members are undefined */
    int64_t nans;           /**< number of NaNs */
    double least, greatest; /**< the numbers */
    int64_t least_item, greatest_item;
} rp_extrema;

/** Adds the number of an item. Cost: about 2 ns. */
void rp_extrema_add(rp_extrema *extrema, int64_t item, double x);

/** Adds the numbers of the items first ... first + n - 1: 2 ns per number. */
void rp_extrema_add_array(rp_extrema *extrema, int64_t first, const double *x, int64_t n);

/** The rp_combine_fn for rp_extrema. */
int rp_extrema_combine(void *left, const void *right, void *user);

/**
 * Counts of numbers in `bins` bins of equal width, which together cover [low, high). The counts
 * follow the struct in memory: the caller allocates rp_histogram_size() bytes, which is also the
 * result_size of a job. A number on an edge belongs to the bin above it; a number within rounding
 * errors of an edge between bins may fall into either, the same everywhere. Infinities are counted
 * in `below` or `above`.
 */
typedef struct rp_histogram {
    double low, high, bins_per_unit;
    int64_t bins;
    int64_t below, above, nans; /**< numbers < low; >= high; NaNs */
} rp_histogram;

/** Bytes of a histogram of `bins` bins; 0 if `bins` is less than 1 or too large for memory. */
size_t rp_histogram_size(int64_t bins);

/**
 * Initialises an empty histogram, for example as the identity of a reduction.
 *
 * @param[out] histogram  rp_histogram_size(bins) bytes, aligned as by malloc()
 * @return RP_ERR_ARGUMENT unless low < high, their distance is finite, and bins >= 1
 */
rp_status rp_histogram_begin(rp_histogram *histogram, double low, double high, int64_t bins);

/** The counts, one per bin. */
int64_t *rp_histogram_counts(rp_histogram *histogram);

/** Adds a number. Cost: about 4 ns. */
void rp_histogram_add(rp_histogram *histogram, double x);

/** Adds an array: 4 ns per number. */
void rp_histogram_add_array(rp_histogram *histogram, const double *x, int64_t n);

/** The rp_combine_fn for histograms; returns 1 (failure) if their bins differ. */
int rp_histogram_combine(void *left, const void *right, void *user);

RP_END_DECLARATIONS

#endif
