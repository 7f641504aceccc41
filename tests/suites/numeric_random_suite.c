/* Random numbers: the generator's known answers, and statistical tests of streams and
 * distributions. Seeds are fixed, so a test that passes once always passes. */
#include "suites.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MANY = 100000
};

/* ---- statistics ------------------------------------------------------------------------------ */

/* Deviation of chi-square from its expected value, in standard deviations (Wilson and Hilferty
 * 1931). */
static double chi_square_score(const int64_t *counts, int bins, double expected)
{
    double sum = 0, freedom = bins - 1;
    for (int i = 0; i < bins; i++)
        sum += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
    double variance = 2 / (9 * freedom);
    return (cbrt(sum / freedom) - 1 + variance) / sqrt(variance);
}

static void check_score(double score, const char *what)
{
    ck_assert_msg(fabs(score) < 3.7, "%s: %.2f standard deviations off", what, score);
}

/* Uniform numbers are distributed evenly over bins. */
static void check_bins(const double *u, int n, const char *what)
{
    int64_t counts[256] = {0};
    for (int i = 0; i < n; i++)
        counts[(int)(u[i] * 256)]++;
    check_score(chi_square_score(counts, 256, n / 256.0), what);
}

/* Pairs of neighbours are distributed evenly over squares. */
static void check_pairs(const double *u, int n, const char *what)
{
    int64_t counts[256] = {0};
    for (int i = 0; i + 1 < n; i += 2)
        counts[(int)(u[i] * 16) * 16 + (int)(u[i + 1] * 16)]++;
    check_score(chi_square_score(counts, 256, n / 512.0), what);
}

