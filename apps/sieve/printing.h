/* Primes, or tuplets of them, on standard output, in order, while the next are being found. */
#ifndef RANKPOOL_APPS_PRINTING_H
#define RANKPOOL_APPS_PRINTING_H

#include "sieve/interval.h"
#include "sieve/kernel.h"

/* Prints, a line for each. Collective; *error is the same on every rank. That the output is not read any
 * more is no error. */
rp_status print_tuplets(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                        int size, rp_error *error);

#endif
