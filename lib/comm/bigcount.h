/* Messages of any length, in parts that MPI can count: MPI counts in int, and some MPI libraries
 * fail above 2 GiB. Only bigcount.c knows the maximum size of a part. */
#ifndef RANKPOOL_COMM_BIGCOUNT_H
#define RANKPOOL_COMM_BIGCOUNT_H

#include "comm/datatype_layout.h"

/* Number of units in the next part, given `left` units of `size` bytes: at least one if any are
 * left. */
int rpi_part(int64_t left, int64_t size);

/* ---- bytes, blocking ------------------------------------------------------------------------- */

/* Send to, or receive from, one rank. Both return MPI error codes. */
int rpi_message_send(const void *bytes, size_t size, int rank, MPI_Comm comm);
int rpi_message_receive(void *bytes, size_t size, int rank, MPI_Comm comm);

/* Broadcasts from the root. Collective on `comm`. Returns an MPI error code. */
int rpi_message_broadcast(void *bytes, size_t size, int root, MPI_Comm comm);

/* ---- runs of elements ---------------------------------------------------------------------------
 * Up to TRANSFERS_AT_ONCE parts are in progress at once. */

enum {
    TRANSFERS_AT_ONCE = 64
};

/* What this rank sends to another in an exchange, or receives from it. It may be empty. */
typedef struct run (*round_part)(void *closure, int rank, bool receive);

/* Transfers in progress. The runs must stay in place until rpi_transfer_end(). */
struct transfer {
    MPI_Comm comm;
    int code; /* first error of MPI; no part is started after it */
    unsigned begun;
    MPI_Request requests[TRANSFERS_AT_ONCE];
    /* Of an exchange in rounds: */
    round_part part_of;
    void *closure;
    int rank, ranks;
    int round;           /* `ranks`: all have been started */
    struct run from, to; /* what is not yet started of this round */
};

void rpi_transfer_begin(struct transfer *transfer, MPI_Comm comm);

/* Start a transfer. Both may wait for an earlier part, which bounds the parts in progress. */
void rpi_transfer_send(struct transfer *transfer, const struct run *from, int rank);
void rpi_transfer_receive(struct transfer *transfer, const struct run *to, int rank);

/* Starts an exchange of every rank with every other: in round i a rank sends to the one i places
 * after it, and receives from the one i places before it, part by part in turn. So no rank waits
 * for a part that another will only start after it. This waits for nothing: later parts are started
 * by rpi_transfer_progress() and rpi_transfer_end(). */
void rpi_transfer_rounds(struct transfer *transfer, round_part part_of, void *closure);

/* Copies within this rank, between runs of equal signature that do not overlap; or does nothing if
 * they are the same. */
void rpi_transfer_copy(struct transfer *transfer, const struct run *from, const struct run *to);

/* Are parts in progress, or rounds left? */
bool rpi_transfer_pending(const struct transfer *transfer);

/* Lets MPI proceed with the transfers that have begun, and starts parts of further rounds, in a
 * rank that does something else. */
void rpi_transfer_progress(struct transfer *transfer);

/* Completes all transfers. Returns an MPI error code. */
int rpi_transfer_end(struct transfer *transfer);

/* Broadcasts the root's run. Collective on `comm`. Returns an MPI error code. */
int rpi_run_broadcast(const struct run *run, int root, MPI_Comm comm);

#endif
