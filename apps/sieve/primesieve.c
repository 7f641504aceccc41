/* Kim Walisch's libprimesieve, https://github.com/kimwalisch/primesieve: nobody sieves faster. */
#include "sieve/kernel.h"

#include <primesieve.h>
#include <stdio.h>

static void describe(char title[KERNEL_TITLE_SIZE])
{
    snprintf(title, KERNEL_TITLE_SIZE, "libprimesieve %s", primesieve_version());
}

/* The ranks are the threads: one each. The library reports an error on stderr itself. */
static bool count(uint64_t first, uint64_t last, uint64_t *primes)
{
    primesieve_set_num_threads(1);
    *primes = primesieve_count_primes(first, last);
    return *primes != PRIMESIEVE_ERROR;
}

/* 2^20 numbers take 0.1 ms, 4 * root numbers about 1.2 ns * root: narrow, so that the work divides
 * well; that calls are wide nonetheless is due to the cost of a call. */
static uint64_t unit_width(uint64_t last)
{
    uint64_t least = UINT64_C(1) << 20, width = 4 * integer_root(last);
    return width > least ? width : least;
}

/* A call finds the primes up to the root and where each of them first strikes. That costs 0.8 to 2.6
 * ns * root, measured from 10^9 to 10^15. Below a width of 1.26 * 10^8 the library also takes smaller
 * tables for small primes and 14 % longer: a millisecond on the average. */
static double call_seconds(uint64_t last)
{
    return 1e-3 + 2.5e-9 * (double)integer_root(last);
}

const struct kernel kernel_primesieve = {
    .name = "primesieve",
    .describe = describe,
    .count = count,
    .unit_width = unit_width,
    .call_seconds = call_seconds,
};
