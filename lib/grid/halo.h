/* The halo: the exchange of edges between neighbouring blocks.
 *
 * On a node, each rank has a notice and an outbox in node memory. To begin an exchange, a rank
 * copies the edges of its block into its outbox and counts the exchange in its notice. To end it,
 * the rank waits until each neighbour's count has reached its own, and copies the neighbours' edges
 * out of their outboxes. An outbox has two halves, used in turn: a rank that begins exchange n + 2
 * has ended n + 1, so each neighbour has begun n + 1, has therefore ended n, and no longer needs
 * that half.
 *
 * To another node the same edges go as messages. */
#ifndef RANKPOOL_GRID_HALO_H
#define RANKPOOL_GRID_HALO_H

#include "base/eventcount.h"
#include "base/strided_copy.h"
#include "comm/shm_segment.h"

#include <stdalign.h>

/* A block has up to 8 neighbours in a two-dimensional field, and 26 in three dimensions. */
enum {
    HALO_MOST_LINKS = 26
};

/* Progress of a rank, for the other ranks of its node. Only the rank itself writes the counts;
 * ranks that wait for it sleep on `changed`.
 *
 * sent        exchanges begun; stored with release when the edges are in the outbox.
 * agreements  agreements entered since the grid was made; stored with release before the rank waits
 *             in one. A neighbour that has entered more agreements than this rank, and has not
 *             sent, waits for this rank there, so it will never send. Read `agreements` first,
 *             with acquire: then everything sent before that agreement is visible. */
struct notice {
    alignas(128) struct eventcount changed;
    _Atomic uint64_t sent;
    _Atomic uint64_t agreements;
};

/* The same counts as a message. On entering an agreement, a rank sends one to each of its
 * neighbours on other nodes. */
struct halo_counts {
    uint64_t sent, agreements;
};

/* The link to a neighbour. */
struct link {
    int rank;                   /* the neighbour */
    struct notice *notice;      /* the neighbour's; NULL: it is on another node */
    char *out[2], *in[2];       /* buffers for the edges, used in turn */
    ptrdiff_t edge, border;     /* start of this rank's edge and of its halo, in bytes from
                                          the block's first cell */
    struct strided_block shape; /* of both; without `first` */
    /* Only for a neighbour on another node: */
    struct halo_counts last_counts; /* the last that arrived from it */
    MPI_Request *requests; /* of `parts` incoming messages, then of as many outgoing ones */
    int parts;             /* messages per edge; 0: the neighbour is on this node */
};

/* Messages of all links to other nodes. */
struct halo_remote {
    MPI_Comm comm;
    int count;
    MPI_Request *requests;
    bool pending; /* edges are in flight */
    struct halo_counts counts[2];
    MPI_Request counts_requests[2][HALO_MOST_LINKS];
};

struct halo {
    struct node_memory memory; /* notices, then outboxes */
    struct notice *notice;     /* this rank's */
    int neighbours;
    struct link links[HALO_MOST_LINKS]; /* one for each neighbour */
    struct halo_remote remote;
    bool spin;      /* waiting ranks may spin: each has a core */
    uint64_t begun; /* exchanges begun */
    char *field;    /* being exchanged, or NULL */
    bool broken;    /* an exchange has failed */
};

/* Makes the links. Collective. Reports a failure on this rank in *error. */
void rpi_halo_make(rp_grid *grid, rp_error *error);

/* Notifies the neighbours that this rank is about to enter an agreement. Fails if MPI does; the
 * notice of the next agreement replaces the missing one. */
rp_status rpi_halo_before_agreement(struct halo *halo, rp_error *error);

/* What becomes of messages in flight when a grid is closed, or could not be opened. */
enum halo_end {
    HALO_DRAIN,   /* all ranks have agreed to close it: wait for them */
    HALO_ABANDON, /* ranks are out of step: cancel what can be cancelled */
    HALO_UNUSED,  /* there are none: no rank has begun an exchange */
    HALO_FORGET   /* ranks have died: call MPI no more, and leave its buffers alone */
};

/* Frees what rpi_halo_make() made, if anything. */
void rpi_halo_drop(struct halo *halo, enum halo_end end);

/* Initialises to null handles. Call it before all other functions. */
void rpi_halo_remote_clear(struct halo_remote *remote);

/* Links to other nodes. _make allocates buffers for the edges in both directions, _begin starts to
 * send and receive them, _end waits for both. _end fails with RP_ERR_STATE if a neighbour's edge
 * will never arrive. */
rp_status rpi_halo_remote_make(struct halo *halo, rp_error *error);
rp_status rpi_halo_remote_begin(struct halo *halo, rp_error *error);
rp_status rpi_halo_remote_end(struct halo *halo, rp_error *error);

/* Frees what rpi_halo_remote_make() made. */
void rpi_halo_remote_drop(struct halo *halo, enum halo_end end);

/* The next two return MPI error codes. */

/* Sends this rank's progress to the neighbours on other nodes. */
int rpi_halo_progress_send(struct halo *halo);

/* Receives progress that has arrived, and lets MPI advance other messages. */
int rpi_halo_progress_take(struct halo *halo);

/* Given a neighbour's counts: will it never send the edge that this rank waits for? The second sets
 * the error for that case. */
bool rpi_halo_is_lost(const struct halo *halo, uint64_t sent, uint64_t agreements);
rp_status rpi_halo_lost(const struct halo *halo, const struct link *link, rp_error *error);

#endif
