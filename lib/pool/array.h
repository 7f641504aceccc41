/* The arrays of a job, and how this rank reaches their elements: by a pointer of its own (on every
 * rank, in node memory, or this is the root); in the private memory of another rank of the node,
 * which the kernel copies from and to, slice by slice; or through the stage, which the agent of
 * the node fills and empties. What one rank cannot know of another's pointers the ranks tell each
 * other first. */
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
    bool status;        /* says, byte by byte, which items' outputs are there */
    rp_place published; /* where it is wanted in the end, beside the root; RP_ON_ROOT: nowhere */
};

enum {
    MOST_ARRAYS = 3
};

/* How this rank reaches one array. */
struct reach {
    size_t size;
    char *here;     /* element 0, or NULL: it is with the peer, or on the stage */
    bool staged;    /* it is on the stage, batch by batch */
    bool spread;    /* what one rank or node has of it in the end the others have to get */
    int first_peer; /* ranks whose private memory it is in, to be read or written; */
    int last_peer;  /* none if last < first */
};

struct told; /* what a rank told of its arrays */

/* How this rank reaches all arrays of a job. */
struct reaches {
    struct reach reach[MOST_ARRAYS];
    struct told *told; /* by rank; owned */
    int rank;
    struct living *living; /* where ranks survive; or NULL */
    bool status_wanted;    /* by the root; otherwise statuses may be kept on the stage only */
};

/* What is wrong with an array of n elements, as far as this rank can tell. */
rp_status rpi_array_check(const rp_pool *pool, const struct array *array, int64_t n,
                          rp_error *error);

/* Finds out how to reach `count` arrays. Collective: every rank gets the same status. Release it,
 * also after an error. */
rp_status rpi_arrays_reach(rp_pool *pool, const struct array *arrays, int count,
                           struct reaches *reaches, rp_error *error);

/* Where ranks of several nodes survive, the root is to have what is wanted on all of them: until it
 * has been published, with pool/spread.h, nobody else needs to live. */
void rpi_arrays_bring_home(const rp_pool *pool, struct array *arrays, int count);

/* There: does every rank of this node mean the same memory as the root? Others have found
 * out together. */
rp_status rpi_arrays_compare(const rp_pool *pool, const struct array *arrays, int count,
                             const struct reaches *reaches, rp_error *error);

/* Does what comes of the units of other nodes travel to the root? The same answer on every rank. */
bool rpi_arrays_delivered(const rp_pool *pool, const struct array *arrays, int count,
                          const struct reaches *reaches);

/* Copies bytes of array `index`, from an offset on, to a rank of this node that told of it. */
bool rpi_array_copy_to(const struct reaches *reaches, int index, int rank, size_t offset,
                       const void *bytes, size_t count);

/* How the ranks of other nodes than the root's reach them. For the root. */
void rpi_arrays_reach_from_afar(const struct array *arrays, int count, struct reach *reach);

/* Is an array on the stage of any node? The same answer on every rank. */
bool rpi_arrays_staged(const rp_pool *pool, const struct array *arrays, int count,
                       const struct reaches *reaches);

void rpi_arrays_release(struct reaches *reaches);

/* Copies elements of array `index` from its peer. False if they are not there. */
bool rpi_array_fetch(const struct reaches *reaches, int index, int64_t first, int64_t count,
                     void *elements);

/* Copies elements to where array `index` is wanted beyond our own memory. */
bool rpi_array_deliver(const struct reaches *reaches, int index, int64_t first, int64_t count,
                       const void *elements);

#endif
