/* Numbers with twice the digits of a double, some 31: the unevaluated sum of two (Dekker 1971). */
#ifndef RANKPOOL_APPS_DOUBLE_DOUBLE_H
#define RANKPOOL_APPS_DOUBLE_DOUBLE_H

#include <stdbool.h>

struct double_double {
    double high, low;
};

struct double_double dd_add(struct double_double left, struct double_double right);
struct double_double dd_subtract(struct double_double left, struct double_double right);
struct double_double dd_multiply(struct double_double left, struct double_double right);
struct double_double dd_divide(struct double_double left, double right);

/* Parses a decimal number, as -0.75 or 1.5e-3, at the beginning of `text`. Returns its end, or NULL
 * if there is none. */
const char *dd_parse(const char *text, struct double_double *value);

#endif
