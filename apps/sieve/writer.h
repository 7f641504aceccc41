/* Text or binary output of primes or prime tuplets. */
#ifndef RANKPOOL_APPS_WRITER_H
#define RANKPOOL_APPS_WRITER_H

#include "sieve/digits.h"
#include "sieve/interval.h"
#include "sieve/kernel.h"
#include "sieve/tuplets.h"

#include <stddef.h>

enum writing {
    WRITE_TEXT,  /* a line for each */
    WRITE_WORDS, /* uint64_t in native byte order */
};

/* Takes output, some at a time. False: it cannot take more. */
typedef bool (*bytes_taker)(void *closure, const char *bytes, size_t count);

/* Writes the tuplets of `size` primes in an interval. False: there is not enough memory, or `take`
 * failed. */
bool write_tuplets(const struct kernel *kernel, int size, enum writing writing,
                   struct interval interval, bytes_taker take, void *closure);

/* The number of bytes of that output. False: there is not enough memory. */
bool measure_tuplets(const struct kernel *kernel, int size, enum writing writing,
                     struct interval interval, uint64_t *bytes);

#endif
