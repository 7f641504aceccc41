/* The sieve of Eratosthenes, segmented (Bays and Hudson, BIT 17, 1977) and without the multiples of
 * 2, 3 and 5: byte b represents the numbers 30 b + {1, 7, 11, 13, 17, 19, 23, 29}, a bit each,
 * which is set when the number is struck out (Pritchard's wheel, Acta Informatica 17, 1982).
 *
 * An interval is sieved in windows. Small primes strike out a window segment by segment, each of
 * which stays in the cache; large ones strike out the whole window at once, and are found by
 * sieving when they are needed. So memory is bounded by one window, one segment and the small
 * primes, although near 2^64 there are 203 million primes up to the root. */
#include "sieve/eratosthenes.h"

#include "sieve/kernel.h"

#include <stdlib.h>
#include <string.h>

enum {
    SEGMENT_BYTES = 1 << 17, /* of the second-level cache: 7.9 million numbers */
    WINDOW_BYTES = 1 << 24,  /* 503 million numbers */
    SMALL_LIMIT = 1 << 18,   /* small: several multiples in every segment; and at least 2^16 */
    SMALL_PRIMES = 23000     /* that many primes are below 2^18 */
};

const uint8_t residues[RESIDUES] = {1, 7, 11, 13, 17, 19, 23, 29};

/* The bit of a residue modulo 30. */
static const uint8_t bit_of_residue[30] = {
    [1] = 0, [7] = 1, [11] = 2, [13] = 3, [17] = 4, [19] = 5, [23] = 6, [29] = 7};

/* A product of two residues is 30 * bytes plus the residue of the bit in mask. */
struct product {
    uint8_t bytes;
    uint8_t mask;
};

struct sieve {
    struct product products[RESIDUES][RESIDUES];
    uint32_t small_primes[SMALL_PRIMES]; /* from 7 on, ascending */
    int small_count;
    uint8_t segment[SEGMENT_BYTES]; /* segment in which primes are searched */
    uint8_t window[];               /* window in which primes are counted */
};

static void make_products(struct sieve *sieve)
{
    for (int i = 0; i < RESIDUES; i++)
        for (int k = 0; k < RESIDUES; k++) {
            int product = residues[i] * residues[k];
            struct product *entry = &sieve->products[i][k];
            entry->bytes = (uint8_t)(product / 30);
            entry->mask = (uint8_t)(1 << bit_of_residue[product % 30]);
        }
}

/* Strikes the multiples of a prime, except itself, out of an area.
 *
 * Its products with 30 t + 1, 30 t + 7, ... 30 t + 29 are 8 bits in the bytes from prime * t on, at
 * the same distances for every t: 8 progressions with a step of prime bytes. */
static void strike(const struct sieve *sieve, const struct area *area, uint64_t prime)
{
    const struct product *product = sieve->products[bit_of_residue[prime % 30]];
    int64_t size = area->size, step = (int64_t)prime, cycle = -(int64_t)(area->first % prime);
    uint8_t *bytes = area->bytes;
    for (int k = 0; k < RESIDUES; k++) {
        int64_t at = cycle + step / 30 * residues[k] + product[k].bytes;
        uint8_t mask = product[k].mask;
        bool is_prime_itself = k == 0 && area->first < prime;
        if (at < 0 || is_prime_itself)
            at += step;
        for (; at < size; at += step)
            bytes[at] |= mask;
    }
}

/* Clears an area and strikes out 1, which no prime does. */
static void clear(const struct area *area)
{
    memset(area->bytes, 0, (size_t)area->size);
    if (area->first == 0)
        area->bytes[0] = 1;
}

struct walk walk_from(const struct area *area)
{
    return (struct walk){.area = area};
}

uint64_t walk_on(struct walk *walk)
{
    while (walk->standing == 0) {
        if (walk->next_byte == walk->area->size)
            return 0;
        walk->base = (walk->area->first + (uint64_t)walk->next_byte) * 30;
        walk->standing = 0xffu & ~(unsigned)walk->area->bytes[walk->next_byte++];
    }
    int bit = __builtin_ctz(walk->standing);
    walk->standing &= walk->standing - 1;
    return walk->base + residues[bit];
}

