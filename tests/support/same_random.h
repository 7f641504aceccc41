/* Random numbers of tests: the same for all ranks that begin with the same seed, so that they agree
 * on what to do without a word. */
#ifndef RANKPOOL_TESTS_SAME_RANDOM_H
#define RANKPOOL_TESTS_SAME_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers drawn from now on follow from the seed. */
void seed_random(uint64_t seed);

/* Draws a number from 0 to bound - 1; draws whether one chance of so many has come. */
uint64_t random_below(uint64_t bound);
bool one_in(uint64_t chances);

/* Another word for each word; draws nothing. */
uint64_t mix_word(uint64_t word);

#endif
