#include "genz/family.h"

#include <math.h>
#include <rankpool.h>

static const double pi = 3.14159265358979323846;

/* A family: its name, and the sum of a. */
static const struct {
    const char *name;
    double difficulty;
} families[GENZ_FAMILIES] = {
    [GENZ_OSCILLATORY] = {"oscillatory", 9},  [GENZ_PRODUCT] = {"product-peak", 7.25},
    [GENZ_CORNER] = {"corner-peak", 1.85},    [GENZ_GAUSSIAN] = {"gaussian", 7.03},
    [GENZ_CONTINUOUS] = {"continuous", 20.4}, [GENZ_DISCONTINUOUS] = {"discontinuous", 4.3},
};

const char *genz_name(enum genz_family family)
{
    return families[family].name;
}

/* From a stream that no sample uses: samples are counted from 0. */
struct genz genz_member(enum genz_family family, int dimensions, uint64_t seed)
{
    struct genz genz = {.family = family, .dimensions = dimensions};
    rp_random random;
    double sum = 0;
    rp_random_begin(&random, seed, -1 - (int64_t)family);
    for (int i = 0; i < dimensions; i++) {
        genz.u[i] = 0.1 + 0.8 * rp_random_uniform(&random);
        genz.a[i] = rp_random_uniform(&random);
        sum += genz.a[i];
    }
    for (int i = 0; i < dimensions; i++)
        genz.a[i] *= families[family].difficulty / sum;
    return genz;
}

/* ---- values ---------------------------------------------------------------------------------- */

static double weighted_sum(const struct genz *genz, const double *x)
{
    double sum = 0;
    for (int i = 0; i < genz->dimensions; i++)
        sum += genz->a[i] * x[i];
    return sum;
}

static double product_peak(const struct genz *genz, const double *x)
{
    double product = 1;
    for (int i = 0; i < genz->dimensions; i++) {
        double away = x[i] - genz->u[i], a = genz->a[i];
        product *= a * a / (1 + a * a * away * away);
    }
    return product;
}

static double gaussian(const struct genz *genz, const double *x)
{
    double sum = 0;
    for (int i = 0; i < genz->dimensions; i++) {
        double away = genz->a[i] * (x[i] - genz->u[i]);
        sum += away * away;
    }
    return exp(-sum);
}

static double continuous(const struct genz *genz, const double *x)
{
    double sum = 0;
    for (int i = 0; i < genz->dimensions; i++)
        sum += genz->a[i] * fabs(x[i] - genz->u[i]);
    return exp(-sum);
}

static double discontinuous(const struct genz *genz, const double *x)
{
    if (x[0] > genz->u[0] || (genz->dimensions > 1 && x[1] > genz->u[1]))
        return 0;
    return exp(weighted_sum(genz, x));
}

double genz_value(const struct genz *genz, const double *x)
{
    switch (genz->family) {
    case GENZ_OSCILLATORY:
        return cos(2 * pi * genz->u[0] + weighted_sum(genz, x));
    case GENZ_PRODUCT:
        return product_peak(genz, x);
    case GENZ_CORNER:
        return pow(1 + weighted_sum(genz, x), -(genz->dimensions + 1));
    case GENZ_GAUSSIAN:
        return gaussian(genz, x);
    case GENZ_CONTINUOUS:
        return continuous(genz, x);
    default:
        return discontinuous(genz, x);
    }
}

/* ---- integrals ------------------------------------------------------------------------------- */

/* Along an axis, for families that are products of functions of one coordinate. */
static double axis_integral(const struct genz *genz, int i)
{
    double a = genz->a[i], u = genz->u[i];
    switch (genz->family) {
    case GENZ_OSCILLATORY:
        return 2 * sin(a / 2) / a;
    case GENZ_PRODUCT:
        return a * (atan(a * (1 - u)) + atan(a * u));
    case GENZ_GAUSSIAN:
        return sqrt(pi) / (2 * a) * (erf(a * (1 - u)) + erf(a * u));
    case GENZ_CONTINUOUS:
        return -(expm1(-a * u) + expm1(-a * (1 - u))) / a;
    default:
        return expm1(i < 2 ? a * u : a) / a;
    }
}

/* 1 / s^(d+1) is the integral of t^d exp(-s t) / d! over t > 0. This turns the corner peak into a
 * product over the axes and one integral over log t, which the trapezoidal rule computes to full
 * precision. (Genz's own formula is a sum of 2^d terms that cancel.) */
static double corner_integral(const struct genz *genz)
{
    const double step = 1.0 / 32;
    double sum = 0;
    int d = genz->dimensions;
    for (double log_t = -40.0 / (d + 1); log_t < 7; log_t += step) {
        double t = exp(log_t), product = exp((d + 1) * log_t - t - lgamma(d + 1.0));
        for (int i = 0; i < d; i++)
            product *= -expm1(-genz->a[i] * t) / (genz->a[i] * t);
        sum += product;
    }
    return sum * step;
}

double genz_integral(const struct genz *genz)
{
    double product = 1;
    if (genz->family == GENZ_CORNER)
        return corner_integral(genz);
    for (int i = 0; i < genz->dimensions; i++)
        product *= axis_integral(genz, i);
    if (genz->family != GENZ_OSCILLATORY)
        return product;
    double ones[MOST_DIMENSIONS];
    for (int i = 0; i < genz->dimensions; i++)
        ones[i] = 1;
    return product * cos(2 * pi * genz->u[0] + weighted_sum(genz, ones) / 2);
}
