/* Normal, exponential and bounded random numbers. */
#include "rankpool.h"

#include <math.h>

__extension__ typedef unsigned __int128 product;

enum {
    DEGREE = 7
};

/* A quotient of two polynomials; coefficients in ascending order. */
struct quotient {
    double over[DEGREE + 1], under[DEGREE + 1];
};

/* Coefficients of AS 241, PPND16 (Wichura 1988): center, tails, far tails. */
static const struct quotient middle = {
    {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3},
    {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3},
};
static const struct quotient tail = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9},
};
static const struct quotient far_tail = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15},
};

static double quotient_evaluate(const struct quotient *quotient, double x)
{
    double over = quotient->over[DEGREE], under = quotient->under[DEGREE];
    for (int i = DEGREE - 1; i >= 0; i--) {
        over = over * x + quotient->over[i];
        under = under * x + quotient->under[i];
    }
    return over / under;
}

/* The p-quantile of the normal distribution. p is a multiple of 2^-53, so 1 - p is exact, and the
 * quantiles of p and 1 - p differ only in sign. */
static double normal_quantile(double p)
{
    double from_half = p - 0.5;
    if (fabs(from_half) <= 0.425)
        return from_half * quotient_evaluate(&middle, 0.180625 - from_half * from_half);
    double depth = sqrt(-log(from_half < 0 ? p : 1 - p));
    double distance = depth <= 5 ? quotient_evaluate(&tail, depth - 1.6)
                                 : quotient_evaluate(&far_tail, depth - 5);
    return copysign(distance, from_half);
}

double rp_random_normal(rp_random *random)
{
    return normal_quantile(rp_random_uniform(random));
}

double rp_random_exponential(rp_random *random)
{
    return -log(rp_random_uniform(random));
}

/* The result is the upper half of bits * bound. Redrawing the 2^64 % bound products with the
 * smallest lower half makes it unbiased. The division is needed only if the lower half is below the
 * bound. */
uint64_t rp_random_below(rp_random *random, uint64_t bound)
{
    if (bound == 0)
        return rp_random_bits(random);
    product scaled = (product)rp_random_bits(random) * bound;
    if ((uint64_t)scaled < bound) {
        uint64_t surplus = -bound % bound;
        while ((uint64_t)scaled < surplus)
            scaled = (product)rp_random_bits(random) * bound;
    }
    return (uint64_t)(scaled >> 64);
}
