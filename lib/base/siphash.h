/* SipHash-2-4, a message authentication code for short messages (Aumasson, Bernstein: SipHash: a
 * fast short-input PRF, 2012). Without the key nobody can compute the code of a message, however
 * many messages and codes they have seen. */
#ifndef RANKPOOL_BASE_SIPHASH_H
#define RANKPOOL_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t words[2]; /* bytes 0 to 7, and 8 to 15, each with the lowest first */
};

uint64_t rpi_siphash(const struct siphash_key *key, const void *message, size_t bytes);

#endif
