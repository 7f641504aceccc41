/* The kernel of our own sieve: counts and lists the primes of its windows. */
#include "sieve/eratosthenes.h"
#include "sieve/kernel.h"
#include "sieve/tuplets.h"

#include <stdio.h>
#include <string.h>

static const uint64_t wheel_primes[] = {2, 3, 5};

enum {
    WHEEL_PRIMES = sizeof wheel_primes / sizeof wheel_primes[0],
    BATCH = 4096
};

/* Finds the interval's primes that windows do not represent. Returns their number. */
static size_t find_wheel_primes(uint64_t first, uint64_t last, uint64_t primes[WHEEL_PRIMES])
{
    size_t count = 0;
    for (int i = 0; i < WHEEL_PRIMES; i++)
        if (first <= wheel_primes[i] && wheel_primes[i] <= last)
            primes[count++] = wheel_primes[i];
    return count;
}

static bool count_standing(void *closure, const struct area *window)
{
    uint64_t *primes = closure, standing = 0;
    for (int64_t i = 0; i < window->size; i += 8) {
        uint64_t word = UINT64_MAX;
        memcpy(&word, window->bytes + i, window->size - i < 8 ? (size_t)(window->size - i) : 8);
        standing += (uint64_t)__builtin_popcountll(~word);
    }
    *primes += standing;
    return true;
}

/* Counting tuplets: each lies among the residues 7 to 31 of a multiple of 30, so between a byte
 * without its first bit and the first bit of the next. */
struct tuplet_count {
    uint8_t tuplets_of[256]; /* indexed by the primes among 7, 11, 13, 17, 19, 23, 29, 31 */
    uint8_t before;          /* the previous byte, with struck out numbers set */
    uint64_t tuplets;
};

static void count_byte(struct tuplet_count *count, uint8_t byte)
{
    uint8_t struck = (uint8_t)(count->before >> 1 | (byte & 1) << 7);
    count->tuplets += count->tuplets_of[(uint8_t)~struck];
    count->before = byte;
}

static bool count_window(void *closure, const struct area *window)
{
    struct tuplet_count *count = closure;
    for (int64_t i = 0; i < window->size; i++)
        count_byte(count, window->bytes[i]);
    return true;
}

static void make_table(struct tuplet_count *count, int size)
{
    for (unsigned standing = 0; standing < 256; standing++) {
        uint64_t numbers[RESIDUES];
        size_t length = 0;
        for (int i = 0; i < RESIDUES; i++)
            if (standing >> i & 1)
                numbers[length++] = i + 1 < RESIDUES ? residues[i + 1] : 31;
        count->tuplets_of[standing] = (uint8_t)tuplets_count(size, numbers, length);
    }
}

/* Tuplets that begin with 3 or 5, which no byte represents. All end below 31. */
static bool count_first_tuplets(int size, uint64_t first, uint64_t last, uint64_t *tuplets)
{
    static const uint64_t primes[] = {3, 5, 7, 11, 13, 17};
    size_t begin = 0, end = sizeof primes / sizeof primes[0];
    while (begin < end && primes[begin] < first)
        begin++;
    while (end > begin && primes[end - 1] > last)
        end--;
    for (; begin < end && primes[begin] <= 5; begin++)
        *tuplets += tuplets_begin(size, primes + begin, end - begin);
    return true;
}

static bool count_tuplets(int size, uint64_t first, uint64_t last, uint64_t *tuplets)
{
    struct tuplet_count count = {.before = 0xff};
    make_table(&count, size);
    if (!eratosthenes(first, last, count_window, &count))
        return false;
    count_byte(&count, 0xff);
    *tuplets = count.tuplets;
    return count_first_tuplets(size, first, last, tuplets);
}

static bool count(int size, uint64_t first, uint64_t last, uint64_t *counted)
{
    uint64_t few[WHEEL_PRIMES];
    if (size > 1)
        return count_tuplets(size, first, last, counted);
    *counted = find_wheel_primes(first, last, few);
    return eratosthenes(first, last, count_standing, counted);
}

struct listing {
    prime_taker take;
    void *closure;
};

static bool list_window(void *closure, const struct area *window)
{
    const struct listing *listing = closure;
    struct walk walk = walk_from(window);
    uint64_t primes[BATCH];
    size_t count = 0;
    bool wanted = true;
    for (uint64_t prime; wanted && (prime = walk_on(&walk)) != 0;) {
        primes[count++] = prime;
        if (count == BATCH) {
            wanted = listing->take(listing->closure, primes, count);
            count = 0;
        }
    }
    return wanted && listing->take(listing->closure, primes, count);
}

static bool list(uint64_t first, uint64_t last, prime_taker take, void *closure)
{
    uint64_t few[WHEEL_PRIMES];
    struct listing listing = {take, closure};
    if (!take(closure, few, find_wheel_primes(first, last, few)))
        return true;
    return eratosthenes(first, last, list_window, &listing);
}

static void describe(char title[KERNEL_TITLE_SIZE])
{
    snprintf(title, KERNEL_TITLE_SIZE, "the builtin sieve");
}

static uint64_t unit_width(uint64_t last)
{
    return 30 * (uint64_t)eratosthenes_window_bytes(integer_root(last));
}

/* A call finds the small primes; the large ones are found for each window in any case. */
static double call_overhead(uint64_t last)
{
    const uint64_t small = 1 << 18;
    uint64_t root = integer_root(last);
    return 1e-6 + 0.5e-9 * (double)(root < small ? root : small);
}

/* 0.3 ns where the primes up to the root fit into the cache. */
static double number_seconds(uint64_t last)
{
    (void)last;
    return 3e-10;
}

/* Its segments have a fixed size. */
static void set_size(int kibibytes)
{
    (void)kibibytes;
}

const struct kernel kernel_builtin = {
    .name = "builtin",
    .describe = describe,
    .set_size = set_size,
    .count = count,
    .list = list,
    .unit_width = unit_width,
    .part_width = unit_width,
    .call_overhead = call_overhead,
    .number_seconds = number_seconds,
};
