#include "common/number.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

/* Wide enough that 2^64-1 and 2^64-2^63 need no special care. */
__extension__ typedef __int128 wide;

enum {
    DEEPEST_NESTING = 100,    /* a line of a million parentheses must not overflow the stack */
    LARGEST_POWER_OF_TEN = 38 /* 10^38 < 2^127 < 10^39 */
};

/* A recursive descent parser: one function per level of precedence, loosest first. Each consumes
 * its part of the text and stores the value, or reports the problem and returns false. */
struct parser {
    const char *text;
    const char *at;
    int depth;
    char *problem;
};

static bool parse_sum(struct parser *parser, wide *value);

__attribute__((format(printf, 2, 3))) static bool fail(struct parser *parser, const char *format,
                                                       ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(parser->problem, NUMBER_PROBLEM_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* Positions are counted from 1. */
static int place(const struct parser *parser, const char *at)
{
    return (int)(at - parser->text) + 1;
}

static bool fail_too_large(struct parser *parser, const char *at)
{
    return fail(parser, "too large to compute at character %d", place(parser, at));
}

static void skip_blanks(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at))
        parser->at++;
}

/* Consumes `sign` and the blanks around it, if it comes next. */
static bool take(struct parser *parser, char sign)
{
    skip_blanks(parser);
    if (*parser->at != sign)
        return false;
    parser->at++;
    skip_blanks(parser);
    return true;
}

static bool is_power_sign(const char *at)
{
    return at[0] == '^' || (at[0] == '*' && at[1] == '*');
}

static bool take_power_sign(struct parser *parser)
{
    skip_blanks(parser);
    if (!is_power_sign(parser->at))
        return false;
    parser->at += *parser->at == '^' ? 1 : 2;
    skip_blanks(parser);
    return true;
}

/* *value *= 10^exponent. False on overflow. */
static bool scale(wide *value, long exponent)
{
    if (*value == 0)
        return true;
    if (exponent > LARGEST_POWER_OF_TEN)
        return false;
    for (long i = 0; i < exponent; i++)
        if (__builtin_mul_overflow(*value, 10, value))
            return false;
    return true;
}

/* The digits of a number without its point: value * 10^exponent, where value does not end in 0. */
struct digits {
    wide value;
    long exponent;
    long count;
};

/* Zeros are counted until another digit follows, so that neither leading nor trailing ones
 * overflow. */
static bool take_digits(struct parser *parser, struct digits *digits)
{
    for (; isdigit((unsigned char)*parser->at); parser->at++) {
        int digit = *parser->at - '0';
        digits->count++;
        digits->exponent++;
        if (digit == 0)
            continue;
        if (!scale(&digits->value, digits->exponent) ||
            __builtin_add_overflow(digits->value, digit, &digits->value))
            return false;
        digits->exponent = 0;
    }
    return true;
}

/* The exponent after an 'e'. Beyond a million its size makes no difference. */
static bool take_exponent(struct parser *parser, long *exponent)
{
    *exponent = 0;
    if (*parser->at != 'e' && *parser->at != 'E')
        return true;
    const char *letter = parser->at++;
    bool negative = *parser->at == '-';
    if (*parser->at == '-' || *parser->at == '+')
        parser->at++;
    if (!isdigit((unsigned char)*parser->at))
        return fail(parser, "digits should follow the '%c' at character %d", *letter,
                    place(parser, letter));
    for (; isdigit((unsigned char)*parser->at); parser->at++)
        if (*exponent < 1000000)
            *exponent = *exponent * 10 + (*parser->at - '0');
    if (negative)
        *exponent = -*exponent;
    return true;
}

/* 10, 1e10, 1.5e3. */
static bool parse_decimal(struct parser *parser, wide *value)
{
    const char *begin = parser->at;
    struct digits digits = {0, 0, 0};
    long before_point, exponent;
    bool fits = take_digits(parser, &digits);
    before_point = digits.count;
    if (fits && *parser->at == '.') {
        parser->at++;
        fits = take_digits(parser, &digits);
    }
    if (!fits)
        return fail_too_large(parser, begin);
    if (digits.count == 0 && *begin == '\0')
        return fail(parser, "it ends where a number should follow");
    if (digits.count == 0)
        return fail(parser, "'%.20s' at character %d should be a number", begin,
                    place(parser, begin));
    if (!take_exponent(parser, &exponent))
        return false;
    exponent += digits.exponent - (digits.count - before_point);
    if (exponent < 0 && digits.value != 0)
        return fail(parser, "'%.*s' is not a whole number", (int)(parser->at - begin), begin);
    if (!scale(&digits.value, exponent))
        return fail_too_large(parser, begin);
    *value = digits.value;
    return true;
}

