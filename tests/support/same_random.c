#include "same_random.h"

static uint64_t state;

void seed_random(uint64_t seed)
{
    state = seed;
}

/* Vigna, An experimental exploration of Marsaglia's xorshift generators, 2016; the mixer is
 * Stafford's number 13. */
uint64_t mix_word(uint64_t word)
{
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

uint64_t random_below(uint64_t bound)
{
    state += UINT64_C(0x9e3779b97f4a7c15);
    return mix_word(state) % bound;
}

bool one_in(uint64_t chances)
{
    return random_below(chances) == 0;
}
