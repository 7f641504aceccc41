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

/* Sieving takes about 0.3 ns a number, so a unit of 8 roots takes 2.4 ns * root, and a call of its
 * own adds 0.9 ns * root. 2^20 numbers take 0.1 ms. */
static uint64_t unit_width(uint64_t last)
{
    uint64_t least = UINT64_C(1) << 20, width = 8 * integer_root(last);
    return width > least ? width : least;
}

/* A call finds the primes up to the root and where each of them first strikes: 0.8 to 1.0 ns * root,
 * measured from 10^11 to 10^17. */
static double call_seconds(uint64_t last)
{
    return 1e-6 + 0.9e-9 * (double)integer_root(last);
}

const struct kernel kernel_primesieve = {
    .name = "primesieve",
    .describe = describe,
    .count = count,
    .unit_width = unit_width,
    .call_seconds = call_seconds,
};
