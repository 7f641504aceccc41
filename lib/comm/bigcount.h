/* Nonblocking transfers of runs of any length, in parts that MPI can count. Up to TRANSFERS_AT_ONCE
 * parts are in progress at once. */
#ifndef RANKPOOL_COMM_BIGCOUNT_H
#define RANKPOOL_COMM_BIGCOUNT_H

#include "comm/datatype_layout.h"

enum {
    TRANSFERS_AT_ONCE = 64
};

/* Transfers in progress. The runs must stay in place until rpi_transfer_end(). */
struct transfer {
    MPI_Comm comm;
    int code; /* first error of MPI; no part is started after it */
    unsigned begun;
    MPI_Request requests[TRANSFERS_AT_ONCE];
};

void rpi_transfer_begin(struct transfer *transfer, MPI_Comm comm);

/* Start a transfer. Both may wait for an earlier part, which bounds the parts in progress. */
void rpi_transfer_send(struct transfer *transfer, const struct run *from, int rank);
void rpi_transfer_receive(struct transfer *transfer, const struct run *to, int rank);

/* Copies within this rank, between runs of equal signature that do not overlap. */
void rpi_transfer_copy(struct transfer *transfer, const struct run *from, const struct run *to);

/* Completes all transfers. Returns an MPI error code. */
int rpi_transfer_end(struct transfer *transfer);

/* Broadcasts the root's run. Collective on `comm`. Returns an MPI error code. */
int rpi_run_broadcast(const struct run *run, int root, MPI_Comm comm);

#endif
