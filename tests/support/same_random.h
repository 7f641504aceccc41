/* Random numbers for tests: the same on all ranks that begin with the same seed, so that they agree
 * without communication. */
#ifndef RANKPOOL_TESTS_SAME_RANDOM_H
#define RANKPOOL_TESTS_SAME_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* Restarts the sequence of numbers from the seed. */
void seed_random(uint64_t seed);

/* random_below() draws a number from 0 to bound - 1; one_in() is true with probability 1 /
 * chances. */
uint64_t random_below(uint64_t bound);
bool one_in(uint64_t chances);

/* A bijective hash of a word; draws nothing. */
uint64_t mix_word(uint64_t word);

#endif
