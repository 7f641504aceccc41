/* Genz's families: integrals by quadrature of the functions themselves, and by Genz's own formula;
 * then estimates compared with the integrals, often enough to verify their errors. */
#include "passes.h"

#include "genz/sampling.h"

#include <math.h>

enum {
    NODES = 24
};

/* ---- quadrature ------------------------------------------------------------------------------ */

static double node[NODES], weight[NODES]; /* Gauss-Legendre nodes and weights for -1 ... 1 */

/* Roots of Legendre's polynomial by Newton's method. */
static void prepare_nodes(void)
{
    for (int i = 0; i < NODES; i++) {
        double x = cos(acos(-1) * (i + 0.75) / (NODES + 0.5)), slope = 0;
        for (int step = 0; step < 100; step++) {
            double last = 0, value = 1;
            for (int k = 1; k <= NODES; k++) {
                double next = ((2 * k - 1) * x * value - (k - 1) * last) / k;
                last = value;
                value = next;
            }
            slope = NODES * (x * value - last) / (x * x - 1);
            x -= value / slope;
        }
        node[i] = x;
        weight[i] = 2 / ((1 - x * x) * slope * slope);
    }
}

/* The integral over the axes from `axis` on, with given coordinates before it. Each axis is split
 * where the function may have an edge. */
static double quadrature(const struct genz *genz, int axis, int last, double *x)
{
    double sum = 0;
    if (axis == last)
        return genz_value(genz, x);
    for (int half = 0; half < 2; half++) {
        double begin = half == 0 ? 0 : genz->u[axis], end = half == 0 ? genz->u[axis] : 1;
        for (int i = 0; i < NODES; i++) {
            x[axis] = begin + (end - begin) * (node[i] + 1) / 2;
            sum += (end - begin) / 2 * weight[i] * quadrature(genz, axis + 1, last, x);
        }
    }
    return sum;
}

static void check_integral(const struct genz *genz, double expected)
{
    double integral = genz_integral(genz);
    ck_assert_msg(fabs(integral - expected) <= 1e-11 * fabs(expected), "%s in %d: %.17g, not %.17g",
                  genz_name(genz->family), genz->dimensions, integral, expected);
}

START_TEST(integrals_by_quadrature)
{
    prepare_nodes();
    for (int family = 0; family < GENZ_FAMILIES; family++) {
        for (int d = 1; d <= 3; d++) {
            struct genz genz = genz_member((enum genz_family)family, d, 5);
            double x[MOST_DIMENSIONS];
            check_integral(&genz, quadrature(&genz, 0, d, x));
        }
    }
}
END_TEST

/* Four families are products over the axes: so each axis can be integrated by itself. */
START_TEST(products_by_quadrature)
{
    static const enum genz_family products[] = {GENZ_PRODUCT, GENZ_GAUSSIAN, GENZ_CONTINUOUS,
                                                GENZ_DISCONTINUOUS};
    prepare_nodes();
    for (int p = 0; p < 4; p++) {
        for (int d = 4; d <= MOST_DIMENSIONS; d += 4) {
            struct genz genz = genz_member(products[p], d, 6);
            double x[MOST_DIMENSIONS], product = genz_value(&genz, genz.u);
            for (int axis = 0; axis < d; axis++) {
                for (int i = 0; i < d; i++)
                    x[i] = genz.u[i];
                product *= quadrature(&genz, axis, axis + 1, x) / genz_value(&genz, genz.u);
            }
            check_integral(&genz, product);
        }
    }
}
END_TEST

/* The real part of a product of e^(i t). */
START_TEST(oscillations_by_quadrature)
{
    prepare_nodes();
    for (int d = 4; d <= MOST_DIMENSIONS; d += 4) {
        struct genz genz = genz_member(GENZ_OSCILLATORY, d, 7);
        double re = cos(2 * acos(-1) * genz.u[0]), im = sin(2 * acos(-1) * genz.u[0]);
        for (int axis = 0; axis < d; axis++) {
            double cosine = 0, sine = 0, old = re;
            for (int i = 0; i < NODES; i++) {
                cosine += weight[i] / 2 * cos(genz.a[axis] * (node[i] + 1) / 2);
                sine += weight[i] / 2 * sin(genz.a[axis] * (node[i] + 1) / 2);
            }
            re = re * cosine - im * sine;
            im = im * cosine + old * sine;
        }
        check_integral(&genz, re);
    }
}
END_TEST

/* Genz's formula for the corner peak: a sum over all corners of the cube, with signs. In long
 * double, and only in few dimensions, because its terms cancel. */
START_TEST(corners_by_inclusion_and_exclusion)
{
    for (int d = 1; d <= 6; d++) {
        struct genz genz = genz_member(GENZ_CORNER, d, 8);
        long double sum = 0, divisor = 1;
        for (int corner = 0; corner < 1 << d; corner++) {
            long double at = 1;
            for (int i = 0; i < d; i++)
                at += corner >> i & 1 ? genz.a[i] : 0;
            sum += (__builtin_popcount((unsigned)corner) % 2 == 0 ? 1 : -1) / at;
        }
        for (int i = 0; i < d; i++)
            divisor *= (i + 1) * (long double)genz.a[i];
        check_integral(&genz, (double)(sum / divisor));
    }
}
END_TEST

