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
 *           one. A neighbour that has entered more than this rank, and not sent, waits for this rank,
 *           so it will never send. `meetings` is read first, with acquire: what was sent before the
 *           meeting is then seen. */
struct notice {
    alignas(128) struct signal_word news;
    _Atomic uint64_t sent;
    _Atomic uint64_t meetings;
};

/* The way to a neighbour. */
struct link {
    int rank;               /* -1: there is no neighbour */
    struct notice *notice;  /* its, or NULL: it is on another node */
    char *out[2], *in[2];   /* for the edges, by turns */
    size_t rows, row_bytes; /* of the edge */
    ptrdiff_t edge, border; /* where edge and halo begin, in bytes from the block's first cell */
    bool gone;              /* on another node: has closed the grid */
    MPI_Request *requests;  /* on another node: of `parts` messages in, then as many out */
    int parts;
};

/* Messages of all links to other nodes. */
struct mail {
    MPI_Comm comm;
    int count;
    MPI_Request *requests;
    MPI_Status *statuses;
    bool pending; /* they are on their way */
    bool left;    /* the neighbours know that this rank closes the grid */
};

struct halo {
    struct node_memory memory; /* notices, then outboxes */
    struct notice *notice;     /* this rank's */
    struct link links[HALO_DIRECTIONS];
    struct mail mail;
    uint64_t begun; /* exchanges */
    char *field;    /* being exchanged, or NULL */
    bool broken;    /* an exchange has failed */
};

/* Makes the links. Collective; *error becomes what went wrong on this rank. */
void rpi_halo_make(rp_grid *grid, rp_error *error);

/* Tells the neighbours on this node that this rank is about to meet. */
void rpi_halo_meet(struct halo *halo);

/* Frees what rpi_halo_make() made. `orderly`: all ranks do, and have left. */
void rpi_halo_drop(struct halo *halo, bool orderly);

/* Links to other nodes: room for an edge both ways; sending it and receiving the neighbour's;
 * waiting for both, which fails with RP_ERR_STATE if the neighbour is gone. */
rp_status rpi_mail_make(struct halo *halo, rp_error *error);
rp_status rpi_mail_begin(struct halo *halo, rp_error *error);
rp_status rpi_mail_end(struct halo *halo, bool spin, rp_error *error);

/* Lets MPI work on messages while this rank waits for something else. */
void rpi_mail_progress(const struct mail *mail);

/* Tells the neighbours on other nodes that this rank closes the grid. */
void rpi_mail_leave(struct halo *halo);

/* Frees what rpi_mail_make() made; orderly: when the neighbours, too, have left. */
void rpi_mail_drop(struct halo *halo, bool orderly);

#endif
