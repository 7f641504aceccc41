/* Whole numbers as people write them: 1e10, 10^9, 2^32, 1e9+7, 2^64-1, 1.5e3, (2^10+1)*3. */
#ifndef RANKPOOL_APPS_NUMBER_H
#define RANKPOOL_APPS_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for every text that number_parse() gives as a problem. */
enum {
    NUMBER_PROBLEM_SIZE = 128
};

/* Computes the whole number that `text` describes: decimal numbers, with a point and an exponent if
 * the value is whole; + - * / % and ^ (or **); parentheses; blanks. Precedence is the usual one, ^
 * groups from the right and binds tighter than a sign, / drops the remainder, % has the sign of its
 * left side. On the way values up to 2^127 are fine, negative ones too; the result is 0 ... 2^64-1.
 *
 * False, and nothing stored in *value, if `text` is anything else; `problem` then says what is
 * wrong and where, in words that follow the quoted text and a colon. */
bool number_parse(const char *text, uint64_t *value, char problem[NUMBER_PROBLEM_SIZE]);

#endif
