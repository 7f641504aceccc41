/* The ready-made reductions: compared with exact sums and with their definition, with infinities
 * and NaNs, and with the same bits from any ranks, nodes and schedules. */
#include "suites.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

enum {
    MANY = 10001 /* odd, and not a multiple of a block or piece */
};

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static double sum_of(const double *x, int64_t n)
{
    rp_sum sum = {0, 0};
    rp_sum_add_array(&sum, x, n);
    return rp_sum_value(&sum);
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* Terms that cancel except for a 1 in the middle. */
static double cancelling(int64_t item)
{
    rp_random random;
    int64_t mirrored = MANY - 1 - item;
    if (item == mirrored)
        return 1;
    rp_random_begin(&random, 8, item < mirrored ? item : mirrored);
    double digits = rp_random_uniform(&random);
    double size = ldexp(digits, (int)rp_random_below(&random, 60));
    return item < mirrored ? size : -size;
}

/* The definition of rp_sum_add_array(): eight interleaved sums, combined one after the other. */
static rp_sum defined_sum(const double *x, int64_t n)
{
    rp_sum lanes[8] = {{0, 0}}, sum = {0, 0};
    int64_t in_lanes = n / 8 * 8;
    for (int64_t i = 0; i < in_lanes; i++)
        rp_sum_add(&lanes[i % 8], x[i]);
    for (int lane = 0; lane < 8; lane++)
        rp_sum_combine(&sum, &lanes[lane], NULL);
    for (int64_t i = in_lanes; i < n; i++)
        rp_sum_add(&sum, x[i]);
    return sum;
}

START_TEST(arrays_are_added_in_a_fixed_order)
{
    static double x[300];
    for (int i = 0; i < 300; i++)
        x[i] = cancelling(i);
    for (int offset = 0; offset < 3; offset++) {
        for (int n = 0; n < 290; n++) {
            rp_sum sum = {0, 0}, expected = defined_sum(x + offset, n);
            rp_sum_add_array(&sum, x + offset, n);
            if (!same(sum.high, expected.high) || !same(sum.low, expected.low))
                ck_abort_msg("%d numbers: %a + %a, not %a + %a", n, sum.high, sum.low,
                             expected.high, expected.low);
        }
    }
    rp_sum sum = {1, 2};
    rp_sum_add_array(&sum, x, -1);
    ck_assert(sum.high == 1 && sum.low == 2);
}
END_TEST

/* Integers up to 2^100 add up exactly in 128 bits. */
START_TEST(sums_keep_their_bound)
{
    static double x[1000];
    rp_random random;
    rp_random_begin(&random, 8, 0);
    for (int attempt = 0; attempt < 200; attempt++) {
        int n = (int)rp_random_below(&random, 1000);
        wide exact = 0, absolute = 0;
        rp_sum one_by_one = {0, 0};
        for (int i = 0; i < n; i++) {
            int size = (int)rp_random_below(&random, 100);
            x[i] = trunc(ldexp(rp_random_uniform(&random) - 0.5, size));
            exact += (wide)x[i];
            absolute += (wide)fabs(x[i]);
            rp_sum_add(&one_by_one, x[i]);
        }
        double u = 0x1p-53, bound = u * fabs((double)exact) + 2 * n * u * n * u * (double)absolute;
        double off = fabs((double)((wide)sum_of(x, n) - exact));
        double also = fabs((double)((wide)rp_sum_value(&one_by_one) - exact));
        ck_assert_msg(off <= bound && also <= bound, "%d numbers: off by %g and %g, more than %g",
                      n, off, also, bound);
    }
}
END_TEST

START_TEST(sums_of_what_is_no_number)
{
    const double x[] = {1, INFINITY, 2}, y[] = {INFINITY, 1, -INFINITY}, z[] = {1, NAN},
                 huge[] = {DBL_MAX, DBL_MAX};
    ck_assert(sum_of(x, 3) == INFINITY);
    ck_assert(isnan(sum_of(y, 3)));
    ck_assert(isnan(sum_of(z, 2)));
    ck_assert(sum_of(huge, 2) == INFINITY);
    ck_assert(same(sum_of(NULL, 0), 0));
    rp_sum sum = {0, 0}, other = {0, 0};
    rp_sum_add_array(&other, x, 3);
    ck_assert_int_eq(rp_sum_combine(&sum, &other, NULL), 0);
    ck_assert(rp_sum_value(&sum) == INFINITY);
    double many[20];
    for (int i = 0; i < 20; i++)
        many[i] = i == 11 ? -INFINITY : i;
    ck_assert(sum_of(many, 20) == -INFINITY);
}
END_TEST

static int add_terms(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    (void)in;
    for (int64_t item = range.begin; item < range.end; item++)
        rp_sum_add(out, cancelling(item));
    return 0;
}

static int add_terms_naively(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    (void)in;
    for (int64_t item = range.begin; item < range.end; item++)
        *(double *)out += cancelling(item);
    return 0;
}

static int combine_naively(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left += *(const double *)right;
    return 0;
}

/* The badly cancelling sum, compensated and plain: 1 is right, 2048 is the plain result. Compared
 * bit by bit, since both are the same everywhere. */
static void check_cancelling(rp_pool *pool, rp_schedule schedule)
{
    rp_sum none = {0, 0}, sum = {NAN, NAN};
    double zero = 0, naive = NAN;
    rp_reduce_job job = {.n = MANY,
                         .leaf = 64,
                         .body = add_terms,
                         .combine = rp_sum_combine,
                         .identity = &none,
                         .result = &sum,
                         .result_size = sizeof sum,
                         .options = {.schedule = schedule}};
    ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
    job.body = add_terms_naively;
    job.combine = combine_naively;
    job.identity = &zero;
    job.result = &naive;
    job.result_size = sizeof naive;
    ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
    ck_assert_msg(same(rp_sum_value(&sum), 0x1.ffffffffff8p-1), "compensated: %a",
                  rp_sum_value(&sum));
    ck_assert_msg(same(naive, 0x1p+11), "naive: %a", naive);
}

START_TEST(a_sum_that_cancels)
{
    for (int node_size = 0; node_size < 3; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++)
            check_cancelling(pool, (rp_schedule)schedule);
        close_pool(pool);
    }
}
END_TEST

