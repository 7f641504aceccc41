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
    MAILBOX_BYTES = 512 /* exchanged before an agreement; see resilience/survival.h */
};

/* What a rank contributes to an agreement. */
struct vote {
    enum call call;
    int64_t terms[VOTE_TERMS]; /* all ranks must agree on these; unused ones are 0 */
    rp_error error;            /* what this rank found wrong, or RP_OK */
    bool cut_off; /* the error reports a lost node, so the decision must not wait for it */
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

/* The private state of a rank. */
struct agreement {
    struct agreement_segment *place;
    MPI_Comm leaders;
    int rank, nodes, node_rank, node_ranks;
    struct summary *summaries; /* [0]: known here, [1]: received; owned by the world */
    bool spin;
    uint32_t number;           /* agreements so far */
    rp_error out_of_step;      /* why no further agreement is possible, or RP_OK */
    bool cut_off;              /* because a node was lost */
    struct liveness *liveness; /* which ranks of this node are alive; or NULL */
    bool survives;             /* ranks other than the root may die; requires `liveness` */
    int root;                  /* node rank of the root, or -1; used only with `liveness` */
    int lost;                  /* number of dead ranks at the last agreement, equal on all ranks */
    struct hub *hub;           /* between nodes whose ranks survive deaths; or NULL */
    void *mailbox; /* MAILBOX_BYTES that each decision carries from the root to the other nodes */
    const struct piggyback *piggyback; /* for the next agreement; or NULL */
};

/* Size of the agreement's segment in zeroed node memory. */
size_t rpi_agreement_bytes(int node_ranks);

/* Size of the private memory for the summaries. */
size_t rpi_agreement_summaries_bytes(void);

/* A vote without an error. */
struct vote rpi_vote(enum call call);

/* Joins an agreement. Collective. Every rank gets the same error and status: RP_ERR_MISMATCH if the
 * calls differ; else the error about the lowest item or from the lowest rank; else RP_ERR_MISMATCH
 * if the terms differ. After different calls the ranks are out of step: this and every later
 * agreement fails at once, on every rank.
 *
 * With liveness, an agreement does not wait for dead ranks. It returns RP_ERR_LOST if the call
 * needs all ranks. If the root has died, or ranks do not survive deaths, no further agreement is
 * possible. */
rp_status rpi_agree(struct agreement *agreement, const struct vote *mine, rp_error *error);

/* Node rank of the leader of the last agreement on this node: a rank that was alive at the time,
 * the same on all ranks of the node. */
int rpi_agreement_leader(const struct agreement *agreement);

/* Did a rank of this node report an error in the last agreement? The same on all ranks of the
 * node. */
bool rpi_agreement_failed_here(const struct agreement *agreement);

#endif
