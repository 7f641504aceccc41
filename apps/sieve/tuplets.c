#include "sieve/tuplets.h"

#include <stdbool.h>

enum {
    MOST_PATTERNS = 2
};

/* The distances of a tuplet's further primes from its first; one or two patterns for each k. */
static const struct {
    const char *name;
    int patterns;
    uint8_t distances[MOST_PATTERNS][MOST_TUPLET - 1];
} kinds[MOST_TUPLET + 1] = {
    [1] = {"Primes", 1, {{0}}},
    [2] = {"Twin primes", 1, {{2}}},
    [3] = {"Prime triplets", 2, {{2, 6}, {4, 6}}},
    [4] = {"Prime quadruplets", 1, {{2, 6, 8}}},
    [5] = {"Prime quintuplets", 2, {{2, 6, 8, 12}, {4, 6, 10, 12}}},
    [6] = {"Prime sextuplets", 1, {{4, 6, 10, 12, 16}}},
};

const char *tuplets_name(int size)
{
    return kinds[size].name;
}

static bool fits(int size, const uint8_t *distances, const uint64_t *primes)
{
    bool fitting = true;
    for (int i = 1; i < size && fitting; i++)
        fitting = primes[i] - primes[0] == distances[i - 1];
    return fitting;
}

size_t tuplets_begin(int size, const uint64_t *primes, size_t count)
{
    bool found = false;
    for (int i = 0; i < kinds[size].patterns && count >= (size_t)size; i++)
        found = found || fits(size, kinds[size].distances[i], primes);
    return found;
}

size_t tuplets_count(int size, const uint64_t *primes, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += tuplets_begin(size, primes + i, count - i);
    return found;
}