/* ---- moments --------------------------------------------------------------------------------- */

/* 4, 7, 13, 16 far from 0: mean 10, squared distances 36, 9, 9, 36. */
static double far_out(int64_t item)
{
    static const double near[] = {4, 7, 13, 16};
    return 1e9 + near[item % 4];
}

START_TEST(variance_far_from_zero)
{
    enum {
        N = 40000
    };
    static double x[N];
    rp_moments one_by_one = {0, 0, 0}, at_once = {0, 0, 0};
    double sum = 0, squares = 0, expected = 22.5 * N / (N - 1);
    for (int i = 0; i < N; i++) {
        x[i] = far_out(i);
        rp_moments_add(&one_by_one, x[i]);
        sum += x[i];
        squares += x[i] * x[i];
    }
    rp_moments_add_array(&at_once, x, N);
    ck_assert_int_eq(at_once.count, N);
    ck_assert(at_once.mean == 1e9 + 10);
    ck_assert(fabs(rp_moments_variance(&at_once) / expected - 1) < 1e-13);
    ck_assert(fabs(rp_moments_variance(&one_by_one) / expected - 1) < 1e-7);
    ck_assert(fabs((squares - sum * sum / N) / (N - 1) / expected - 1) > 0.1);
}
END_TEST

START_TEST(moments_of_few_numbers)
{
    const double x[] = {3, 5, 10}, huge[] = {1e200, 1e200};
    rp_moments moments = {0, 0, 0}, none = {0, 0, 0}, other = {0, 0, 0};
    ck_assert(isnan(rp_moments_variance(&moments)));
    rp_moments_add_array(&moments, x, 0);
    rp_moments_combine(&moments, &none, NULL);
    ck_assert(moments.count == 0 && moments.mean == 0 && moments.squares == 0);
    rp_moments_add(&moments, 3);
    ck_assert(moments.mean == 3 && moments.squares == 0 && isnan(rp_moments_variance(&moments)));
    rp_moments_add_array(&other, x + 1, 2);
    ck_assert(other.mean == 7.5 && other.squares == 12.5);
    rp_moments_combine(&moments, &other, NULL);
    ck_assert(moments.count == 3 && moments.mean == 6 && moments.squares == 26);
    rp_moments_combine(&moments, &none, NULL);
    rp_moments_combine(&none, &moments, NULL);
    ck_assert(none.count == 3 && none.mean == 6 && rp_moments_variance(&none) == 13);
    rp_moments far = {0, 0, 0};
    rp_moments_add_array(&far, huge, 2);
    ck_assert(far.mean == 1e200 && far.squares == 0);
    rp_moments_add(&far, NAN);
    ck_assert(isnan(far.mean) && isnan(rp_moments_variance(&far)));
}
END_TEST

