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

/* A round of an exchange: what this rank sends to a rank, and what it receives from another. Either
 * may be empty. */
struct round {
    struct run from, to;
    int to_rank, from_rank;
};

/* Finds the next round. False: there are no more. */
typedef bool (*round_finder)(void *closure, struct round *round);

/* Transfers in progress. The runs must stay in place until rpi_transfer_end(). */
struct transfer {
    MPI_Comm comm;
    int code; /* first error of MPI; no part is started after it */
    unsigned begun;
    MPI_Request requests[TRANSFERS_AT_ONCE];
    round_finder next; /* or NULL: no further rounds */
    void *closure;
    struct round round; /* what is not yet started of the current one */
};

void rpi_transfer_begin(struct transfer *transfer, MPI_Comm comm);

/* Start a transfer. Both may wait for an earlier part, which bounds the parts in progress. */
void rpi_transfer_send(struct transfer *transfer, const struct run *from, int rank);
void rpi_transfer_receive(struct transfer *transfer, const struct run *to, int rank);

/* Starts an exchange in rounds, part by part in turn. It waits for nothing: later parts are started
 * by rpi_transfer_progress() and rpi_transfer_end(). If in each round every rank sends to the rank
 * that receives from it in that round, no rank waits for a part that another will only start after
 * it. */
void rpi_transfer_rounds(struct transfer *transfer, round_finder next, void *closure);

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
