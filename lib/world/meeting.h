/* The meeting: every collective call begins with one. Ranks wait for each other asleep, tell what
 * they are about to do, and all hear the same verdict.
 *
 * On a node it is a rendezvous in node memory on futexes; the first ranks of the nodes exchange
 * what their nodes said with messages that they poll between sleeps, because MPI's own waiting
 * keeps a core busy. */
#ifndef RANKPOOL_WORLD_MEETING_H
#define RANKPOOL_WORLD_MEETING_H

#include "base/waiting.h"
#include "rankpool.h"
#include "world/call.h"
#include "world/living.h"
#include "world/star.h"

enum {
    NOTE_BYTES = 512 /* of what ranks tell each other before a meeting; see pool/survival.h */
};

/* What a rank brings to a meeting. */
struct ballot {
    enum call call;
    int64_t terms[BALLOT_TERMS]; /* what all ranks must agree on; unused ones are 0 */
    rp_error error;              /* what this rank found wrong, or RP_OK */
    bool cut_off; /* the error says that another node is lost: this one must not wait for it */
};

/* What travels with a meeting of several nodes whose ranks survive. On a node the rank that leads
 * does it, when all of the node have come and before they leave. */
struct cargo {
    /* Elsewhere than on the root's node: what to bring to the root, from malloc(); NULL
     * for nothing. */
    void *(*load)(void *closure, size_t *bytes);
    /* On the root: what a node has brought. */
    void (*unload)(void *closure, int node, const void *bytes, size_t count);
    /* On the root: what all other nodes are to have. It stays as it is until the next meeting. */
    const void *(*gift)(void *closure, size_t *bytes);
    /* Elsewhere: here it is. */
    void (*receive)(void *closure, const void *gift, size_t bytes);
    void *closure;
};

struct meeting_place; /* in node memory */
struct summary;       /* what a node has to say */

/* A rank's private side. */
struct meeting {
    struct meeting_place *place;
    MPI_Comm leaders;
    int rank, nodes, node_rank, node_ranks;
    struct summary *summaries; /* what is known, and what is heard; owned by the world */
    bool spin;
    uint32_t number;       /* meetings so far */
    rp_error lost_step;    /* why the ranks can meet no more, or RP_OK */
    bool cut_off;          /* because a node is lost */
    struct living *living; /* who of this node lives; or NULL */
    bool survives;     /* the ranks go on when others than the root have died; all have `living` */
    int root;          /* by its place on the node, or -1; used with `living` only */
    int lost;          /* ranks that had died at the last meeting, the same number on all */
    struct star *star; /* of nodes whose ranks survive; or NULL */
    void *note; /* NOTE_BYTES that go with each verdict: the root's, and where others find it */
    const struct cargo *cargo; /* of the meeting to come; or NULL */
};

/* Bytes of zeroed node memory for a meeting place. */
size_t rpi_meeting_bytes(int node_ranks);

/* Bytes of private memory for the summaries. */
size_t rpi_meeting_summaries_bytes(void);

/* A ballot that finds nothing wrong. */
struct ballot rpi_ballot(enum call call);

/* Meets. Collective. Returns, and fills in, the same error on every rank: RP_ERR_MISMATCH if calls
 * differ, else what was found wrong with the lowest item or on the lowest rank, else
 * RP_ERR_MISMATCH if terms differ. After different calls the ranks have lost step: this and every
 * later meeting fails at once, on every rank.
 *
 * Where deaths are looked after, it is over without the dead. RP_ERR_LOST if the call cannot do
 * without them; without the root, or where ranks do not survive, that is the last meeting. */
rp_status rpi_meet(struct meeting *meeting, const struct ballot *mine, rp_error *error);

/* Did this rank lead the last meeting to its end on this node? One of those who live then did, the
 * same for all of the node. */
int rpi_meeting_led_by(const struct meeting *meeting);

#endif
