/* Exchange of bytes between neighbours: inside a node through node memory, between nodes by
 * messages.
 *
 * Three agreements divide a call. Before the first, each rank checks its arguments and announces to
 * the ranks of its node what it sends (node_exchange.h). Then it finds out what its neighbours
 * send, from these announcements and from the headers that neighbours on other nodes send, compares
 * the lists of neighbours, and makes its buffers large enough. After the second agreement the bytes
 * travel; the third tells every rank the outcome. */
#ifndef RANKPOOL_COLLECTIVE_EXCHANGE_H
#define RANKPOOL_COLLECTIVE_EXCHANGE_H

#include "collective/collective.h"

struct exchange {
    rp_pool *pool;
    int n;
    const int *ranks;
    rp_buffer *const *out, *const *in;
    int *place;             /* by rank: its place in `ranks`, or -1. Owned */
    int64_t *arriving;      /* by place: bytes that the neighbour sends; -1: not known. Owned */
    struct header *headers; /* by place: to neighbours on other nodes; NULL: one node. Owned */
    MPI_Request *requests;  /* of the headers, by place. Owned */
    struct layout bytes;    /* of a byte */
    rp_error error;         /* the first of this rank */
};

/* The next functions are in exchange_nodes.c. */

/* A rank sends this many bytes, or does not list this rank (-1). Records an error if the lists
 * differ, else makes the buffer as large. */
void rpi_exchange_note(struct exchange *exchange, int rank, int64_t bytes);

/* Allocates the headers. False: no memory. */
bool rpi_exchange_headers_make(struct exchange *exchange);

/* Sends a header to each neighbour on another node, and receives theirs, with the first bytes of
 * what they announce. It terminates whatever the lists of neighbours are. Every rank of the pool
 * takes part. Returns an MPI error code. */
int rpi_exchange_headers(struct exchange *exchange);

/* For rpi_transfer_rounds(), with the exchange as closure: what goes to a rank on another node, or
 * comes from there, and is not in its header. */
struct run rpi_exchange_rest(void *closure, int rank, bool receive);

#endif
