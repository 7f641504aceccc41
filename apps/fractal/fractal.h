/* Escape times of the plane's points under z -> z^2 + c: Mandelbrot's set, where c is the point and
 * z begins at 0, and Julia's, where z begins at the point and c is the same for all.
 *
 * Deep in the set the points of a picture differ in their last digits only. So one reference point,
 * the picture's center, is iterated with twice the digits, and all others by their distance from
 * it, for which a double is enough. A point that comes nearer to 0 than to its reference continues
 * with the orbit that begins at 0 as reference (K. I. Martin 2013; Zhuoran 2021). */
#ifndef RANKPOOL_APPS_FRACTAL_H
#define RANKPOOL_APPS_FRACTAL_H

#include "fractal/double_double.h"

#include <stdbool.h>
#include <stdint.h>

struct dd_point {
    struct double_double re, im;
};

/* A point's orbit, in double. */
struct orbit {
    double (*points)[2];
    int64_t last; /* index of the last one computed */
    bool stays;   /* the point has not escaped by then */
};

struct fractal {
    bool julia;
    int64_t iterations;    /* after which a point counts as one that stays */
    struct orbit center;   /* orbit of the picture's center */
    struct orbit critical; /* orbit of 0: for Mandelbrot's set the same */
};

/* Prepares pictures around `center`; `julia` is the c of a Julia set, or NULL. False if there is no
 * memory; fractal_end() may be called then too. */
bool fractal_begin(struct fractal *fractal, const struct dd_point *center,
                   const struct dd_point *julia, int64_t iterations);

void fractal_end(struct fractal *fractal);

/* The escape time of the point center + (x, y), smooth from one point to the next (Vepstas 1997);
 * -1 if it stays. */
double fractal_steps(const struct fractal *fractal, double x, double y);

#endif
