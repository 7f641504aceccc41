/* Exchange of bytes between neighbours: inside a node by reading each other's memory, between nodes
 * by messages.
 *
 * Three agreements divide a call. Before the first, each rank checks its arguments and writes its
 * offers into node memory. Then it finds out what its neighbours send, from their offers and from
 * the headers that neighbours on other nodes send, compares the lists of neighbours, and makes its
 * buffers large enough. After the second agreement it copies or receives, and after the third no
 * rank reads another's memory any more. */
#ifndef RANKPOOL_COLLECTIVE_EXCHANGE_H
#define RANKPOOL_COLLECTIVE_EXCHANGE_H

#include "collective/collective.h"
#include "comm/cma.h"

/* What a rank sends to another rank of its node. */
struct offer {
    uint64_t address; /* in the sender's private memory */
    int64_t bytes;    /* -1: it does not list that rank */
};

/* In node memory, for each rank of the node one, followed by an offer to each. All ranks read what
 * a rank has written; agreements are between the two.
 *
 * self          The rank writes it before the first agreement of its first exchanges, until
 *               `no_access` is known; the others read it in every exchange, between the first and
 *               the third agreement.
 * offers        It writes them before the first agreement of each exchange; the others read them
 *               between that and the third.
 * no_access     It writes it in its first exchange, before the second agreement; the others read it
 *               after that. */
struct offers {
    struct peer self;
    int64_t no_access; /* this rank cannot read the memory of some other rank of the node */
};

struct exchange {
    rp_pool *pool;
    int n;
    const int *ranks;
    rp_buffer *const *out, *const *in;
    int *place;             /* by rank: its place in `ranks`, or -1. Owned */
    int64_t *arriving;      /* by place: bytes that the neighbour sends; -1: not known. Owned */
    struct header *headers; /* by place: to neighbours on other nodes; NULL: one node. Owned */
    MPI_Request *requests;  /* of the headers, by place. Owned */
    MPI_Request *rest;      /* of the other messages. Owned */
    rp_error error;         /* the first of this rank */
};

/* Bytes of node memory. */
size_t rpi_offers_bytes(int node_ranks);

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

/* What headers have not carried, also inside a node where ranks may not read each other's memory:
 * the first allocates requests, when all lengths are known (false: no memory). The second sends and
 * receives, and returns an MPI error code. */
bool rpi_exchange_rest_make(struct exchange *exchange);
int rpi_exchange_rest(struct exchange *exchange);

#endif
