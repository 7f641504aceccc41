/* Exact sums of doubles: a number in digits of 32 bits, each in a word of 64 so that carries can
 * wait. Integer arithmetic only: no rounding mode, no flushing of subnormals, no reassociation. */
#include "rankpool.h"

#include <math.h>
#include <string.h>

enum {
    DIGITS = 67,
    DIGIT_BITS = 32,
    /* An addition changes a digit by at most 2^52, and a propagated digit is below 2^32. */
    MOST_PENDING = 2047,
    FRACTION_BITS = 52,
    LARGEST_EXPONENT = 0x7ff, /* infinities and NaNs */
    HIGHEST_BIT = 2097,       /* of DBL_MAX, where bit 0 counts 2^-1074 */

    SPECIAL_INFINITY = 1,
    SPECIAL_MINUS_INFINITY = 2,
    SPECIAL_NAN = 4,
};

static const uint64_t hidden_bit = UINT64_C(1) << FRACTION_BITS;
static const uint64_t infinite_bits = (uint64_t)LARGEST_EXPONENT << FRACTION_BITS;

/* The unique form of a value: all digits in 0 ... 2^32 - 1, except for the last, which has the
 * sign. Shifts of negative numbers are arithmetic in every supported compiler. */
static void exact_propagate(rp_exact *sum)
{
    int64_t carry = 0;
    for (int i = 0; i < DIGITS - 1; i++) {
        int64_t digit = sum->digits[i] + carry;
        carry = digit >> DIGIT_BITS;
        sum->digits[i] = digit & UINT32_MAX;
    }
    sum->digits[DIGITS - 1] += carry;
    sum->pending = 0;
}

/* Adds a fraction times 2^position. The low digit is positive and the high one has the sign, as in
 * two's complement. */
static inline void exact_add_at(rp_exact *sum, int64_t fraction, unsigned position)
{
    unsigned shift = position % DIGIT_BITS;
    int64_t *digits = sum->digits + position / DIGIT_BITS;
    digits[0] += (uint32_t)((uint64_t)fraction << shift);
    /* Keeps the compiler from joining both additions in a vector register: a load that straddles
     * the digits of the last store waits for the cache. */
    __asm__ volatile("" ::: "memory");
    digits[1] += fraction >> (DIGIT_BITS - shift);
}

/* Zeros, subnormal numbers, infinities and NaNs. */
static void exact_add_unusual(rp_exact *sum, uint64_t bits)
{
    uint64_t fraction = bits & (hidden_bit - 1);
    bool negative = bits >> 63 != 0;
    if ((bits & infinite_bits) == 0)
        exact_add_at(sum, negative ? -(int64_t)fraction : (int64_t)fraction, 0);
    else if (fraction != 0)
        sum->special |= SPECIAL_NAN;
    else
        sum->special |= negative ? SPECIAL_MINUS_INFINITY : SPECIAL_INFINITY;
}

/* Adds a number; there must be room for it in every digit. */
static inline void exact_add(rp_exact *sum, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    unsigned exponent = (unsigned)(bits >> FRACTION_BITS) & LARGEST_EXPONENT;
    if (__builtin_expect(exponent - 1 >= LARGEST_EXPONENT - 1, false)) {
        exact_add_unusual(sum, bits);
        return;
    }
    int64_t fraction = (int64_t)((bits & (hidden_bit - 1)) | hidden_bit);
    int64_t sign = -(int64_t)(bits >> 63); /* (a ^ -1) - -1 is -a */
    exact_add_at(sum, (fraction ^ sign) - sign, exponent - 1);
}

void rp_exact_add(rp_exact *sum, double x)
{
    if (sum->pending == MOST_PENDING)
        exact_propagate(sum);
    sum->pending++;
    exact_add(sum, x);
}

void rp_exact_add_array(rp_exact *sum, const double *x, int64_t n)
{
    while (n > 0) {
        if (sum->pending == MOST_PENDING)
            exact_propagate(sum);
        int64_t room = MOST_PENDING - sum->pending, block = n < room ? n : room;
        for (int64_t i = 0; i < block; i++)
            exact_add(sum, x[i]);
        sum->pending += (uint32_t)block;
        x += block;
        n -= block;
    }
}

int rp_exact_combine(void *left, const void *right, void *user)
{
    rp_exact *sum = left;
    const rp_exact *other = right;
    (void)user;
    exact_propagate(sum); /* leaves room for the digits of `other` as they are */
    for (int i = 0; i < DIGITS; i++)
        sum->digits[i] += other->digits[i];
    sum->special |= other->special;
    exact_propagate(sum);
    return 0;
}

/* Replaces a propagated number by its absolute value; true if it was negative. */
static bool exact_make_absolute(rp_exact *sum)
{
    if (sum->digits[DIGITS - 1] >= 0)
        return false;
    for (int i = 0; i < DIGITS; i++)
        sum->digits[i] = -sum->digits[i];
    exact_propagate(sum);
    return true;
}

/* The 54 bits from bit `begin` upward, of a propagated number of at most HIGHEST_BIT + 1 bits. */
static uint64_t exact_window(const rp_exact *sum, int begin)
{
    const int64_t *digits = sum->digits + begin / DIGIT_BITS;
    int shift = begin % DIGIT_BITS;
    uint64_t window = ((uint64_t)digits[0] | (uint64_t)digits[1] << DIGIT_BITS) >> shift;
    if (shift > 0)
        window |= (uint64_t)digits[2] << (2 * DIGIT_BITS - shift);
    return window & (4 * hidden_bit - 1);
}

/* Whether any of the bits below bit `end` is set. */
static bool exact_any_below(const rp_exact *sum, int end)
{
    uint64_t any =
        (uint64_t)sum->digits[end / DIGIT_BITS] & ((UINT64_C(1) << end % DIGIT_BITS) - 1);
    for (int i = 0; i < end / DIGIT_BITS; i++)
        any |= (uint64_t)sum->digits[i];
    return any != 0;
}

/* The bits of the double that is nearest to a propagated, positive number. */
static uint64_t exact_round(const rp_exact *sum)
{
    int last = DIGITS - 1;
    while (last > 0 && sum->digits[last] == 0)
        last--;
    if (sum->digits[last] == 0)
        return 0;
    int highest = last * DIGIT_BITS + 63 - __builtin_clzll((uint64_t)sum->digits[last]);
    if (highest > HIGHEST_BIT)
        return infinite_bits;
    if (highest <= FRACTION_BITS) /* exact; bit 52 is the exponent of the least normal number */
        return (uint64_t)sum->digits[0] | (uint64_t)sum->digits[1] << DIGIT_BITS;
    int half = highest - FRACTION_BITS - 1; /* the first bit that a double has no room for */
    uint64_t window = exact_window(sum, half), fraction = window >> 1;
    if ((window & 1) != 0 && ((fraction & 1) != 0 || exact_any_below(sum, half)))
        fraction++;
    /* The leading bit, or a carry out of the fraction, increments the exponent. */
    return ((uint64_t)(highest - FRACTION_BITS) << FRACTION_BITS) + fraction;
}

double rp_exact_value(const rp_exact *sum)
{
    if (sum->special != 0) {
        if (sum->special == SPECIAL_INFINITY)
            return INFINITY;
        return sum->special == SPECIAL_MINUS_INFINITY ? -INFINITY : (double)NAN;
    }
    rp_exact absolute = *sum;
    exact_propagate(&absolute);
    uint64_t negative = exact_make_absolute(&absolute);
    uint64_t bits = exact_round(&absolute) | negative << 63;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
