/* Integers as people write them: 1e10, 10^9, 2^32, 1e9+7, 2^64-1, 1.5e3, (2^10+1)*3. */
#ifndef RANKPOOL_APPS_NUMBER_H
#define RANKPOOL_APPS_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Size of number_parse()'s longest problem text. */
enum {
    NUMBER_PROBLEM_SIZE = 128
};

/* Computes the integer that `text` describes: decimal numbers, with a point and an exponent if the
 * value is an integer; + - * / % and ^ (or **); parentheses; blanks. Precedence is the usual one, ^
 * groups from the right and binds tighter than a sign, / drops the remainder, % has the sign of its
 * left side. Intermediate values may be negative and up to 2^127; the result is 0 ... 2^64-1.
 *
 * Otherwise returns false, leaves *value unchanged, and describes the error and its position in
 * `problem`, which is worded to follow the quoted text and a colon. */
bool number_parse(const char *text, uint64_t *value, char problem[NUMBER_PROBLEM_SIZE]);

#endif
