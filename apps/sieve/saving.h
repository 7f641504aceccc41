/* Primes, or prime tuplets, in a file that all ranks write together. */
#ifndef RANKPOOL_APPS_SAVING_H
#define RANKPOOL_APPS_SAVING_H

#include "sieve/interval.h"
#include "sieve/kernel.h"

/* The name's extension selects the format: .npy for NumPy, .bin for uint64_t in native byte order,
 * anything else for lines of text. Collective; *error is the same on every rank. */
rp_status save_tuplets(rp_pool *pool, const struct kernel *kernel, struct interval interval,
                       int size, const char *path, rp_error *error);

#endif
