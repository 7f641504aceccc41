/* Layout of the elements of a collective in memory, in units that MPI can count.
 *
 * An element of plain bytes has one unit per byte; any other element is one unit of its datatype.
 * Transfers handle only units, and may be cut between any two of them. All ranks must cut at the
 * same places, so if an element is plain bytes on one rank it must be on all. */
#ifndef RANKPOOL_COMM_DATATYPE_LAYOUT_H
#define RANKPOOL_COMM_DATATYPE_LAYOUT_H

#include "rankpool.h"

struct layout {
    MPI_Datatype type;  /* of a unit */
    int64_t units;      /* per element */
    int64_t size;       /* data bytes of a unit */
    MPI_Aint extent;    /* bytes from one unit to the next */
    MPI_Aint low, high; /* a unit occupies bytes [low, high) relative to its address */
    uint64_t signature; /* of the element, ignoring gaps; 0: plain bytes */
    bool dense;         /* a unit is `size` bytes from its address on, as MPI packs them */
    bool predefined;    /* by MPI, so the layout never changes */
};

/* Consecutive units in memory. */
struct run {
    char *base;
    int64_t units;
    const struct layout *layout;
};

/* Fills in the layout of an element, or refuses a datatype that cannot be used. `comm`: any
 * communicator that returns errors; nothing is sent. Local. */
rp_status rpi_layout_make(struct layout *layout, rp_element element, MPI_Comm comm,
                          rp_error *error);

/* Are consecutive units plain bytes, one after the other as MPI packs them? */
bool rpi_layout_plain(const struct layout *layout);

/* Can n elements fit in the address space? */
bool rpi_layout_fits(const struct layout *layout, int64_t n);

/* Returns the run of `count` elements that begins `first` elements after `base`. */
struct run rpi_run(const struct layout *layout, const void *base, int64_t first, int64_t count);

/* Returns the part of a run that begins with its unit `first`. */
struct run rpi_run_part(const struct run *run, int64_t first, int64_t units);

/* The byte range of a run that is not empty: its base need not be the lowest address. */
void rpi_run_byte_range(const struct run *run, uintptr_t *begin, uintptr_t *end);

/* Bytes from a run's base to the end of its last unit. */
ptrdiff_t rpi_run_extent(const struct run *run);

/* Do the byte ranges of two runs, from first to last byte, overlap? */
bool rpi_runs_overlap(const struct run *a, const struct run *b);

/* Of the signature of a valid type. Local. */
struct signature {
    uint64_t hash;   /* equal for equal signatures, on every rank */
    bool in_order;   /* its values are in memory in the order of the signature, for sure */
    bool predefined; /* by MPI */
};

rp_status rpi_signature(MPI_Datatype type, struct signature *signature, rp_error *error);

#endif