/* ---- sampling -------------------------------------------------------------------------------- */

static struct estimate estimate_serially(const struct round *round)
{
    struct tally tally = {{0, 0, 0}, {0, 0}};
    round_sample(round, (rp_range){0, round->items}, &tally);
    return round_estimate(round, &tally);
}

/* In one dimension the error for a function with an edge comes from a single cell, and two samples
 * cannot estimate it. */
static bool error_is_one_cell(const struct genz *genz, const struct sampling *sampling)
{
    return sampling->stratified && genz->dimensions == 1 &&
           (genz->family == GENZ_CONTINUOUS || genz->family == GENZ_DISCONTINUOUS);
}

/* 6 families, 5 dimensions, 20 seeds: deviations from the exact values in standard errors. */
static void check_scores(bool antithetic, bool stratified)
{
    static const int dimensions[] = {1, 2, 5, 10, 20};
    double squares = 0, most = 0;
    int count = 0;
    for (int family = 0; family < GENZ_FAMILIES; family++) {
        for (int d = 0; d < 5; d++) {
            for (uint64_t seed = 1; seed <= 20; seed++) {
                struct sampling sampling = {antithetic, stratified, seed};
                struct genz genz = genz_member((enum genz_family)family, dimensions[d], seed);
                if (error_is_one_cell(&genz, &sampling))
                    continue;
                struct round round = round_plan(&genz, &sampling, 20000, 0);
                struct estimate estimate = estimate_serially(&round);
                double z = (estimate.value - genz_integral(&genz)) / sqrt(estimate.variance);
                squares += z * z;
                most = fmax(most, fabs(z));
                count++;
            }
        }
    }
    ck_assert_int_eq(count, stratified ? 560 : 600);
    ck_assert_msg(most <= 4.5, "a score of %.2f", most);
    ck_assert_msg(squares / count >= 0.8 && squares / count <= 1.25, "mean square %.3f",
                  squares / count);
}

START_TEST(scores_of_plain_samples)
{
    check_scores(false, false);
}
END_TEST

START_TEST(scores_of_antithetic_samples)
{
    check_scores(true, false);
}
END_TEST

START_TEST(scores_of_stratified_samples)
{
    check_scores(false, true);
    check_scores(true, true);
}
END_TEST

/* If mirrored values cancel, or cells are small, errors are much smaller. */
START_TEST(samples_are_worth_their_names)
{
    struct genz genz = genz_member(GENZ_CORNER, 2, 3);
    struct sampling plain = {false, false, 3}, mirrored = {true, false, 3},
                    cells = {false, true, 3};
    struct round round = round_plan(&genz, &plain, 20000, 0);
    double variance = estimate_serially(&round).variance;
    round = round_plan(&genz, &mirrored, 20000, 0);
    ck_assert(estimate_serially(&round).variance < variance / 1.5);
    round = round_plan(&genz, &cells, 20000, 0);
    ck_assert(estimate_serially(&round).variance < variance / 500);
}
END_TEST

START_TEST(cells_fill_the_cube)
{
    struct sampling sampling = {.stratified = true, .seed = 1};
    for (int d = 1; d <= MOST_DIMENSIONS; d++) {
        struct genz genz = genz_member(GENZ_GAUSSIAN, d, 1);
        for (int64_t samples = 8; samples < INT64_C(1) << 58; samples = samples * 3 + 1) {
            struct round round = round_plan(&genz, &sampling, samples, 0);
            double cells = pow((double)round.parts, round.cut);
            double finer = pow((double)round.parts + 1, round.cut);
            bool right = round.parts >= 2 && round.within >= 2 && round.cut <= d &&
                         fabs((double)round.items / cells - 1) < 1e-12 &&
                         round_evaluations(&round) <= samples &&
                         finer > (double)(samples / 2) * 0.999;
            if (!right)
                ck_abort_msg("%d axes, %lld samples: %lld parts of %d axes", d, (long long)samples,
                             (long long)round.parts, round.cut);
        }
    }
}
END_TEST

START_TEST(estimates_join_by_weight)
{
    struct estimate left = {2, 0.04, 300}, right = {6, 0.16, 100};
    struct estimate both = estimate_join(&left, &right), none = {0, 0, 0};
    ck_assert(both.value == 3 && both.evaluations == 400);
    ck_assert(fabs(both.variance - (0.5625 * 0.04 + 0.0625 * 0.16)) < 1e-15);
    both = estimate_join(&none, &left);
    ck_assert(both.value == 2 && both.variance == 0.04 && both.evaluations == 300);
}
END_TEST

int main(void)
{
    TCase *all = tcase_create("all");
    tcase_add_test(all, integrals_by_quadrature);
    tcase_add_test(all, products_by_quadrature);
    tcase_add_test(all, oscillations_by_quadrature);
    tcase_add_test(all, corners_by_inclusion_and_exclusion);
    tcase_add_test(all, scores_of_plain_samples);
    tcase_add_test(all, scores_of_antithetic_samples);
    tcase_add_test(all, scores_of_stratified_samples);
    tcase_add_test(all, samples_are_worth_their_names);
    tcase_add_test(all, cells_fill_the_cube);
    tcase_add_test(all, estimates_join_by_weight);
    return passes(all, "genz") ? 0 : 1;
}
