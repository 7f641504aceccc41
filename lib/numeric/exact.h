/* Floating-point arithmetic with known rounding errors. Wrong if the compiler reassociates. */
#ifndef RANKPOOL_NUMERIC_EXACT_H
#define RANKPOOL_NUMERIC_EXACT_H

#ifdef __FAST_MATH__
#error "compensated sums are wrong with -ffast-math: leave it out of CFLAGS"
#endif

/* The rounding error of `sum`, which is left + right rounded: exact, unless something overflows
 * (Knuth, The Art of Computer Programming 2, 4.2.2). */
static inline double rounding_error(double left, double right, double sum)
{
    double right_part = sum - left;
    return (left - (sum - right_part)) + (right - right_part);
}

#endif
