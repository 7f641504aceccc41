#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t seed = UINT64_C(88172645463325252), state;

uint64_t fuzz_begin(int argc, char **argv, uint64_t count)
{
    char none[] = "", *end = none;
    if (argc > 1)
        count = strtoull(argv[1], &end, 10);
    if (argc > 2 && *end == '\0')
        seed = strtoull(argv[2], &end, 10);
    if (*end != '\0' || argc > 3 || seed == 0) {
        fprintf(stderr, "usage: %s [COUNT [SEED]]\n", argv[0]);
        exit(2);
    }
    state = seed;
    return count;
}

/* Marsaglia, Xorshift RNGs, 2003. */
uint64_t fuzz_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

uint64_t fuzz_below(uint64_t bound)
{
    return bound > 0 ? fuzz_random() % bound : 0;
}

void fuzz_fail(const char *check, const char *file, int line)
{
    fprintf(stderr, "FAILED: %s:%d: %s (seed %" PRIu64 ")\n", file, line, check, seed);
    abort();
}