/* ---- extrema --------------------------------------------------------------------------------- */

START_TEST(extrema_of_anything)
{
    const double x[] = {NAN, 2, -INFINITY, 7, 7, -INFINITY, NAN};
    rp_extrema extrema = {0}, none = {0}, other = {0};
    rp_extrema_add_array(&extrema, 10, x, 7);
    ck_assert(extrema.count == 5 && extrema.nans == 2);
    ck_assert(extrema.least == -INFINITY && extrema.least_item == 12);
    ck_assert(extrema.greatest == 7 && extrema.greatest_item == 13);
    rp_extrema_add(&other, 3, 7);
    rp_extrema_add(&other, 2, 7);
    ck_assert_int_eq(other.greatest_item, 2);
    rp_extrema_combine(&extrema, &other, NULL);
    ck_assert(extrema.count == 7 && extrema.greatest_item == 2 && extrema.least_item == 12);
    rp_extrema_combine(&extrema, &none, NULL);
    rp_extrema_add(&none, 5, NAN);
    rp_extrema_combine(&none, &extrema, NULL);
    ck_assert(none.count == 7 && none.nans == 3 && none.greatest_item == 2);
    rp_extrema zeros = {0};
    rp_extrema_add(&zeros, 1, 0.0);
    rp_extrema_add(&zeros, 2, -0.0);
    ck_assert(zeros.least_item == 1 && zeros.greatest_item == 1 && !signbit(zeros.least));
}
END_TEST

/* ---- histograms ------------------------------------------------------------------------------ */

static rp_histogram *histogram_of(double low, double high, int64_t bins)
{
    rp_histogram *histogram = malloc(rp_histogram_size(bins));
    ck_assert_int_eq(rp_histogram_begin(histogram, low, high, bins), RP_OK);
    return histogram;
}

START_TEST(numbers_fall_into_bins)
{
    const double x[] = {-1, -1e-300, 0,        0.999,     1,  3.999999999999999,
                        4,  5,       INFINITY, -INFINITY, NAN};
    rp_histogram *histogram = histogram_of(0, 4, 4), *other = histogram_of(0, 4, 5);
    rp_histogram_add_array(histogram, x, 11);
    const int64_t *counts = rp_histogram_counts(histogram);
    ck_assert(counts[0] == 2 && counts[1] == 1 && counts[2] == 0 && counts[3] == 1);
    ck_assert(histogram->below == 3 && histogram->above == 3 && histogram->nans == 1);
    ck_assert_int_eq(rp_histogram_combine(histogram, histogram, NULL), 0);
    ck_assert(counts[0] == 4 && histogram->below == 6 && histogram->nans == 2);
    ck_assert_int_ne(rp_histogram_combine(histogram, other, NULL), 0);
    ck_assert(counts[0] == 4 && histogram->below == 6);
    free(other);
    other = histogram_of(0, 0.7, 7);
    rp_histogram_add(other, nextafter(0.7, 0)); /* times 10 this is 7 */
    ck_assert_int_eq(rp_histogram_counts(other)[6], 1);
    free(other);
    free(histogram);
}
END_TEST

