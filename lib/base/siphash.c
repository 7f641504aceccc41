#include "base/siphash.h"

enum {
    COMPRESSION_ROUNDS = 2,
    FINALIZATION_ROUNDS = 4
};

static uint64_t siphash_rotate(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

/* Figure 2.1 of the paper. */
static void siphash_rounds(uint64_t v[4], int rounds)
{
    for (int i = 0; i < rounds; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = siphash_rotate(v[1], 13) ^ v[0];
        v[3] = siphash_rotate(v[3], 16) ^ v[2];
        v[0] = siphash_rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = siphash_rotate(v[1], 17) ^ v[2];
        v[3] = siphash_rotate(v[3], 21) ^ v[0];
        v[2] = siphash_rotate(v[2], 32);
    }
}

/* Up to eight bytes as a little-endian number. */
static uint64_t siphash_word(const unsigned char *bytes, size_t count)
{
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++)
        word |= (uint64_t)bytes[i] << 8 * i;
    return word;
}

static void siphash_compress(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    siphash_rounds(v, COMPRESSION_ROUNDS);
    v[0] ^= word;
}

uint64_t rpi_siphash(const struct siphash_key *key, const void *message, size_t bytes)
{
    const unsigned char *at = message;
    uint64_t v[4] = {key->words[0] ^ UINT64_C(0x736f6d6570736575),
                     key->words[1] ^ UINT64_C(0x646f72616e646f6d),
                     key->words[0] ^ UINT64_C(0x6c7967656e657261),
                     key->words[1] ^ UINT64_C(0x7465646279746573)};
    size_t left = bytes;
    for (; left >= 8; left -= 8, at += 8)
        siphash_compress(v, siphash_word(at, 8));
    siphash_compress(v, siphash_word(at, left) | (uint64_t)bytes << 56);
    v[2] ^= 0xff;
    siphash_rounds(v, FINALIZATION_ROUNDS);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
