/* What the collectives that move data share: arguments that make sense, a meeting before and a
 * meeting after.
 *
 * The meeting after tells every rank how it went on all of them; and nobody goes on while a rank
 * still reads the caller's memory. In between MPI is called, by ranks that are all there. */
#ifndef RANKPOOL_POOL_COLLECTIVE_H
#define RANKPOOL_POOL_COLLECTIVE_H

#include "pool/pool.h"
#include "world/transfer.h"

struct collective {
    rp_pool *pool;
    struct ballot ballot; /* the terms before TERM_OWN are set by rpi_collective_begin() */
    struct layout layout; /* of an element; known if nothing is wrong */
    int root;             /* 0 in calls without one */
    int64_t n;
    const int64_t *counts; /* elements of each rank, or NULL: near-equal blocks */
};

enum {
    TERM_OWN = 4
};

/* Each of these looks at arguments, and notes in the ballot the first thing that is wrong. */

void rpi_collective_begin(struct collective *collective, rp_pool *pool, enum call call, int root,
                          int64_t n, rp_element element);

/* The same, for one count per rank: n is their sum. */
void rpi_collective_begin_counted(struct collective *collective, rp_pool *pool, enum call call,
                                  int root, const int64_t *counts, rp_element element);

/* A buffer of so many elements of this rank; `name` for people. Empty if something is wrong. */
struct run rpi_collective_buffer(struct collective *collective, const char *name, const void *base,
                                 int64_t count);

/* The buffer of this rank's part. */
struct run rpi_collective_own(struct collective *collective, const char *name, const void *base);

/* Two buffers that must not overlap. */
void rpi_collective_apart(struct collective *collective, const struct run *one,
                          const struct run *other);

/* A buffer that may be node memory, and is then the same place in it on every rank. Is it? */
bool rpi_collective_on_nodes(struct collective *collective, const struct run *run);

/* Something else that is wrong. */
void rpi_collective_refuse(struct collective *collective, rp_status status, const char *text);

/* Is this rank the root? */
bool rpi_collective_at_root(const struct collective *collective);

/* How many elements are a rank's part; the parts follow one another. */
int64_t rpi_collective_part(const struct collective *collective, int rank);

/* A place among the parts: where that of a rank begins. Zero at first. */
struct part_place {
    int rank;
    int64_t first;
};

/* A rank's part of all, found from the place of another: quickly, if its rank is a
 * little higher. */
struct run rpi_collective_find(const struct collective *collective, const void *all, int rank,
                               struct part_place *place);

/* Sends, or receives, what of `all` belongs to others, and returns this rank's own part of it. */
struct run rpi_collective_others(const struct collective *collective, const void *all,
                                 void (*move)(struct transfer *, const struct run *, int rank),
                                 struct transfer *transfer);

/* The meeting before. Unless it returns RP_OK, nothing may be moved. */
rp_status rpi_collective_meet(struct collective *collective);

/* The meeting after, or between two steps; `code` is what MPI answered to `call` here. */
rp_status rpi_collective_end(struct collective *collective, int code, const char *call);

#endif
