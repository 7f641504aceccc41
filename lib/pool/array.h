/* The arrays of a job, and how this rank reaches their elements: by a pointer of its own (on every
 * rank, in node memory, or this is the root), or in the private memory of another rank, slice by
 * slice. What one rank cannot know of another's pointers the ranks tell each other first. */
#ifndef RANKPOOL_POOL_ARRAY_H
#define RANKPOOL_POOL_ARRAY_H

#include "pool/pool.h"

/* An array as the caller of a job describes it. */
struct array {
    const char *name; /* for people */
    void *base;
    size_t size; /* bytes of an element; 0: there is no such array */
    rp_place place;
    bool output;
};

enum {
    MOST_ARRAYS = 3
};

/* How this rank reaches one array. */
struct reach {
    size_t size;
    char *here; /* element 0, or NULL: it is with the peer */
    int first_peer,
        last_peer; /* ranks whose private memory it is in, to be read or written; none if
                                  last < first */
};

struct told; /* what a rank told of its arrays */

/* How this rank reaches all arrays of a job. */
struct reaches {
    struct reach reach[MOST_ARRAYS];
    struct told *told; /* by rank; owned */
    int rank;
};

/* What is wrong with an array of n elements, as far as this rank can tell. */
rp_status rpi_array_check(const rp_pool *pool, const struct array *array, int64_t n,
                          rp_error *error);

/* Finds out how to reach `count` arrays. Collective: every rank gets the same status. Release it, also
 * after an error. */
rp_status rpi_arrays_reach(rp_pool *pool, const struct array *arrays, int count,
                           struct reaches *reaches, rp_error *error);

void rpi_arrays_release(struct reaches *reaches);

/* Copies elements of array `index` from its peer. False if they are not there. */
bool rpi_array_fetch(const struct reaches *reaches, int index, int64_t first, int64_t count,
                     void *elements);

/* Copies elements to where array `index` is wanted beyond our own memory. */
bool rpi_array_deliver(const struct reaches *reaches, int index, int64_t first, int64_t count,
                       const void *elements);

#endif
