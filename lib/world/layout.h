/* Layout: how the elements of a collective lie in memory, in units that MPI can count.
 *
 * An element that is plain bytes is as many units of one byte, any other is one unit of its
 * datatype. So transfers know units only, and can be cut between any two of them. All ranks must
 * cut at the same places: so where an element is plain bytes on one rank it must be so on all. */
#ifndef RANKPOOL_WORLD_LAYOUT_H
#define RANKPOOL_WORLD_LAYOUT_H

#include "rankpool.h"

struct layout {
    MPI_Datatype type;  /* of a unit */
    int64_t units;      /* in an element */
    int64_t size;       /* bytes of data in a unit */
    MPI_Aint extent;    /* bytes from a unit to the next */
    MPI_Aint low, high; /* bytes of a unit lie from `low` to before `high`, seen from its address */
    uint64_t signature; /* of what an element is made, whatever its gaps; 0: plain bytes */
};

/* A run of units in memory. */
struct run {
    char *base;
    int64_t units;
    const struct layout *layout;
};

/* The layout of elements; refuses datatypes that cannot be used. `comm`: any communicator that
 * returns errors; nothing is sent. Local. */
rp_status rpi_layout_make(struct layout *layout, rp_element element, MPI_Comm comm,
                          rp_error *error);

/* Could n elements lie in memory? */
bool rpi_layout_fits(const struct layout *layout, int64_t n);

/* The run of `count` elements that begins `first` elements after `base`. */
struct run rpi_run(const struct layout *layout, const void *base, int64_t first, int64_t count);

/* The part of a run that begins with its unit `first`. */
struct run rpi_run_part(const struct run *run, int64_t first, int64_t units);

/* Bytes from a run's base to the end of its last unit. */
ptrdiff_t rpi_run_reach(const struct run *run);

/* Do two runs have bytes between their first and their last in common? */
bool rpi_runs_overlap(const struct run *a, const struct run *b);

#endif
