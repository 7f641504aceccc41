/* The ready-made reductions: numbers added one by one, as an array and in parts give the same
 * result, also with infinities, NaNs, and numbers close to overflow. */
#include "suites.h"

#include <float.h>
#include <math.h>
#include <string.h>

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

enum {
    MOST_OF_ANYTHING = 600 /* more than two blocks of rp_moments_add_array() */
};

/* A list of numbers and its properties, in long double, whose exponents have a wider range. */
struct anything {
    double x[MOST_OF_ANYTHING];
    int64_t n;
    bool finite;
    long double sum, absolute, greatest; /* of absolute values, if finite */
};

/* Ordinary numbers, mixed with a few special ones. */
static struct anything draw_anything(rp_random *random)
{
    static const double odd[] = {DBL_MAX, -DBL_MAX,     DBL_MAX / 2, -DBL_MAX / 3, 1e200,
                                 -1e200,  DBL_TRUE_MIN, DBL_MIN,     0.0,          -0.0,
                                 1,       INFINITY,     -INFINITY,   NAN};
    const int64_t kinds[] = {0, 7, 11, 12, 14}; /* how many of the special numbers may occur */
    struct anything list = {
        .n = 1 + rp_random_below(random, rp_random_below(random, 2) == 0 ? 5 : MOST_OF_ANYTHING)};
    int64_t kind = kinds[rp_random_below(random, 5)], every = 1 + rp_random_below(random, 20);
    list.finite = true;
    for (int64_t i = 0; i < list.n; i++) {
        bool is_odd = kind > 0 && rp_random_below(random, (uint64_t)every) == 0;
        double x =
            is_odd ? odd[rp_random_below(random, (uint64_t)kind)] : rp_random_normal(random) + 10;
        list.x[i] = x;
        list.finite = list.finite && isfinite(x);
        list.sum += x;
        list.absolute += isfinite(x) ? fabsl(x) : 0;
        list.greatest = fmaxl(list.greatest, fabsl(x));
    }
    return list;
}

static bool same_class(double x, double expected)
{
    return isnan(expected) ? isnan(x) : x == expected;
}

/* Mean and squares up to rounding; the mean first, since the squares' error bound follows from the
 * mean's. */
static void check_moments(const struct anything *list, const rp_moments *moments, const char *way)
{
    long double mean = list->sum / list->n, squares = 0, n = list->n;
    long double off = 8 * n * 0x1p-53L * list->greatest + DBL_TRUE_MIN;
    ck_assert_int_eq(moments->count, list->n);
    if (!list->finite) {
        ck_assert_msg(same_class(moments->mean, (double)mean) && isnan(moments->squares),
                      "%s: mean %g, not %Lg; squares %g", way, moments->mean, mean,
                      moments->squares);
        return;
    }
    for (int64_t i = 0; i < list->n; i++)
        squares += (list->x[i] - mean) * (list->x[i] - mean);
    ck_assert_msg(fabsl(moments->mean - mean) <= off, "%s of %d: mean %g, not %Lg", way,
                  (int)list->n, moments->mean, mean);
    bool sure = squares < DBL_MAX * 0.999L || squares > DBL_MAX * 1.001L;
    if (squares > DBL_MAX * 1.001L)
        ck_assert_msg(moments->squares == INFINITY, "%s: %g, not inf", way, moments->squares);
    else if (sure)
        ck_assert_msg(fabsl(sqrtl(moments->squares) - sqrtl(squares)) <=
                          4 * sqrtl(n) * off + 1e-12L * sqrtl(squares) +
                              sqrtl(n * DBL_MIN), /* where squares underflow */
                      "%s of %d: squares %g, not %Lg", way, (int)list->n, moments->squares,
                      squares);
}

/* A sum overflows like a plain one. If it cannot overflow, and if it is finite, it is right. */
static void check_sum(const struct anything *list, const rp_sum *sum, const char *way)
{
    double value = rp_sum_value(sum);
    bool overflows = list->absolute >= DBL_MAX;
    if (!list->finite)
        ck_assert_msg(same_class(value, (double)list->sum) || (overflows && isnan(value)),
                      "%s: %g, not %Lg", way, value, list->sum);
    else if (isfinite(value) || !overflows)
        ck_assert_msg(fabsl(value - list->sum) <=
                          0x1p-52L * fabsl(list->sum) + 1e-18L * list->absolute + DBL_TRUE_MIN,
                      "%s of %d: %g, not %Lg", way, (int)list->n, value, list->sum);
}

enum {
    ANY_BINS = 10
};

/* Checks all four reductions for a part of a list. */
struct all_of_anything {
    rp_sum sum;
    rp_moments moments;
    rp_extrema extrema;
    struct {
        rp_histogram head;
        int64_t counts[ANY_BINS];
    } histogram;
};

static void begin_all(struct all_of_anything *all)
{
    *all = (struct all_of_anything){.sum = {0, 0}};
    ck_assert_int_eq(rp_histogram_begin(&all->histogram.head, 7, 13, ANY_BINS), RP_OK);
}

