/* Kim Walisch's libprimesieve, https://github.com/kimwalisch/primesieve: the fastest sieve there
 * is. */
#include "sieve/kernel.h"

#include <math.h>
#include <primesieve.h>
#include <stdio.h>

static void describe(char title[KERNEL_TITLE_SIZE])
{
    snprintf(title, KERNEL_TITLE_SIZE, "libprimesieve %s", primesieve_version());
}

/* One thread for each rank, since the ranks work in parallel. The library prints an error on stderr
 * itself. */
static bool count(int size, uint64_t first, uint64_t last, uint64_t *counted)
{
    static uint64_t (*const counters[])(uint64_t first, uint64_t last) = {
        NULL,
        primesieve_count_primes,
        primesieve_count_twins,
        primesieve_count_triplets,
        primesieve_count_quadruplets,
        primesieve_count_quintuplets,
        primesieve_count_sextuplets,
    };
    primesieve_set_num_threads(1);
    *counted = counters[size](first, last);
    return *counted != PRIMESIEVE_ERROR;
}

/* The iterator fills one array repeatedly, which is passed on as it is. */
static bool list(uint64_t first, uint64_t last, prime_taker take, void *closure)
{
    const uint64_t largest_prime = UINT64_C(18446744073709551557); /* beyond it: an error */
    primesieve_iterator iterator;
    if (last > largest_prime)
        last = largest_prime;
    if (first > last)
        return true;
    primesieve_init(&iterator);
    primesieve_jump_to(&iterator, first, last);
    bool wanted = true, within = true;
    while (wanted && within && !iterator.is_error) {
        primesieve_generate_next_primes(&iterator);
        size_t count = iterator.is_error ? 0 : iterator.size;
        within = count > 0 && iterator.primes[count - 1] < last;
        while (count > 0 && iterator.primes[count - 1] > last)
            count--;
        wanted = take(closure, iterator.primes, count);
    }
    bool good = !iterator.is_error;
    primesieve_free_iterator(&iterator);
    return good;
}

/* 2^20 numbers take 0.1 ms, 4 * root numbers about 1.2 ns * root: narrow, so that the work divides
 * well; the cost of a call (below) makes calls wide nonetheless. */
static uint64_t unit_width(uint64_t last)
{
    uint64_t least = UINT64_C(1) << 20, width = 4 * integer_root(last);
    return width > least ? width : least;
}

/* A call finds the primes up to the root and the first multiple of each. That costs 2.5 ns * root
 * at 10^12, 1.5 at 10^13, 0.85 at 10^15, and 0.45 at 10^18. Below a width of 1.26 * 10^8 the
 * library also uses smaller tables for small primes and takes 14 to 25 % longer: half a millisecond
 * on average. */
static double call_overhead(uint64_t last)
{
    double root = (double)integer_root(last);
    return 0.6e-3 + 2.5e-9 * (root > 1e6 ? sqrt(sqrt(root * root * root * 1e6)) : root);
}

/* 0.037 ns at 10^7, 0.08 at 10^9, 0.16 at 10^12, 0.3 at 10^15, 0.6 at 10^18. */
static double number_seconds(uint64_t last)
{
    double billions = fmax((double)last, 1e7) / 1e9;
    return 8e-11 * pow(billions, billions < 1 ? 0.17 : 0.1);
}

/* Few calls sieve many parts each, so parts may be narrow: a sixteenth of what costs as much as a
 * call. */
static uint64_t part_width(uint64_t last)
{
    uint64_t least = UINT64_C(1) << 20;
    double width = call_overhead(last) / number_seconds(last) / 16;
    return width > (double)least ? (uint64_t)width : least;
}

/* Below a width of about 1.26 * 10^8 the library uses smaller tables for small primes. */
const struct kernel kernel_primesieve = {
    .name = "primesieve",
    .describe = describe,
    .set_size = primesieve_set_sieve_size,
    .count = count,
    .list = list,
    .unit_width = unit_width,
    .part_width = part_width,
    .call_width = 130000000,
    .call_overhead = call_overhead,
    .number_seconds = number_seconds,
};
