/**
 * @file rankpool/random.h
 * @brief Counter-based random numbers: draw k of item i is the same on every rank.
 */
#ifndef RANKPOOL_RANDOM_H
#define RANKPOOL_RANDOM_H

#include <rankpool/declarations.h>

#include <stdint.h>

RP_BEGIN_DECLARATIONS

/** State of a random stream. Its members are private; a copy continues independently. */
typedef struct rp_random {
    uint64_t seed, item;
    uint64_t block;  /**< next block to generate */
    uint64_t second; /**< second draw of the previous block */
    uint64_t left;   /**< 1: it is unused; 0: it is not */
    uint64_t reserved[3];
} rp_random;

/**
 * Starts the stream of an item under a seed. *Local,* like all functions here; four stores.
 *
 * Every pair of seed and item has its own stream of 2^65 draws, which then repeats. The generator
 * is Philox4x32-10: draws 2 b and 2 b + 1 are the two halves of its output for the key `seed` and
 * the counter (b, item). Different items and draws have different counters and never share a block,
 * and any seeds will do: 1, 2, 3 ... Each function documents the number of draws it makes, and the
 * functions may be mixed. The numbers pass BigCrush (Salmon, Moraes, Dror and Shaw: Parallel random
 * numbers: as easy as 1, 2, 3, SC11, 2011); they are not for cryptography. Integers and uniform
 * numbers are the same on every machine; normal and exponential ones are wherever the C library's
 * log() is.
 */
inline void rp_random_begin(rp_random *random, uint64_t seed, int64_t item)
{
    random->seed = seed;
    random->item = (uint64_t)item;
    random->block = 0;
    random->left = 0;
}

/** Two draws, of rp_random_block(). */
typedef struct rp_random_pair {
    uint64_t first, second;
} rp_random_pair;

/**
 * Generates a block of the stream of an item.
 *
 * For rp_random_bits(); programs need not call it. It gets and returns values, so that compilers
 * can keep the state of a stream in registers.
 */
rp_random_pair rp_random_block(uint64_t seed, uint64_t item, uint64_t block);

/** 64 random bits. One draw. Cost: about 5 ns. */
inline uint64_t rp_random_bits(rp_random *random)
{
    if (random->left == 0) {
        rp_random_pair pair = rp_random_block(random->seed, random->item, random->block++);
        random->second = pair.second;
        random->left = 1;
        return pair.first;
    }
    random->left = 0;
    return random->second;
}

/**
 * Converts 64 random bits to a uniform number: their first 53 times 2^-53, but 2^-53 for 0. So 1
 * minus the number is exact, and also in (0, 1).
 */
inline double rp_random_unit(uint64_t bits)
{
    double unit = (double)(int64_t)(bits >> 11) * (1 / 9007199254740992.0);
    return unit > 1 / 9007199254740992.0 ? unit : 1 / 9007199254740992.0;
}

/** Uniform in the open interval (0, 1), with 53 bits: rp_random_unit(). One draw. About 5 ns. */
inline double rp_random_uniform(rp_random *random)
{
    return rp_random_unit(rp_random_bits(random));
}

/**
 * The next n uniform numbers, the same as from n calls of rp_random_uniform(). n draws; about 5 ns
 * each.
 *
 * @param[out] x  n numbers. n <= 0: nothing happens.
 */
void rp_random_fill(rp_random *random, double *x, int64_t n);

/**
 * Normal with mean 0 and variance 1. One draw; about 15 ns.
 *
 * By inversion, to some 16 digits, up to 8.2 from 0 (Wichura: Algorithm AS 241, Applied Statistics
 * 37, 1988). The result is monotonic in the uniform number u of the draw, and 1 - u gives its
 * negative, so antithetic and stratified draws remain antithetic and stratified.
 */
double rp_random_normal(rp_random *random);

/** Exponential with mean 1: -log of a uniform number, up to 36.8. One draw; about 10 ns. */
double rp_random_exponential(rp_random *random);

/**
 * A uniform integer from 0 to bound - 1; any 64-bit integer if `bound` is 0. One draw, and further
 * ones with a probability below bound / 2^64; about 5 ns (Lemire: Fast random integer generation in
 * an interval, ACM Transactions on Modeling and Computer Simulation 29, 2019).
 */
uint64_t rp_random_below(rp_random *random, uint64_t bound);

RP_END_DECLARATIONS

#endif
