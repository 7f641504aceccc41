/* Exact sums: compared with integers of 128 bits and with Shewchuk's expansions, in random orders
 * and trees, at the limits of a double, and on ranks. */
#include "suites.h"

#include <fenv.h>
#include <float.h>
#include <math.h>
#include <string.h>

__extension__ typedef __int128 wide;

enum {
    MOST = 3000 /* more than the additions between two carries */
};

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static double exact_sum(const double *x, int64_t n)
{
    rp_exact sum = {.pending = 0};
    rp_exact_add_array(&sum, x, n);
    return rp_exact_value(&sum);
}

static void shuffle(rp_random *random, double *x, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int other = (int)rp_random_below(random, (uint64_t)i + 1);
        double swapped = x[i];
        x[i] = x[other];
        x[other] = swapped;
    }
}

/* The sum in parts of random sizes, some numbers one by one, parts combined in a random order. */
static rp_exact sum_in_parts(rp_random *random, const double *x, int n)
{
    rp_exact sum = {.pending = 0};
    for (int begin = 0; begin < n;) {
        int size = 1 + (int)rp_random_below(random, (uint64_t)(n - begin));
        rp_exact part = {.pending = 0};
        if (size % 3 == 0)
            rp_exact_add_array(&part, x + begin, size);
        else
            for (int i = 0; i < size; i++)
                rp_exact_add(&part, x[begin + i]);
        if (size % 2 == 0) {
            rp_exact_combine(&sum, &part, NULL);
        } else {
            rp_exact_combine(&part, &sum, NULL);
            sum = part;
        }
        begin += size;
    }
    return sum;
}

/* Fails unless the numbers have this sum in any order and tree, and one accumulator for all. */
static void check_orders(rp_random *random, double *x, int n, double expected)
{
    const rp_exact none = {.pending = 0};
    double value = exact_sum(x, n);
    ck_assert_msg(same(value, expected), "%d numbers: %a, not %a", n, value, expected);
    rp_exact first = {.pending = 0};
    rp_exact_add_array(&first, x, n);
    rp_exact_combine(&first, &none, NULL);
    for (int order = 0; order < 4; order++) {
        shuffle(random, x, n);
        rp_exact sum = sum_in_parts(random, x, n);
        rp_exact_combine(&sum, &none, NULL);
        value = rp_exact_value(&sum);
        ck_assert_msg(same(value, expected), "%d numbers, order %d: %a, not %a", n, order, value,
                      expected);
        ck_assert_mem_eq(&sum, &first, sizeof sum);
    }
}

/* Integers of up to 53 bits below 2^100, times a power of two: from where the sums are subnormal to
 * where they overflow. The conversion of an integer to double rounds correctly. */
START_TEST(exact_sums_of_scaled_integers)
{
    static double x[MOST];
    rp_random random;
    rp_random_begin(&random, 21, 0);
    for (int attempt = 0; attempt < 400; attempt++) {
        int n = (int)rp_random_below(&random, attempt % 4 == 0 ? MOST : 12);
        int scale = -1074 + (int)rp_random_below(&random, 1998);
        if (attempt % 8 == 0)
            scale = attempt % 16 == 0 ? -1074 : 1023 - 100;
        int widest = 2 + (int)rp_random_below(&random, 99);
        wide exact = 0;
        for (int i = 0; i < n; i++) {
            int bits = 1 + (int)rp_random_below(&random, (uint64_t)widest);
            double integer = trunc(ldexp(rp_random_uniform(&random) * 2 - 1, bits));
            exact += (wide)integer;
            x[i] = ldexp(integer, scale);
        }
        check_orders(&random, x, n, ldexp((double)exact, scale));
    }
}
END_TEST

/* An expansion: numbers without common bits whose sum is exact, the smallest first (Shewchuk 1997).
 * Its exact sum is rounded as in Python's math.fsum(). */
