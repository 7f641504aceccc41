/* The arrays of a job, and how this rank accesses their elements: by a local pointer (the array is
 * on every rank, in node memory, or this rank is the root); by CMA, chunk by chunk, in the private
 * memory of another rank of the node; or through the stage, which the node's agent fills and
 * empties. The ranks first exchange what they cannot know of each other's pointers. */
#ifndef RANKPOOL_DATA_ACCESS_H
#define RANKPOOL_DATA_ACCESS_H

#include "pool/pool.h"

/* An array as the caller of a job describes it. */
struct array {
    const char *name; /* for error messages */
    void *base;
    size_t size; /* bytes of an element; 0: no such array */
    rp_place place;
    bool output;
    bool status;        /* one byte per item: whether its outputs are valid */
    rp_place published; /* final place besides the root; RP_ON_ROOT: none */
};

enum {
    MOST_ARRAYS = 3
};

/* How this rank accesses one array. */
struct access {
    size_t size;
    char *local;    /* element 0, or NULL: in a peer's memory, or staged */
    bool staged;    /* on the stage, batch by batch */
    bool replicate; /* elements computed here must be replicated to the other ranks or nodes */
    int first_peer; /* first and */
    int last_peer;  /* last rank whose private memory to read or write; none if last < first */
};

struct array_addresses; /* what a rank has told about its arrays */

/* How this rank accesses all arrays of a job. */
struct accesses {
    struct access access[MOST_ARRAYS];
    struct array_addresses *addresses; /* by rank: of this node's and of the root; owned. NULL if
                                          all elements have 0 bytes */
    struct world *world;
    bool status_wanted; /* the root wants statuses; otherwise they may exist on the stage only */
};

/* Checks an array of n elements, as far as this rank can tell. */
rp_status rpi_array_check(const rp_pool *pool, const struct array *array, int64_t n,
                          rp_error *error);

/* Finds out how to access `count` arrays. Collective: every rank gets the same status, and
 * pool->last. Release `accesses` with rpi_arrays_release(), also after an error. */
rp_status rpi_arrays_access(rp_pool *pool, const struct array *arrays, int count,
                            struct accesses *accesses);

/* Where ranks of several nodes survive, outputs that are wanted on all of them are collected on the
 * root first: until they are published (data/replicate.c), only the root needs to live. */
void rpi_arrays_collect_on_root(const rp_pool *pool, struct array *arrays, int count);

/* Do all ranks of this node pass the same node memory as the root? */
rp_status rpi_arrays_compare(const rp_pool *pool, const struct array *arrays, int count,
                             const struct accesses *accesses, rp_error *error);

/* Are results of other nodes sent to the root? The same answer on every rank. */
bool rpi_arrays_delivered(const rp_pool *pool, const struct array *arrays, int count,
                          const struct accesses *accesses);

/* Copies bytes into array `index`, at an offset, of a rank of this node that has told its
 * address. */
bool rpi_array_copy_to(const struct accesses *accesses, int index, int rank, size_t offset,
                       const void *bytes, size_t count);

/* On the root: how ranks of other nodes access the arrays. */
void rpi_arrays_access_remote(const struct array *arrays, int count, struct access *access);

/* Is any array staged on any node? The same answer on every rank. */
bool rpi_arrays_staged(const rp_pool *pool, const struct array *arrays, int count,
                       const struct accesses *accesses);

void rpi_arrays_release(struct accesses *accesses);

/* Copies elements of array `index` from its peer. False if they are not mapped there. */
bool rpi_array_fetch(const struct accesses *accesses, int index, int64_t first, int64_t count,
                     void *elements);

/* Copies elements to the peers that want array `index`. False if they are not mapped there. */
bool rpi_array_deliver(const struct accesses *accesses, int index, int64_t first, int64_t count,
                       const void *elements);

/* Outputs may be wanted on every node or rank, but lie where they were computed. Replicates what
 * each node or rank has computed of such arrays, after the agreement that ends the job; where
 * ranks of several nodes survive, publishes the root's copy. Preserves the pool's last error,
 * which that agreement set, unless replicating fails. Collective: every rank gets the same status.
 * Only for a job that has such an array, or ends in rounds; see replicate(). */
rp_status rpi_replicate(rp_pool *pool, const struct array *arrays, int count,
                        const struct accesses *accesses, const struct units *units);

/* The same, for jobs that may have no such array. */
static inline rp_status replicate(rp_pool *pool, const struct array *arrays, int count,
                                  const struct accesses *accesses, const struct units *units)
{
    bool needed = false;
    for (int i = 0; i < count; i++)
        needed = needed || accesses->access[i].replicate || arrays[i].published != RP_ON_ROOT;
    return needed ? rpi_replicate(pool, arrays, count, accesses, units) : pool->last.status;
}

#endif
