/* Genz's six families of functions on the unit cube, with known integrals (Genz: Testing
 * multidimensional integration routines, in Tools, Methods and Languages for Scientific and
 * Engineering Computation, 1984). */
#ifndef RANKPOOL_APPS_FAMILY_H
#define RANKPOOL_APPS_FAMILY_H

#include <stdint.h>

enum genz_family {
    GENZ_OSCILLATORY,   /* cos(2 pi u[0] + sum a x) */
    GENZ_PRODUCT,       /* product of 1 / (1 / a^2 + (x - u)^2): a peak */
    GENZ_CORNER,        /* (1 + sum a x)^-(dimensions + 1): a peak in a corner */
    GENZ_GAUSSIAN,      /* exp(-sum a^2 (x - u)^2) */
    GENZ_CONTINUOUS,    /* exp(-sum a |x - u|): a ridge */
    GENZ_DISCONTINUOUS, /* exp(sum a x), but 0 where x[0] > u[0] or x[1] > u[1] */
    GENZ_FAMILIES
};

enum {
    MOST_DIMENSIONS = 20
};

/* A member of a family. */
struct genz {
    enum genz_family family;
    int dimensions;
    double a[MOST_DIMENSIONS]; /* difficulty along each axis */
    double u[MOST_DIMENSIONS]; /* position of its peak or edge */
};

/* Names: "oscillatory" and so on. */
const char *genz_name(enum genz_family family);

/* The member for a seed. The sum of its a is that of Barthelmann, Novak and Ritter (High
 * dimensional polynomial interpolation on sparse grids, 2000); each u is from 0.1 to 0.9. */
struct genz genz_member(enum genz_family family, int dimensions, uint64_t seed);

/* The function's value at a point. */
double genz_value(const struct genz *genz, const double *x);

/* Its integral, to some 14 digits. */
double genz_integral(const struct genz *genz);

#endif
