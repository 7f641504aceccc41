/* Data that are small enough to travel in the agreement that begins a collective: with it, the call
 * is done, after one meeting of the ranks and without MPI.
 *
 * Every rank offers its data, or its readiness for those of another. A rank that cannot, because
 * its datatype has gaps, does not; then no data travel, the agreement says so on every rank, and
 * the call goes on as for larger data. */
#ifndef RANKPOOL_COLLECTIVE_SMALL_DATA_H
#define RANKPOOL_COLLECTIVE_SMALL_DATA_H

#include "collective/collective.h"

enum {
    SMALL_EXTENT = 2 * VOTE_DATA_BYTES /* bytes from begin to end of a run that is offered */
};

/* Offers the run, of `elements` elements at most on any rank, or only rank `only` (-1: every rank)
 * has data. */
void rpi_small_offer(struct collective *collective, const struct run *mine, int64_t elements,
                     int only);

/* After the agreement: has it brought the data of all ranks? The same on every rank. */
bool rpi_small_brought(const struct collective *collective);

/* Copies the data of a rank into a run: its units from `first` on. */
void rpi_small_copy(const struct collective *collective, int rank, int64_t first,
                    const struct run *to);

/* Copies the data of every rank to its part of `all`. */
void rpi_small_copy_all(const struct collective *collective, const void *all);

/* Copies a run to another of the same layout and length. */
void rpi_small_copy_run(const struct run *from, const struct run *to);

/* small_reduction.c: offers the elements of a reduction. */
void rpi_small_reduction_offer(struct collective *collective, const struct run *mine, MPI_Op op);

/* Joins the elements of the ranks 0 ... joined - 1, one rank after the other: ((0 op 1) op 2) ...
 * So the result does not depend on MPI, nor on the nodes. `result` gets the units from `first`
 * on. */
rp_status rpi_small_reduction_join(const struct collective *collective, MPI_Op op, int joined,
                                   int64_t first, const struct run *result);

#endif