static void add_each(struct all_of_anything *all, const double *x, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        rp_sum_add(&all->sum, x[i]);
        rp_moments_add(&all->moments, x[i]);
        rp_extrema_add(&all->extrema, first + i, x[i]);
        rp_histogram_add(&all->histogram.head, x[i]);
    }
}

static void add_at_once(struct all_of_anything *all, const double *x, int64_t first, int64_t n)
{
    rp_sum_add_array(&all->sum, x, n);
    rp_moments_add_array(&all->moments, x, n);
    rp_extrema_add_array(&all->extrema, first, x, n);
    rp_histogram_add_array(&all->histogram.head, x, n);
}

static void combine_all(struct all_of_anything *left, const struct all_of_anything *right)
{
    rp_sum_combine(&left->sum, &right->sum, NULL);
    rp_moments_combine(&left->moments, &right->moments, NULL);
    rp_extrema_combine(&left->extrema, &right->extrema, NULL);
    ck_assert_int_eq(rp_histogram_combine(&left->histogram.head, &right->histogram.head, NULL), 0);
}

static bool same_extrema(const rp_extrema *a, const rp_extrema *b)
{
    return a->count == b->count && a->nans == b->nans &&
           (a->count == 0 ||
            (same(a->least, b->least) && same(a->greatest, b->greatest) &&
             a->least_item == b->least_item && a->greatest_item == b->greatest_item));
}

START_TEST(anything_in_any_way)
{
    rp_random random;
    rp_random_begin(&random, 13, 0);
    for (int attempt = 0; attempt < 20000; attempt++) {
        static struct all_of_anything each, at_once, left, right;
        static struct anything list;
        list = draw_anything(&random);
        int64_t half = rp_random_below(&random, (uint64_t)list.n + 1);
        begin_all(&each);
        begin_all(&at_once);
        begin_all(&left);
        begin_all(&right);
        add_each(&each, list.x, 0, list.n);
        add_at_once(&at_once, list.x, 0, list.n);
        (attempt % 2 == 0 ? add_each : add_at_once)(&left, list.x, 0, half);
        (attempt % 3 == 0 ? add_each : add_at_once)(&right, list.x + half, half, list.n - half);
        combine_all(&left, &right);
        check_moments(&list, &each.moments, "one by one");
        check_moments(&list, &at_once.moments, "at once");
        check_moments(&list, &left.moments, "in two parts");
        check_sum(&list, &each.sum, "one by one");
        check_sum(&list, &at_once.sum, "at once");
        check_sum(&list, &left.sum, "in two parts");
        ck_assert(same_extrema(&each.extrema, &at_once.extrema));
        ck_assert(same_extrema(&each.extrema, &left.extrema));
        ck_assert_mem_eq(&each.histogram, &at_once.histogram, sizeof each.histogram);
        ck_assert_mem_eq(&each.histogram, &left.histogram, sizeof each.histogram);
    }
}
END_TEST

START_TEST(moments_of_what_is_far_out)
{
    const double some[] = {1, INFINITY, 2}, both[] = {INFINITY, 1, -INFINITY},
                 apart[] = {DBL_MAX, -DBL_MAX}, high[] = {DBL_MAX, DBL_MAX, DBL_MAX},
                 wide_apart[] = {0, 1.5e154}; /* its square overflows, half of it does not */
    const struct {
        const double *x;
        int64_t n;
        double mean, squares;
    } cases[] = {{some, 3, INFINITY, NAN},
                 {both, 3, NAN, NAN},
                 {apart, 2, 0, INFINITY},
                 {high, 3, DBL_MAX, 0},
                 {wide_apart, 2, 0.75e154, 1.125e308}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rp_moments each = {0, 0, 0}, at_once = {0, 0, 0}, joined = {0, 0, 0};
        rp_moments_add_array(&at_once, cases[i].x, cases[i].n);
        for (int64_t j = 0; j < cases[i].n; j++) {
            rp_moments one = {0, 0, 0};
            rp_moments_add_array(&one, cases[i].x + j, 1);
            rp_moments_add(&each, cases[i].x[j]);
            rp_moments_combine(&joined, &one, NULL);
        }
        const rp_moments *ways[] = {&each, &at_once, &joined};
        for (int way = 0; way < 3; way++)
            ck_assert_msg(same_class(ways[way]->mean, cases[i].mean) &&
                              (same_class(ways[way]->squares, cases[i].squares) ||
                               fabs(ways[way]->squares / cases[i].squares - 1) < 1e-14),
                          "case %zu, way %d: %g, %g", i, way, ways[way]->mean, ways[way]->squares);
    }
}
END_TEST

const struct test_group numeric_sums_paths_tests = {
    "sums: ways",
    (const struct test_case[]){
        {"moments of what is far out", &moments_of_what_is_far_out},
        {"anything, in any way", &anything_in_any_way},
        {NULL, NULL},
    },
};
