/* Primes, or tuplets of them, as they go into a file or on the terminal. */
#ifndef RANKPOOL_APPS_WRITER_H
#define RANKPOOL_APPS_WRITER_H

#include "sieve/digits.h"
#include "sieve/interval.h"
#include "sieve/kernel.h"
#include "sieve/tuplets.h"

#include <stddef.h>

enum writing {
    WRITE_TEXT,  /* a line for each */
    WRITE_WORDS, /* uint64_t as they are in memory */
};

/* Takes what is written, some at a time. False: it can take no more. */
typedef bool (*bytes_taker)(void *closure, const char *bytes, size_t count);

/* Writes the tuplets of `size` primes that lie in an interval. False: there is not enough
 * memory, or `take` said so. */
bool write_tuplets(const struct kernel *kernel, int size, enum writing writing,
                   struct interval interval, bytes_taker take, void *closure);

/* How many bytes that are. False: there is not enough memory. */
bool measure_tuplets(const struct kernel *kernel, int size, enum writing writing,
                     struct interval interval, uint64_t *bytes);

#endif
