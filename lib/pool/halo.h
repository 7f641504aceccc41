/* The halo: borders that neighbouring blocks exchange.
 *
 * On a node, each rank has a notice and an outbox in node memory. To begin an exchange it copies
 * the edges of its block into the outbox and counts the exchange in its notice; to end it, it waits
 * until each neighbour has counted as far, and copies the neighbours' edges out of their outboxes.
 * An outbox has two halves, used in turn: who begins exchange n + 2 has ended n + 1, so each
 * neighbour has begun n + 1, so it has ended n and needs the half no more.
 *
 * To another node the same edges go as messages. */
#ifndef RANKPOOL_POOL_HALO_H
#define RANKPOOL_POOL_HALO_H

#include "base/waiting.h"
#include "world/node_memory.h"

#include <stdalign.h>

/* The blocks around a block, numbered row by row; the one in the middle is itself. */
enum {
    HALO_DIRECTIONS = 9
};

/* What a rank tells the others of its node. It alone writes the counts; who waits sleeps on `news`.
 *
 * sent      exchanges begun; stored with release when the edges are in the outbox.
 * meetings  meetings entered since the grid was made; stored with release before the rank waits in
 *           one. A neighbour that has entered more than this rank, and not sent, waits for this
 *           rank, so it will never send. `meetings` is read first, with acquire: what was sent
 *           before the meeting is then seen. */
struct notice {
    alignas(128) struct signal_word news;
    _Atomic uint64_t sent;
    _Atomic uint64_t meetings;
};

/* A notice to another node: a message. Each rank sends one to its neighbours there when it enters a
 * meeting. */
struct tidings {
    uint64_t sent, meetings;
};

/* The way to a neighbour. */
struct link {
    int rank;               /* -1: there is no neighbour */
    struct notice *notice;  /* its, or NULL: it is on another node */
    char *out[2], *in[2];   /* for the edges, by turns */
    size_t rows, row_bytes; /* of the edge */
    ptrdiff_t edge, border; /* where edge and halo begin, in bytes from the block's first cell */
    /* On another node only: */
    struct tidings told;   /* the last that came from there */
    MPI_Request *requests; /* of `parts` messages in, then as many out */
    int parts;             /* of an edge; 0: it is on this node */
};

/* Messages of all links to other nodes. */
struct mail {
    MPI_Comm comm;
    int count;
    MPI_Request *requests;
    bool pending; /* edges are on their way */
    struct tidings tidings[2];
    MPI_Request tidings_requests[2][HALO_DIRECTIONS];
};

struct halo {
    struct node_memory memory; /* notices, then outboxes */
    struct notice *notice;     /* this rank's */
    struct link links[HALO_DIRECTIONS];
    struct mail mail;
    bool spin;      /* there is a core for everyone */
    uint64_t begun; /* exchanges */
    char *field;    /* being exchanged, or NULL */
    bool broken;    /* an exchange has failed */
};

/* Makes the links. Collective; *error becomes what went wrong on this rank. */
void rpi_halo_make(rp_grid *grid, rp_error *error);

/* Tells the neighbours that this rank is about to meet. */
void rpi_halo_meet(struct halo *halo);

/* Will the neighbour that has told this never send the edge that this rank waits for? And what to
 * say then. */
bool rpi_halo_is_lost(const struct halo *halo, uint64_t sent, uint64_t meetings);
rp_status rpi_halo_lost(const struct halo *halo, const struct link *link, rp_error *error);

/* Frees what rpi_halo_make() made, or nothing. `orderly`: all ranks have met to do so. */
void rpi_halo_drop(struct halo *halo, bool orderly);

/* Before anything else. */
void rpi_mail_clear(struct mail *mail);

/* Links to other nodes: room for an edge both ways; sending it and receiving the neighbour's;
 * waiting for both, which fails with RP_ERR_STATE if the neighbour's will never come. */
rp_status rpi_mail_make(struct halo *halo, rp_error *error);
rp_status rpi_mail_begin(struct halo *halo, rp_error *error);
rp_status rpi_mail_end(struct halo *halo, rp_error *error);

/* Frees what rpi_mail_make() made; orderly: when nothing is on its way any more. */
void rpi_mail_drop(struct halo *halo, bool orderly);

/* Sends tidings to the neighbours on other nodes. */
void rpi_tidings_send(struct halo *halo);

/* Takes those that have arrived; lets MPI work on messages meanwhile. Returns MPI's error code, as
 * the next does. */
int rpi_tidings_take(struct halo *halo);

/* Waits until a neighbour has entered as many meetings as this rank. */
int rpi_tidings_await(struct halo *halo, const struct link *link);

#endif