/* A number not struck out when the walk reaches it is prime. No prime strikes a number of its own
 * byte, which the walk has read already. */
static void find_small_primes(struct sieve *sieve, uint64_t limit)
{
    struct area area = {0, (int64_t)(limit / 30 + 1), sieve->segment};
    uint64_t prime;
    clear(&area);
    sieve->small_count = 0;
    struct walk walk = walk_from(&area);
    while ((prime = walk_on(&walk)) != 0 && prime <= limit) {
        sieve->small_primes[sieve->small_count++] = (uint32_t)prime;
        if (prime * prime <= limit)
            strike(sieve, &area, prime);
    }
}

static void strike_small_primes(const struct sieve *sieve, const struct area *area, uint64_t root)
{
    for (int i = 0; i < sieve->small_count && sieve->small_primes[i] <= root; i++)
        strike(sieve, area, sieve->small_primes[i]);
}

/* Finds the primes from SMALL_LIMIT to the root, segment by segment. */
static void strike_large_primes(struct sieve *sieve, const struct area *window, uint64_t root)
{
    struct area area = {SMALL_LIMIT / 30, SEGMENT_BYTES, sieve->segment};
    for (; area.first <= root / 30; area.first += SEGMENT_BYTES) {
        uint64_t prime;
        clear(&area);
        strike_small_primes(sieve, &area, integer_root((area.first + SEGMENT_BYTES) * 30));
        struct walk walk = walk_from(&area);
        while ((prime = walk_on(&walk)) != 0 && prime <= root)
            if (prime > SMALL_LIMIT)
                strike(sieve, window, prime);
    }
}

/* Strikes out the numbers beyond an interval's ends in its first and last byte. */
static void clip(const struct area *window, uint64_t first, uint64_t last)
{
    for (int bit = 0; bit < RESIDUES; bit++) {
        if (window->first == first / 30 && residues[bit] < first % 30)
            window->bytes[0] |= (uint8_t)(1 << bit);
        if (window->first + (uint64_t)window->size > last / 30 && residues[bit] > last % 30)
            window->bytes[last / 30 - window->first] |= (uint8_t)(1 << bit);
    }
}

static void sieve_window(struct sieve *sieve, const struct area *window, uint64_t root)
{
    clear(window);
    for (int64_t begin = 0; begin < window->size; begin += SEGMENT_BYTES) {
        int64_t rest = window->size - begin;
        struct area segment = {window->first + (uint64_t)begin,
                               rest < SEGMENT_BYTES ? rest : SEGMENT_BYTES, window->bytes + begin};
        strike_small_primes(sieve, &segment, root);
    }
    if (root > SMALL_LIMIT)
        strike_large_primes(sieve, window, root);
}

/* Wide enough that finding the large primes, once a window, costs little compared with striking. */
int64_t eratosthenes_window_bytes(uint64_t root)
{
    if (root < SEGMENT_BYTES)
        return SEGMENT_BYTES;
    return root < WINDOW_BYTES ? (int64_t)root : WINDOW_BYTES;
}

bool eratosthenes(uint64_t first, uint64_t last, window_visitor visit, void *closure)
{
    uint64_t root = integer_root(last), bytes = last / 30 - first / 30 + 1;
    uint64_t most = (uint64_t)eratosthenes_window_bytes(root);
    struct sieve *sieve = malloc(sizeof *sieve + (bytes < most ? bytes : most));
    if (sieve == NULL)
        return false;
    make_products(sieve);
    find_small_primes(sieve, root < SMALL_LIMIT ? root : SMALL_LIMIT);
    bool wanted = true;
    for (uint64_t done = 0; done < bytes && wanted; done += most) {
        uint64_t rest = bytes - done;
        struct area window = {first / 30 + done, (int64_t)(rest < most ? rest : most),
                              sieve->window};
        sieve_window(sieve, &window, root);
        clip(&window, first, last);
        wanted = visit(closure, &window);
    }
    free(sieve);
    return true;
}
