#include "fractal/double_double.h"

#include <ctype.h>
#include <stdlib.h>

#ifdef __FAST_MATH__
#error "numbers of twice the digits are wrong with -ffast-math: leave it out of CFLAGS"
#endif

/* The sum with its rounding error (Knuth). */
static struct double_double exact_sum(double left, double right)
{
    double sum = left + right, right_part = sum - left;
    return (struct double_double){sum, (left - (sum - right_part)) + (right - right_part)};
}

/* The upper 26 bits, so that products of halves are exact (Veltkamp). */
static double upper_half(double x)
{
    double scaled = 134217729 * x;
    return scaled - (scaled - x);
}

/* The product with its rounding error (Dekker). */
static struct double_double exact_product(double left, double right)
{
    double product = left * right;
    double a = upper_half(left), b = left - a, c = upper_half(right), d = right - c;
    return (struct double_double){product, ((a * c - product) + a * d + b * c) + b * d};
}

struct double_double dd_add(struct double_double left, struct double_double right)
{
    struct double_double high = exact_sum(left.high, right.high);
    struct double_double low = exact_sum(left.low, right.low);
    struct double_double sum = exact_sum(high.high, high.low + low.high);
    return exact_sum(sum.high, sum.low + low.low);
}

struct double_double dd_subtract(struct double_double left, struct double_double right)
{
    return dd_add(left, (struct double_double){-right.high, -right.low});
}

struct double_double dd_multiply(struct double_double left, struct double_double right)
{
    struct double_double product = exact_product(left.high, right.high);
    return exact_sum(product.high, product.low + (left.high * right.low + left.low * right.high));
}

struct double_double dd_divide(struct double_double left, double right)
{
    double quotient = left.high / right;
    struct double_double rest = dd_subtract(left, exact_product(quotient, right));
    return exact_sum(quotient, rest.high / right);
}

/* Consumes digits up to the precision of a number, and counts them. */
static const char *take_digits(const char *text, struct double_double *value, long *count)
{
    for (; isdigit((unsigned char)*text); text++, ++*count) {
        *value = dd_multiply(*value, (struct double_double){10, 0});
        *value = dd_add(*value, (struct double_double){*text - '0', 0});
    }
    return text;
}

static void scale(struct double_double *value, long exponent)
{
    for (; exponent > 0; exponent--)
        *value = dd_multiply(*value, (struct double_double){10, 0});
    for (; exponent < 0; exponent++)
        *value = dd_divide(*value, 10);
}

const char *dd_parse(const char *text, struct double_double *value)
{
    const char *at = text + (*text == '-' || *text == '+');
    long digits = 0, before_point, exponent = 0;
    *value = (struct double_double){0, 0};
    at = take_digits(at, value, &digits);
    before_point = digits;
    if (*at == '.')
        at = take_digits(at + 1, value, &digits);
    if (digits == 0)
        return NULL;
    if ((*at == 'e' || *at == 'E') && !isspace((unsigned char)at[1])) {
        char *end;
        exponent = strtol(at + 1, &end, 10);
        if (end == at + 1 || exponent < -300 || exponent > 300)
            return NULL;
        at = end;
    }
    scale(value, exponent - (digits - before_point));
    if (*text == '-')
        *value = (struct double_double){-value->high, -value->low};
    return at;
}