static double expansion_sum(const double *x, int n)
{
    static double parts[2200]; /* bits of the widest sum: no part shares a bit with another */
    double high = 0, low = 0;
    int count = 0;
    for (int i = 0; i < n; i++) {
        double rest = x[i];
        int kept = 0;
        for (int j = 0; j < count; j++) {
            double sum = rest + parts[j], right = sum - rest;
            double error = (rest - (sum - right)) + (parts[j] - right);
            if (error != 0)
                parts[kept++] = error;
            rest = sum;
        }
        parts[kept++] = rest;
        count = kept;
    }
    while (count > 0 && low == 0) {
        double sum = high + parts[--count];
        low = parts[count] - (sum - high);
        high = sum;
    }
    /* A tie of `high`, unless what is below it decides. */
    if (count > 0 && low != 0 && (low < 0) == (parts[count - 1] < 0)) {
        double doubled = 2 * low, beyond = high + doubled;
        if (doubled == beyond - high)
            high = beyond;
    }
    return high;
}

START_TEST(exact_sums_of_all_exponents)
{
    static double x[MOST];
    rp_random random;
    rp_random_begin(&random, 22, 0);
    for (int attempt = 0; attempt < 400; attempt++) {
        int n = 1 + (int)rp_random_below(&random, attempt % 4 == 0 ? MOST : 40);
        int lowest = -1080 + (int)rp_random_below(&random, 2000),
            span = 1 + (int)rp_random_below(&random, (uint64_t)(1000 - lowest));
        for (int i = 0; i < n; i++) {
            double digits = rp_random_uniform(&random) * 2 - 1;
            x[i] = ldexp(digits, lowest + (int)rp_random_below(&random, (uint64_t)span));
            if (i > 0 && rp_random_below(&random, 3) == 0)
                x[i] = -x[i - 1] * (1 + (double)rp_random_below(&random, 3) * DBL_EPSILON);
        }
        double expected = expansion_sum(x, n);
        check_orders(&random, x, n, expected == 0 ? 0.0 : expected);
    }
}
END_TEST

START_TEST(exact_sums_at_the_limits)
{
    const double tiny = DBL_TRUE_MIN, half_ulp = 0x1p970; /* of DBL_MAX */
    const struct {
        double x[6], sum;
    } cases[] = {
        {{0}, 0},
        {{-0.0, -0.0, -0.0, -0.0, -0.0, -0.0}, 0},
        {{1, -1}, 0},
        {{tiny, tiny, -tiny}, tiny},
        {{DBL_MIN, -tiny}, DBL_MIN - tiny},
        {{DBL_MIN - tiny, tiny}, DBL_MIN},
        {{-DBL_MIN, tiny, -tiny}, -DBL_MIN},
        {{DBL_MAX, -tiny, tiny}, DBL_MAX},
        {{DBL_MAX, DBL_MAX, DBL_MAX, -DBL_MAX, -DBL_MAX}, DBL_MAX},
        {{DBL_MAX, half_ulp}, INFINITY},
        {{DBL_MAX, half_ulp, -tiny}, DBL_MAX},
        {{-DBL_MAX, -half_ulp, tiny}, -DBL_MAX},
        {{-DBL_MAX, -DBL_MAX}, -INFINITY},
        {{1, 0x1p-53}, 1},
        {{1, 0x1p-53, tiny}, 1 + DBL_EPSILON},
        {{1, 0x1p-53, -tiny}, 1},
        {{1 + DBL_EPSILON, 0x1p-53}, 1 + 2 * DBL_EPSILON},
        {{1, -0x1p-54}, 1},
        {{1, -0x1p-54, -tiny}, 1 - 0x1p-53},
        {{0x1p53, 1, 1}, 0x1p53 + 2},
        {{0x1p1000, 1, -0x1p1000}, 1},
        {{2 - DBL_EPSILON, 0x1p-53}, 2},
        {{INFINITY, -DBL_MAX, -DBL_MAX}, INFINITY},
        {{1, -INFINITY, DBL_MAX}, -INFINITY},
    };
    rp_random random;
    rp_random_begin(&random, 23, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double x[6];
        memcpy(x, cases[i].x, sizeof x);
        check_orders(&random, x, 6, cases[i].sum);
    }
    double both[] = {INFINITY, 1, -INFINITY}, none[] = {1, -(double)NAN, INFINITY};
    check_orders(&random, both, 3, (double)NAN);
    check_orders(&random, none, 3, (double)NAN);
    ck_assert(same(exact_sum(NULL, 0), 0));
    ck_assert(same(exact_sum(both, -1), 0));
}
END_TEST

