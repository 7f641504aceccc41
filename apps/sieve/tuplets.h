/* Prime k-tuplets: the closest groups of k primes that recur. */
#ifndef RANKPOOL_APPS_TUPLETS_H
#define RANKPOOL_APPS_TUPLETS_H

#include <stddef.h>
#include <stdint.h>

enum {
    MOST_TUPLET = 6 /* k; tuplets of 1 are primes */
};

/* "Primes", "Twin primes" ... */
const char *tuplets_name(int size);

/* The number of tuplets (0 or 1) that begin with the first of these successive primes. Distances
 * alone decide: no other prime fits between the primes of a tuplet. */
size_t tuplets_begin(int size, const uint64_t *primes, size_t count);

/* The number of tuplets among these successive primes. */
size_t tuplets_count(int size, const uint64_t *primes, size_t count);

#endif
