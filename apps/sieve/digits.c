#include "sieve/digits.h"

#include <string.h>

static const uint64_t low_part = 100000000;

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

int digits_count(uint64_t number)
{
    int count = 1;
    for (; number >= 10; number /= 10)
        count++;
    return count;
}

static char *put_plainly(char *at, uint64_t number)
{
    int count = digits_count(number);
    for (int i = count - 1; i >= 0; i--, number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + count;
}

static void put_four(char *at, uint32_t number)
{
    memcpy(at, pairs + 2 * (number / 100), 2);
    memcpy(at + 2, pairs + 2 * (number % 100), 2);
}

char *digits_put(struct digits *digits, char *at, uint64_t number)
{
    if (number < low_part)
        return put_plainly(at, number);
    if (number - digits->base >= low_part || digits->length == 0) {
        digits->base = number / low_part * low_part;
        digits->length = (int)(put_plainly(digits->prefix, number / low_part) - digits->prefix);
    }
    uint32_t low = (uint32_t)(number - digits->base);
    memcpy(at, digits->prefix, sizeof digits->prefix);
    at += digits->length;
    put_four(at, low / 10000);
    put_four(at + 4, low % 10000);
    return at + 8;
}
