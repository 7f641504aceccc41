#include "fractal/fractal.h"

#include <math.h>
#include <stdlib.h>

/* The squared distance from 0 beyond which a point has escaped: large, which makes step counts
 * smooth. */
static const double outside = 65536;

/* Points that are this near to each other, squared, have the same orbit from then on. (And
 * shrinking numbers would become denormal, which is slow.) */
static const double together = 1e-200;

static struct dd_point step(struct dd_point z, struct dd_point c)
{
    struct double_double product = dd_multiply(z.re, z.im);
    return (struct dd_point){
        dd_add(dd_subtract(dd_multiply(z.re, z.re), dd_multiply(z.im, z.im)), c.re),
        dd_add(dd_add(product, product), c.im),
    };
}

/* Iterates z until it escapes, at least one step and at most `most`. */
static bool follow(struct orbit *orbit, struct dd_point z, struct dd_point c, int64_t most)
{
    orbit->points = malloc((size_t)(most + 1) * sizeof *orbit->points);
    if (orbit->points == NULL)
        return false;
    orbit->stays = true;
    for (int64_t i = 0; i <= 1 || (orbit->stays && i <= most); i++) {
        double re = z.re.high, im = z.im.high;
        orbit->points[i][0] = re;
        orbit->points[i][1] = im;
        orbit->last = i;
        orbit->stays = re * re + im * im <= outside;
        z = step(z, c);
    }
    return true;
}

bool fractal_begin(struct fractal *fractal, const struct dd_point *center,
                   const struct dd_point *julia, int64_t iterations)
{
    const struct dd_point zero = {{0, 0}, {0, 0}};
    *fractal = (struct fractal){.julia = julia != NULL, .iterations = iterations};
    if (!follow(&fractal->critical, zero, julia != NULL ? *julia : *center, iterations))
        return false;
    fractal->center = fractal->critical;
    return julia == NULL || follow(&fractal->center, *center, *julia, iterations);
}

void fractal_end(struct fractal *fractal)
{
    if (fractal->julia)
        free(fractal->center.points);
    free(fractal->critical.points);
}

double fractal_steps(const struct fractal *fractal, double x, double y)
{
    const struct orbit *orbit = &fractal->center;
    bool julia = fractal->julia;
    /* The distance of the point from the reference orbit, and that of its c from the orbit's. */
    double re = julia ? x : 0, im = julia ? y : 0, c_re = julia ? 0 : x, c_im = julia ? 0 : y;
    int64_t at = 0;
    for (int64_t i = 1; i <= fractal->iterations; i++) {
        const double(*next)[2] = (const double(*)[2])orbit->points + at++;
        double factor_re = 2 * next[0][0] + re, factor_im = 2 * next[0][1] + im;
        double old_re = re;
        re = re * factor_re - im * factor_im + c_re;
        im = old_re * factor_im + im * factor_re + c_im;
        double z_re = next[1][0] + re, z_im = next[1][1] + im;
        double size = z_re * z_re + z_im * z_im, apart = re * re + im * im;
        if (size > outside)
            return (double)i - log2(log2(size) / log2(outside));
        if (apart < together && orbit->stays)
            return -1;
        if (size < apart || at == orbit->last) {
            orbit = &fractal->critical;
            at = 0;
            re = z_re;
            im = z_im;
        }
    }
    return -1;
}