/* Carries of many of the largest summands, and their way back. */
START_TEST(exact_sums_of_many)
{
    static rp_exact sum;
    for (int i = 0; i < 100000; i++)
        rp_exact_add(&sum, i % 2 == 0 ? DBL_MAX : DBL_TRUE_MIN * 3);
    for (int i = 0; i < 60; i++) { /* doubled: 2^60 times as many */
        rp_exact twice = sum;
        rp_exact_combine(&sum, &twice, NULL);
    }
    ck_assert(rp_exact_value(&sum) == INFINITY);
    rp_exact negative = {.pending = 0};
    for (int i = 0; i < 50000; i++)
        rp_exact_add(&negative, -DBL_MAX);
    for (int i = 0; i < 60; i++) {
        rp_exact twice = negative;
        rp_exact_combine(&negative, &twice, NULL);
    }
    rp_exact_combine(&sum, &negative, NULL);
    ck_assert(rp_exact_value(&sum) == ldexp(150000, 60) * DBL_TRUE_MIN);
}
END_TEST

START_TEST(exact_sums_in_any_rounding_mode)
{
    const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    const double x[] = {1, 0x1p-54, 0x1p-60, 1e300, -1e300, -3}, ties[] = {1, 0x1p-53};
    int usual = fegetround();
    double expected = exact_sum(x, 6);
    for (int i = 0; i < 3; i++) {
        fesetround(modes[i]);
        double value = exact_sum(x, 6), tie = exact_sum(ties, 2);
        fesetround(usual);
        ck_assert(same(value, expected) && tie == 1);
    }
}
END_TEST

/* Numbers that cancel except for a 1 in the middle, 120 bits apart. */
static double cancelling(int64_t n, int64_t item)
{
    rp_random random;
    int64_t mirrored = n - 1 - item;
    if (item == mirrored)
        return 1;
    rp_random_begin(&random, 24, item < mirrored ? item : mirrored);
    double digits = rp_random_uniform(&random);
    double size = ldexp(digits, (int)rp_random_below(&random, 120));
    return item < mirrored ? size : -size;
}

static int add_terms(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)in;
    for (int64_t item = range.begin; item < range.end; item++)
        rp_exact_add(out, cancelling(*(const int64_t *)rp_task_user(task), item));
    return 0;
}

/* Of any leaves, each of which is another tree. */
START_TEST(exact_sums_on_ranks)
{
    int64_t n = 10001;
    const int64_t leaves[] = {0, 1, 7, 64, 10001};
    const rp_exact none = {.pending = 0};
    for (int node_size = 0; node_size < 3; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        for (int i = 0; i < 5; i++) {
            rp_exact sum;
            rp_reduce_job job = {.n = n,
                                 .leaf = leaves[i],
                                 .body = add_terms,
                                 .combine = rp_exact_combine,
                                 .identity = &none,
                                 .result = &sum,
                                 .result_size = sizeof sum,
                                 .options = {.user = &n}};
            ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
            ck_assert_msg(same(rp_exact_value(&sum), 1), "%a", rp_exact_value(&sum));
        }
        close_pool(pool);
    }
}
END_TEST

static const struct test_case cases[] = {
    {"exact sums of scaled integers", &exact_sums_of_scaled_integers},
    {"exact sums of all exponents", &exact_sums_of_all_exponents},
    {"exact sums at the limits", &exact_sums_at_the_limits},
    {"exact sums of many", &exact_sums_of_many},
    {"exact sums in any rounding mode", &exact_sums_in_any_rounding_mode},
    {"exact sums on ranks", &exact_sums_on_ranks},
    {NULL, NULL},
};
const struct test_group numeric_exact_tests = {"numeric_exact", cases};
