/* Primes, or prime tuplets, on stdout, in order, while the next ones are being found. */
#ifndef RANKPOOL_APPS_PRINTING_H
#define RANKPOOL_APPS_PRINTING_H

#include "sieve/interval.h"
#include "sieve/kernel.h"

/* Prints, one per line. Collective; *error is the same on every rank. It is no error if the reader
 * closes stdout. */
rp_status print_tuplets(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                        int size, rp_error *error);

#endif
