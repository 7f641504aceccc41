/* SipHash-2-4, a message authentication code for short messages (Aumasson, Bernstein: SipHash: a
 * fast short-input PRF, 2012). Without the key, the code of a message cannot be computed, even from
 * other messages and their codes. */
#ifndef RANKPOOL_BASE_SIPHASH_H
#define RANKPOOL_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t words[2]; /* bytes 0 to 7 and 8 to 15, little-endian */
};

uint64_t rpi_siphash(const struct siphash_key *key, const void *message, size_t bytes);

#endif
