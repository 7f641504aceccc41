/* Agreement: every collective call begins with one. The ranks of a pool sleep until all have
 * arrived, compare their votes, and receive the same decision.
 *
 * Within a node the ranks rendezvous in node memory on futexes. The first ranks of the nodes
 * exchange summaries by MPI messages, which they poll between sleeps because a blocking MPI call
 * keeps a core busy. */
#ifndef RANKPOOL_COMM_AGREEMENT_H
#define RANKPOOL_COMM_AGREEMENT_H

#include "base/eventcount.h"
#include "comm/call_table.h"
#include "comm/liveness.h"
#include "comm/tcp_hub.h"
#include "rankpool.h"

enum {
    MAILBOX_BYTES = 512,    /* exchanged before an agreement; see resilience/survival.h */
    VOTE_DATA_BYTES = 64,   /* the data of a vote */
    VOTES_DATA_BYTES = 4096 /* of all votes of an agreement */
};

/* What a rank contributes to an agreement. */
struct vote {
    enum call call;
    int64_t terms[VOTE_TERMS]; /* all ranks must agree on these; unused ones are 0 */
    rp_error error;            /* what this rank found wrong, or RP_OK */
    bool cut_off; /* the error reports a lost node, so the decision must not wait for it */
    /* Data for the other ranks; rpi_vote_data() sets their size. */
    int data_bytes; /* of each vote that has data; 0: this rank has none, and wants none */
    int data_rank;  /* the only rank that has data, or -1: all have */
    char data[VOTE_DATA_BYTES];
};

/* Payloads that travel with an agreement of several nodes whose ranks survive deaths. The leader of
 * each node calls these functions, after all ranks of the node have arrived and before they
 * leave. */
struct piggyback {
    /* Not on the root's node: returns a malloc()ed payload for the root, or NULL for none. */
    void *(*load)(void *closure, size_t *bytes);
    /* On the root: processes the payload of a node. Returns false, and changes nothing, if the
     * payload is invalid. */
    bool (*unload)(void *closure, int node, const void *bytes, size_t count);
    /* On the root: returns the payload for all other nodes. It must not change until the next
     * agreement. */
    const void *(*broadcast)(void *closure, size_t *bytes);
    /* Not on the root's node: processes that payload. Returns false if it is invalid. */
    bool (*receive)(void *closure, const void *broadcast, size_t bytes);
    void *closure;
};

struct agreement_segment; /* in node memory */
struct summary;           /* of the votes of a node */
struct decision;
struct agreement;

/* What depends on how the ranks of a pool reach each other, and whether they survive. Chosen when
 * the pool is opened. */
struct agreement_ops {
    /* Is a rank of this node known to be dead? */
    bool (*lost)(const struct agreement *agreement, int node_rank);
    /* Does this rank lead its node? The first living one does, or the root; between nodes once it
     * is connected to the root. */
    bool (*leads)(const struct agreement *agreement);
    /* Looks for deaths, between two sleeps. */
    void (*look)(struct agreement *agreement);
    /* On the leader: exchanges the summary of its node's votes, which it has completed in place,
     * and their data with the other nodes, and decides. */
    void (*decide)(struct agreement *agreement, struct summary *known, struct decision *decision);
};

/* Nodes exchange MPI messages, and all ranks live (agreement_mpi.c); the same, but locks tell which
 * ranks of the node live (failures.c); the nodes exchange messages of a TCP hub, and ranks of any
 * node may die (agreement_tcp.c). */
extern const struct agreement_ops rpi_agreement_mpi, rpi_agreement_locks, rpi_agreement_tcp;

/* The private state of a rank. */
struct agreement {
    struct agreement_segment *place;
    const struct agreement_ops *ops;
    MPI_Comm leaders;
    int rank, ranks, node, nodes, node_rank, node_ranks;
    const int *node_first, *by_node; /* of the world */
    struct summaries *summaries;     /* private memory of the leader; owned by the world */
    bool spin;
    uint32_t number;           /* agreements so far */
    rp_error out_of_step;      /* why no further agreement is possible, or RP_OK */
    bool cut_off;              /* because a node was lost */
    bool complete;             /* the last agreement has brought the data of the votes */
    struct liveness *liveness; /* which ranks of this node are alive; NULL with rpi_agreement_mpi */
    bool survives;             /* ranks other than the root may die; requires `liveness` */
    int root;                  /* node rank of the root, or -1; used only with `liveness` */
    int lost;                  /* number of dead ranks at the last agreement, equal on all ranks */
    struct hub *hub;           /* with rpi_agreement_tcp */
    void *mailbox; /* MAILBOX_BYTES that each decision carries from the root to the other nodes */
    const struct piggyback *piggyback; /* for the next agreement; or NULL */
};

/* Size of the agreement's segment in zeroed node memory. */
size_t rpi_agreement_bytes(int node_ranks);

/* Prepares this rank's place in the segment, before the first agreement. */
void rpi_agreement_join(struct agreement *agreement);

/* A vote without an error; and the same in place, without the copy. Few votes report an error or
 * have data, so neither is cleared. */
struct vote rpi_vote(enum call call);
void rpi_vote_begin(struct vote *vote, enum call call);

/* Returns where the data of this vote belong: `bytes` of each of `ranks` ranks, or of rank
 * `data_rank` only. NULL: they are too large, or none. */
char *rpi_vote_data(struct vote *vote, int ranks, int64_t bytes, int data_rank);

/* Joins an agreement. Collective. Every rank gets the same error and status: RP_ERR_MISMATCH if the
 * calls differ; else the error about the lowest item or from the lowest rank; else RP_ERR_MISMATCH
 * if the terms differ. After different calls the ranks are out of step: this and every later
 * agreement fails at once, on every rank.
 *
 * With liveness, an agreement does not wait for dead ranks. It returns RP_ERR_LOST if the call
 * needs all ranks. If the root has died, or ranks do not survive deaths, no further agreement is
 * possible.
 *
 * Data: if every vote has some, of equal size, agreement->complete is set, on every rank. */
rp_status rpi_agree(struct agreement *agreement, const struct vote *mine, rp_error *error);

/* The data of a rank's vote, if the last agreement was complete. Valid until this rank joins the
 * next one. */
const char *rpi_agreement_data(const struct agreement *agreement, int rank);

/* On the leader, within an agreement in which its node's votes have data: copy the data of the
 * ranks of a node, packed, from or into this node's memory. All return their size. */
size_t rpi_agreement_data_pack(const struct agreement *agreement, int node, char *to);
size_t rpi_agreement_data_unpack(struct agreement *agreement, int node, const char *from);
size_t rpi_agreement_data_size(const struct agreement *agreement, int node);

/* Node rank of the leader of the last agreement on this node: a rank that was alive at the time,
 * the same on all ranks of the node. */
int rpi_agreement_leader(const struct agreement *agreement);

/* Did a rank of this node report an error in the last agreement? The same on all ranks of the
 * node. */
bool rpi_agreement_failed_here(const struct agreement *agreement);

#endif
