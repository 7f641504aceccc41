/* Primes, or tuplets of them, into a file, which all ranks write together. */
#ifndef RANKPOOL_APPS_SAVING_H
#define RANKPOOL_APPS_SAVING_H

#include "sieve/interval.h"
#include "sieve/kernel.h"

/* Saves as the end of the name says: .npy for NumPy, .bin for uint64_t as they are in memory,
 * anything else for lines of text. Collective; *error is the same on every rank. */
rp_status save_tuplets(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                       int size, const char *path, rp_error *error);

#endif
