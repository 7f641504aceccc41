/* What the collectives that move data share: argument checks, an agreement before the transfer and
 * one after it.
 *
 * The agreement after the transfer gives every rank the worst status of all ranks, and keeps ranks
 * from going on while another still reads the caller's memory. Between the two, the ranks call MPI,
 * and all take part. */
#ifndef RANKPOOL_COLLECTIVE_COLLECTIVE_H
#define RANKPOOL_COLLECTIVE_COLLECTIVE_H

#include "comm/bigcount.h"
#include "pool/pool.h"

/* What a pool keeps for its collectives. */
struct collectives {
    struct aggregate *aggregate; /* in node memory, after the activities: see node_aggregate.h */
    uint32_t aggregates_filled;  /* how often another node's data filled it */
    bool directly;               /* collectives bypass the aggregate, even for small data */
    struct ring *rings;          /* in node memory, after the aggregate: see node_exchange.h */
    struct layout predefined;    /* of the last predefined datatype in use, to measure it once */
    rp_file *files;              /* open ones */
    int64_t files_made;          /* the number of the next */
};

struct collective {
    rp_pool *pool;
    struct vote vote;     /* rpi_collective_begin() sets the terms of every call */
    struct layout layout; /* of an element; valid if there is no error */
    int root;             /* 0 in calls without a root */
    int64_t n;
    const int64_t *counts; /* elements of each rank; NULL: near-equal blocks */
};

/* Each of these checks arguments, and records the first error in the vote. */

void rpi_collective_begin(struct collective *collective, rp_pool *pool, enum call call, int root,
                          int64_t n, rp_element element);

/* The same with one count per rank: n is their sum. */
void rpi_collective_begin_counted(struct collective *collective, rp_pool *pool, enum call call,
                                  int root, const int64_t *counts, rp_element element);

/* A buffer of `count` elements of this rank; `name` is for error messages. Empty if there is an
 * error. */
struct run rpi_collective_buffer(struct collective *collective, const char *name, const void *base,
                                 int64_t count);

/* The buffer for this rank's part. */
struct run rpi_collective_own(struct collective *collective, const char *name, const void *base);

/* Checks that two buffers do not overlap. */
void rpi_collective_apart(struct collective *collective, const struct run *one,
                          const struct run *other);

/* Checks that this rank's part does not overlap `all`, unless it is at its own place there. */
void rpi_collective_apart_or_own(struct collective *collective, const struct run *own,
                                 const struct run *all);

/* Is this buffer node memory? Then it must be at the same place there on every rank. */
bool rpi_collective_on_nodes(struct collective *collective, const struct run *run);

/* Records another error. */
void rpi_collective_refuse(struct collective *collective, rp_status status, const char *text);

/* Is this rank the root? */
bool rpi_collective_at_root(const struct collective *collective);

/* The number of elements in a rank's part. The parts follow one another. */
int64_t rpi_collective_part(const struct collective *collective, int rank);

/* The number of elements in the largest part. */
int64_t rpi_collective_largest_part(const struct collective *collective);

/* The position of a rank's part among all parts. Initially zero. */
struct part_place {
    int rank;
    int64_t first;
};

/* A rank's part of `all`, found from a previous position: fast if that is of a slightly lower
 * rank. */
struct run rpi_collective_find(const struct collective *collective, const void *all, int rank,
                               struct part_place *place);

/* The blocks of all ranks as MPI's vector collectives take them: counts and displacements, both
 * int. The whole is cut into pieces that these can count. */
struct shares {
    int *counts, *places;
};

/* The ranks' shares of the `count` units that begin with unit `first`. */
void rpi_shares_set(const struct collective *collective, int64_t first, int count,
                    struct shares *shares);

/* Allocates the shares, or records an error. Free both members with free(). */
struct shares rpi_shares_make(struct collective *collective);

/* The agreement before the transfer. Only after RP_OK may data be moved. */
rp_status rpi_collective_agree(struct collective *collective);

/* The agreement after the transfer, or between two steps of it; `code` is what the MPI function
 * `call` returned on this rank. */
rp_status rpi_collective_end(struct collective *collective, int code, const char *call);

/* file.c: drops all files that are still open, unfinished. Local. */
void rpi_files_drop(rp_pool *pool);

#endif