START_TEST(bad_histograms_are_refused)
{
    rp_histogram *histogram = malloc(rp_histogram_size(4));
    ck_assert_uint_eq(rp_histogram_size(0), 0);
    ck_assert_uint_eq(rp_histogram_size(-3), 0);
    ck_assert_uint_eq(rp_histogram_size(INT64_MAX), 0);
    ck_assert_uint_eq(rp_histogram_size(4), sizeof *histogram + 4 * sizeof(int64_t));
    ck_assert_int_eq(rp_histogram_begin(histogram, 1, 1, 4), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_histogram_begin(histogram, 2, 1, 4), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_histogram_begin(histogram, NAN, 1, 4), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_histogram_begin(histogram, 0, INFINITY, 4), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_histogram_begin(histogram, -DBL_MAX, DBL_MAX, 4), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_histogram_begin(histogram, 0, DBL_TRUE_MIN, 4), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_histogram_begin(histogram, 0, 1, 0), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_histogram_begin(NULL, 0, 1, 4), RP_ERR_ARGUMENT);
    free(histogram);
}
END_TEST

/* ---- all of them on several ranks ------------------------------------------------------------ */

/* Few values, so that there are ties. */
static double coarse(int64_t item)
{
    rp_random random;
    rp_random_begin(&random, 9, item);
    return floor(100 * rp_random_normal(&random));
}

static int add_moments(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    rp_moments_add_array(out, in, range.end - range.begin);
    return 0;
}

static int add_extrema(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    rp_extrema_add_array(out, range.begin, in, range.end - range.begin);
    return 0;
}

static int add_histogram(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    rp_histogram_add_array(out, in, range.end - range.begin);
    return 0;
}

static void reduce(rp_pool *pool, const double *x, rp_range_fn body, rp_combine_fn combine,
                   const void *identity, void *result, size_t size)
{
    rp_reduce_job job = {.n = MANY,
                         .leaf = 100,
                         .body = body,
                         .combine = combine,
                         .identity = identity,
                         .in = x,
                         .in_size = sizeof *x,
                         .in_place = RP_ON_RANKS,
                         .result = result,
                         .result_size = size};
    rp_status status = rp_reduce(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
}

START_TEST(reductions_on_ranks)
{
    static double x[MANY];
    rp_pool *pool = open_pool();
    rp_moments moments, no_moments = {0, 0, 0};
    rp_extrema extrema, no_extrema = {0}, expected = {0};
    rp_histogram *none = histogram_of(-100, 100, 20), *histogram = malloc(rp_histogram_size(20)),
                 *counted = histogram_of(-100, 100, 20);
    for (int64_t i = 0; i < MANY; i++)
        x[i] = coarse(i);
    reduce(pool, x, add_moments, rp_moments_combine, &no_moments, &moments, sizeof moments);
    ck_assert_int_eq(moments.count, MANY);
    ck_assert_msg(same(moments.mean, -0x1.faee8456b9606p-2) &&
                      same(moments.squares, 0x1.75b1110051e97p+26),
                  "%a %a", moments.mean, moments.squares);
    reduce(pool, x, add_extrema, rp_extrema_combine, &no_extrema, &extrema, sizeof extrema);
    rp_extrema_add_array(&expected, 0, x, MANY);
    ck_assert_int_eq(memcmp(&extrema, &expected, sizeof extrema), 0);
    reduce(pool, x, add_histogram, rp_histogram_combine, none, histogram, rp_histogram_size(20));
    rp_histogram_add_array(counted, x, MANY);
    ck_assert_int_eq(memcmp(histogram, counted, rp_histogram_size(20)), 0);
    free(none);
    free(histogram);
    free(counted);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"arrays are added in a fixed order", &arrays_are_added_in_a_fixed_order},
    {"sums keep their bound", &sums_keep_their_bound},
    {"sums of what is no number", &sums_of_what_is_no_number},
    {"a sum that cancels", &a_sum_that_cancels},
    {"variance far from zero", &variance_far_from_zero},
    {"moments of few numbers", &moments_of_few_numbers},
    {"extrema of anything", &extrema_of_anything},
    {"numbers fall into bins", &numbers_fall_into_bins},
    {"bad histograms are refused", &bad_histograms_are_refused},
    {"reductions on ranks", &reductions_on_ranks},
    {NULL, NULL},
};
const struct test_group numeric_sums_tests = {"numeric_sums", cases};