static bool parse_atom(struct parser *parser, wide *value)
{
    const char *begin = parser->at;
    if (!take(parser, '('))
        return parse_decimal(parser, value);
    if (!parse_sum(parser, value))
        return false;
    if (!take(parser, ')'))
        return fail(parser, "the '(' at character %d has no ')'", place(parser, begin));
    return true;
}

/* Two's complement has one more negative number: -2^127 cannot be negated. */
static bool negate(wide *value)
{
    return !__builtin_sub_overflow((wide)0, *value, value);
}

/* By squaring; the last square is not needed and might overflow. */
static bool power(wide base, wide exponent, wide *value)
{
    for (*value = 1;;) {
        if (exponent % 2 == 1 && __builtin_mul_overflow(*value, base, value))
            return false;
        exponent /= 2;
        if (exponent == 0)
            return true;
        if (__builtin_mul_overflow(base, base, &base))
            return false;
    }
}

/* Signs, an atom, a power of it: -2^2 is -4; 2^-1 is parsed, and refused. */
static bool parse_signed_power(struct parser *parser, wide *value)
{
    bool negative = false;
    for (skip_blanks(parser); *parser->at == '-' || *parser->at == '+'; skip_blanks(parser))
        negative ^= *parser->at++ == '-';
    if (!parse_atom(parser, value))
        return false;
    skip_blanks(parser);
    const char *sign = parser->at;
    if (take_power_sign(parser)) {
        wide exponent;
        if (++parser->depth > DEEPEST_NESTING)
            return fail(parser, "nested too deeply at character %d", place(parser, sign));
        if (!parse_signed_power(parser, &exponent))
            return false;
        parser->depth--;
        if (exponent < 0)
            return fail(parser, "a negative exponent at character %d", place(parser, sign));
        if (!power(*value, exponent, value))
            return fail_too_large(parser, sign);
    }
    return !negative || negate(value) || fail_too_large(parser, sign);
}

static bool multiply(struct parser *parser, const char *sign, wide *left, wide right)
{
    if (*sign == '*')
        return !__builtin_mul_overflow(*left, right, left) || fail_too_large(parser, sign);
    if (right == 0)
        return fail(parser, "division by zero at character %d", place(parser, sign));
    if (*sign == '/' && right == -1)
        return negate(left) || fail_too_large(parser, sign);
    if (*sign == '/')
        *left /= right;
    else
        *left = right == -1 ? 0 : *left % right;
    return true;
}

static bool parse_product(struct parser *parser, wide *value)
{
    if (!parse_signed_power(parser, value))
        return false;
    for (skip_blanks(parser); *parser->at == '*' || *parser->at == '/' || *parser->at == '%';
         skip_blanks(parser)) {
        const char *sign = parser->at++;
        wide right;
        if (!parse_signed_power(parser, &right) || !multiply(parser, sign, value, right))
            return false;
    }
    return true;
}

static bool parse_sum(struct parser *parser, wide *value)
{
    if (++parser->depth > DEEPEST_NESTING)
        return fail(parser, "nested too deeply at character %d", place(parser, parser->at));
    if (!parse_product(parser, value))
        return false;
    for (skip_blanks(parser); *parser->at == '+' || *parser->at == '-'; skip_blanks(parser)) {
        const char *sign = parser->at++;
        wide right;
        if (!parse_product(parser, &right))
            return false;
        if (*sign == '+' ? __builtin_add_overflow(*value, right, value)
                         : __builtin_sub_overflow(*value, right, value))
            return fail_too_large(parser, sign);
    }
    parser->depth--;
    return true;
}

bool number_parse(const char *text, uint64_t *value, char problem[NUMBER_PROBLEM_SIZE])
{
    struct parser parser = {.text = text, .at = text, .problem = problem};
    wide result;
    if (!parse_sum(&parser, &result))
        return false;
    if (*parser.at != '\0')
        return fail(&parser, "'%.20s' at character %d makes no sense there", parser.at,
                    place(&parser, parser.at));
    if (result < 0)
        return fail(&parser, "it is negative; give a whole number from 0 to 2^64-1");
    if (result > UINT64_MAX)
        return fail(&parser, "it is too large; give a whole number from 0 to 2^64-1");
    *value = (uint64_t)result;
    return true;
}
