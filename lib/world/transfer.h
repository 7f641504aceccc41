/* Transfers: runs of units between ranks, of any length, many on their way at once. */
#ifndef RANKPOOL_WORLD_TRANSFER_H
#define RANKPOOL_WORLD_TRANSFER_H

#include "world/layout.h"

enum {
    TRANSFERS_AT_ONCE = 64
};

/* What is on its way. The runs must stay where they are until the end. */
struct transfer {
    MPI_Comm comm;
    int code; /* the first error of MPI; after it nothing more is begun */
    unsigned begun;
    MPI_Request requests[TRANSFERS_AT_ONCE];
};

void rpi_transfer_begin(struct transfer *transfer, MPI_Comm comm);

/* Both may wait for an earlier part to have arrived, so that what is on its way is bounded. */
void rpi_transfer_send(struct transfer *transfer, const struct run *from, int rank);
void rpi_transfer_receive(struct transfer *transfer, const struct run *to, int rank);

/* Copies within this rank, between runs of equal signature that do not overlap. */
void rpi_transfer_copy(struct transfer *transfer, const struct run *from, const struct run *to);

/* Waits until all has arrived, and returns MPI's error code. */
int rpi_transfer_end(struct transfer *transfer);

/* Copies the root's run to all ranks. Collective on `comm`. Returns MPI's error code. */
int rpi_run_broadcast(const struct run *run, int root, MPI_Comm comm);

#endif
