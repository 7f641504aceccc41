/* Random streams. Single draws are inline in the public header, which therefore defines the state;
 * this file generates blocks and fills arrays. */
#include "rankpool.h"

#include <Random123/philox.h>

/* External definitions, for compilers that do not inline. */
extern void rp_random_begin(rp_random *random, uint64_t seed, int64_t item);
extern uint64_t rp_random_bits(rp_random *random);
extern double rp_random_unit(uint64_t bits);
extern double rp_random_uniform(rp_random *random);

static inline uint32_t low_half(uint64_t word)
{
    return (uint32_t)word;
}

static inline uint32_t high_half(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

/* Always inlined, so that loops compute the key schedule once. */
__attribute__((always_inline)) static inline rp_random_pair
block_generate(uint64_t seed, uint64_t item, uint64_t number)
{
    philox4x32_ctr_t counter = {
        {low_half(number), high_half(number), low_half(item), high_half(item)}};
    philox4x32_key_t key = {{low_half(seed), high_half(seed)}};
    philox4x32_ctr_t word = philox4x32(counter, key);
    return (rp_random_pair){(uint64_t)word.v[1] << 32 | word.v[0],
                            (uint64_t)word.v[3] << 32 | word.v[2]};
}

rp_random_pair rp_random_block(uint64_t seed, uint64_t item, uint64_t block)
{
    return block_generate(seed, item, block);
}

static void blocks_fill(rp_random *random, double *x, int64_t blocks)
{
    uint64_t seed = random->seed, item = random->item, begin = random->block;
    for (int64_t i = 0; i < blocks; i++) {
        rp_random_pair pair = block_generate(seed, item, begin + (uint64_t)i);
        x[2 * i] = rp_random_unit(pair.first);
        x[2 * i + 1] = rp_random_unit(pair.second);
    }
    random->block += (uint64_t)blocks;
}

void rp_random_fill(rp_random *random, double *x, int64_t n)
{
    if (n <= 0)
        return;
    if (random->left > 0) {
        *x++ = rp_random_uniform(random);
        n--;
    }
    blocks_fill(random, x, n / 2);
    if (n % 2 == 1)
        x[n - 1] = rp_random_uniform(random);
}