/* No correlation with the number `lag` later. */
static void check_serial(const double *u, int n, int lag, const char *what)
{
    double sum = 0;
    for (int i = 0; i + lag < n; i++)
        sum += (u[i] - 0.5) * (u[i + lag] - 0.5);
    check_score(12 * sum / sqrt(n - lag), what);
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Kolmogorov and Smirnov: the maximum distance between the numbers' distribution and the uniform
 * one. Sorts u. */
static void check_distance(double *u, int n, const char *what)
{
    double most = 0;
    qsort(u, (size_t)n, sizeof *u, by_value);
    for (int i = 0; i < n; i++) {
        most = fmax(most, u[i] - (double)i / n);
        most = fmax(most, (double)(i + 1) / n - u[i]);
    }
    most *= sqrt(n);
    ck_assert_msg(most > 0.3 && most < 2.1, "%s: distance %.3f", what, most);
}

static void check_uniform(double *u, int n, const char *what)
{
    check_bins(u, n, what);
    check_pairs(u, n, what);
    for (int lag = 1; lag <= 4; lag++)
        check_serial(u, n, lag, what);
    check_distance(u, n, what);
}

static double *many(void)
{
    double *u = malloc(MANY * sizeof *u);
    ck_assert_ptr_nonnull(u);
    return u;
}

/* ---- the generator --------------------------------------------------------------------------- */

/* The known answers of Random123 for Philox4x32 with 10 rounds: counter, key, value. */
static const uint32_t known[3][10] = {
    {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
    {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e,
     0xa20bc7c6, 0x6d5451fd},
    {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb,
     0x5001e420, 0x24126ea1},
};

static uint64_t word(const uint32_t *halves)
{
    return (uint64_t)halves[1] << 32 | halves[0];
}

START_TEST(known_answers)
{
    for (int i = 0; i < 3; i++) {
        rp_random random;
        rp_random_begin(&random, word(known[i] + 4), (int64_t)word(known[i] + 2));
        random.block = word(known[i]);
        uint64_t first = rp_random_bits(&random);
        ck_assert_uint_eq(first, word(known[i] + 6));
        ck_assert_uint_eq(rp_random_bits(&random), word(known[i] + 8));
        random.block = word(known[i]);
        double x[2];
        rp_random_fill(&random, x, 2);
        ck_assert(x[0] == rp_random_unit(word(known[i] + 6)));
        ck_assert(x[1] == rp_random_unit(word(known[i] + 8)));
    }
}
END_TEST

START_TEST(uniform_numbers_stay_inside)
{
    const double least = 0x1p-53;
    ck_assert(rp_random_unit(0) == least);
    ck_assert(rp_random_unit(UINT64_C(1) << 11) == least);
    ck_assert(rp_random_unit(UINT64_C(1) << 12) == 2 * least);
    ck_assert(rp_random_unit(UINT64_C(3) << 11) == 3 * least);
    ck_assert(rp_random_unit(UINT64_C(1) << 63) == 0.5);
    ck_assert(rp_random_unit(UINT64_MAX) == 1 - least);
    ck_assert(1 - rp_random_unit(UINT64_MAX) == least);
}
END_TEST

/* A stream has the same draws in whatever way they are taken. */
START_TEST(filling_is_drawing)
{
    double expected[40], x[40];
    rp_random random, copy;
    rp_random_begin(&random, 11, 5);
    for (int i = 0; i < 40; i++)
        expected[i] = rp_random_uniform(&random);
    for (int before = 0; before < 5; before++) {
        for (int n = 0; n <= 7; n++) {
            rp_random_begin(&random, 11, 5);
            for (int i = 0; i < before; i++)
                x[i] = rp_random_uniform(&random);
            rp_random_fill(&random, x + before, n);
            copy = random;
            rp_random_fill(&random, x + before + n, 40 - before - n);
            ck_assert_int_eq(memcmp(x, expected, sizeof x), 0);
            ck_assert(rp_random_uniform(&copy) == expected[before + n]);
        }
    }
    copy = random;
    rp_random_fill(&random, x, 0);
    rp_random_fill(&random, x, -3);
    ck_assert_int_eq(memcmp(&copy, &random, sizeof copy), 0);
}
END_TEST

START_TEST(each_value_is_one_draw)
{
    rp_random random, other;
    rp_random_begin(&random, 3, -7);
    rp_random_begin(&other, 3, -7);
    rp_random_normal(&random);
    rp_random_exponential(&random);
    rp_random_below(&random, 6);
    rp_random_below(&random, 0);
    for (int i = 0; i < 4; i++)
        rp_random_bits(&other);
    ck_assert_uint_eq(rp_random_bits(&random), rp_random_bits(&other));
}
END_TEST

/* ---- streams --------------------------------------------------------------------------------- */

START_TEST(one_stream_is_uniform)
{
    double *u = many();
    for (uint64_t seed = 0; seed < 2; seed++) {
        rp_random random;
        rp_random_begin(&random, seed, 0);
        rp_random_fill(&random, u, MANY);
        check_uniform(u, MANY, "one stream");
    }
    free(u);
}
END_TEST

/* First draws of items or seeds that are neighbours, or that differ in one bit. */
START_TEST(neighbouring_streams_are_unlike)
{
    double *u = many();
    rp_random random;
    for (int64_t i = 0; i < MANY; i++) {
        rp_random_begin(&random, 1, i);
        u[i] = rp_random_uniform(&random);
    }
    check_uniform(u, MANY, "neighbouring items");
    for (int64_t i = 0; i < MANY; i++) {
        rp_random_begin(&random, (uint64_t)i, 1);
        u[i] = rp_random_uniform(&random);
    }
    check_uniform(u, MANY, "neighbouring seeds");
    for (int64_t i = 0; i < MANY / 2; i++) {
        rp_random_begin(&random, (uint64_t)i, i);
        u[2 * i] = rp_random_uniform(&random);
        rp_random_begin(&random, (uint64_t)i + 1, i);
        u[2 * i + 1] = rp_random_uniform(&random);
    }
    check_uniform(u, MANY, "items and seeds");
    free(u);
}
END_TEST

/* Any single changed bit of seed, item or block changes half of the 64 bits of a draw. */
START_TEST(every_bit_counts)
{
    int64_t differing = 0;
    const int attempts = 200;
    for (int bit = 0; bit < 192; bit++) {
        for (int i = 0; i < attempts; i++) {
            uint64_t flip = UINT64_C(1) << bit % 64;
            rp_random random, other;
            rp_random_begin(&random, (uint64_t)i, 2 * i);
            other = random;
            other.seed ^= bit / 64 == 0 ? flip : 0;
            other.item ^= bit / 64 == 1 ? flip : 0;
            other.block ^= bit / 64 == 2 ? flip : 0;
            differing += __builtin_popcountll(rp_random_bits(&random) ^ rp_random_bits(&other));
        }
    }
    double bits = 192.0 * attempts * 64;
    check_score(((double)differing - bits / 2) / sqrt(bits / 4), "differing bits");
}
END_TEST

/* ---- distributions --------------------------------------------------------------------------- */

/* A stream whose next draw is known. */
static rp_random about_to_draw(uint64_t bits)
{
    return (rp_random){.second = bits, .left = 1};
}

/* Compares the normal number for u = multiple 2^-53 < 1/2 with the C library's error function, and
 * that for 1 - u with its mirror image. (Each assertion of Check costs microseconds, so loops have
 * few.) */
static double checked_normal(uint64_t multiple)
{
    rp_random low = about_to_draw(multiple << 11), high = about_to_draw(-(multiple << 11));
    double u = (double)multiple * 0x1p-53, z = rp_random_normal(&low);
    bool exact = fabs(erfc(-z / sqrt(2)) / 2 / u - 1) < 2e-14 * (1 + z * z);
    if (!exact || rp_random_normal(&high) != -z)
        ck_abort_msg("%.17g comes to %.17g", u, z);
    return z;
}

START_TEST(normal_inverts_the_error_function)
{
    double last = -9;
    for (int i = 0; i < 52; i++)
        checked_normal(UINT64_C(1) << i);
    for (uint64_t i = 1; i < 20000; i++) {
        double z = checked_normal((UINT64_C(1) << 52) / 20000 * i);
        if (z <= last)
            ck_abort_msg("%.17g is not above %.17g", z, last);
        last = z;
    }
    rp_random least = about_to_draw(0), half = about_to_draw(UINT64_C(1) << 63);
    ck_assert(fabs(rp_random_normal(&least) + 8.2095361516013856) < 1e-13);
    ck_assert(rp_random_normal(&half) == 0);
}
END_TEST

START_TEST(normal_numbers)
{
    double *u = many(), sum = 0, squares = 0, fourth = 0;
    rp_random random;
    rp_random_begin(&random, 17, 1);
    for (int i = 0; i < MANY; i++) {
        double z = rp_random_normal(&random);
        sum += z;
        squares += z * z;
        fourth += z * z * z * z;
        u[i] = erfc(-z / sqrt(2)) / 2;
    }
    check_score(sum / sqrt(MANY), "mean");
    check_score((squares - MANY) / sqrt(2.0 * MANY), "variance");
    check_score((fourth - 3.0 * MANY) / sqrt(96.0 * MANY), "fourth moment");
    check_uniform(u, MANY, "normal numbers");
    free(u);
}
END_TEST

START_TEST(exponential_numbers)
{
    double *u = many(), sum = 0;
    rp_random random, most = about_to_draw(0), least = about_to_draw(UINT64_MAX);
    rp_random_begin(&random, 18, 1);
    for (int i = 0; i < MANY; i++) {
        double x = rp_random_exponential(&random);
        sum += x;
        u[i] = exp(-x);
    }
    check_score((sum - MANY) / sqrt(MANY), "mean");
    check_uniform(u, MANY, "exponential numbers");
    ck_assert(fabs(rp_random_exponential(&most) - 53 * log(2)) < 1e-13);
    double x = rp_random_exponential(&least);
    ck_assert(x > 0 && x < 2e-16);
    free(u);
}
END_TEST

START_TEST(integers_without_bias)
{
    static const uint64_t bounds[] = {1, 2, 3, 6, 10, 255, 256};
    rp_random random;
    rp_random_begin(&random, 19, 1);
    for (int b = 0; b < 7; b++) {
        int64_t counts[256] = {0};
        for (int i = 0; i < MANY; i++) {
            uint64_t value = rp_random_below(&random, bounds[b]);
            if (value >= bounds[b])
                ck_abort_msg("%" PRIu64 " is not below %" PRIu64, value, bounds[b]);
            counts[value]++;
        }
        if (bounds[b] == 1)
            ck_assert_int_eq(counts[0], MANY);
        else
            check_score(chi_square_score(counts, (int)bounds[b], (double)MANY / (double)bounds[b]),
                        "small bounds");
    }
}
END_TEST

/* Bounds that are not small compared with 2^64 reveal the usual short cuts: for 3/4 of it, every
 * third value would come twice as often. */
START_TEST(large_integers_without_bias)
{
    static const uint64_t bounds[] = {UINT64_C(3) << 62, (UINT64_C(1) << 63) + 1, UINT64_MAX,
                                      UINT64_C(0xaaaaaaaaaaaaaaab)};
    rp_random random;
    rp_random_begin(&random, 20, 1);
    for (int b = 0; b < 4; b++) {
        int64_t counts[32] = {0}, remainders[3] = {0};
        for (int i = 0; i < MANY; i++) {
            uint64_t value = rp_random_below(&random, bounds[b]);
            if (value >= bounds[b])
                ck_abort_msg("%" PRIu64 " is not below %" PRIu64, value, bounds[b]);
            counts[(int)((double)value / (double)bounds[b] * 32) % 32]++;
            remainders[value % 3]++;
        }
        check_score(chi_square_score(counts, 32, MANY / 32.0), "large bounds");
        check_score(chi_square_score(remainders, 3, MANY / 3.0), "remainders");
    }
}
END_TEST

/* The definition of the multiplication method, on known draws: which draws are rejected, and which
 * value the others give. */
START_TEST(refused_draws)
{
    rp_random random = about_to_draw(0), next = {.seed = 0};
    ck_assert_uint_eq(rp_random_below(&random, 3), rp_random_below(&next, 3));
    ck_assert_uint_eq(random.block, 1); /* 2^64 % 3 = 1: 0 is the only draw rejected */
    random = about_to_draw(1);
    ck_assert_uint_eq(rp_random_below(&random, 3), 0);
    random = about_to_draw(UINT64_MAX);
    ck_assert_uint_eq(rp_random_below(&random, 3), 2);
    ck_assert_uint_eq(random.block, 0);
    random = about_to_draw(0);
    ck_assert_uint_eq(rp_random_below(&random, 4), 0); /* 2^64 % 4 = 0: none is rejected */
    ck_assert_uint_eq(random.block, 0);
    random = about_to_draw(77);
    ck_assert_uint_eq(rp_random_below(&random, 0), 77);
}
END_TEST

static const struct test_case cases[] = {
    {"known answers", &known_answers},
    {"uniform numbers stay inside", &uniform_numbers_stay_inside},
    {"filling is drawing", &filling_is_drawing},
    {"each value is one draw", &each_value_is_one_draw},
    {"one stream is uniform", &one_stream_is_uniform},
    {"neighbouring streams are unlike", &neighbouring_streams_are_unlike},
    {"every bit counts", &every_bit_counts},
    {"normal inverts the error function", &normal_inverts_the_error_function},
    {"normal numbers", &normal_numbers},
    {"exponential numbers", &exponential_numbers},
    {"integers without bias", &integers_without_bias},
    {"large integers without bias", &large_integers_without_bias},
    {"refused draws", &refused_draws},
    {NULL, NULL},
};
const struct test_group numeric_random_tests = {"numeric_random", cases};
