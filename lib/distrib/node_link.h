/* The link between the leader of a node and the root, in a job, a stream or a worklist on several
 * nodes; in a worklist also with the leaders of other nodes. Its user, a node agent, a stream link
 * or the link of a worklist, defines messages and what to do about them. The link has
 * what does not depend on that: leaders register with the root, both sides detect that the other is
 * lost, work is stopped on all nodes, and the root dismisses each node when nothing more comes. It
 * addresses nodes; which rank leads a node is its own affair.
 *
 * In a tree of dispatchers (distrib/node_groups.h) the node that leads a group stands in for the
 * root towards its group, itself included, and is a node towards the root: it passes stops and
 * losses in both directions. "Root" below then means the node that serves, "node" one that is
 * served.
 *
 * A link takes its steps in a thread of its own, or in its rank, between chunks and while it waits
 * (RANKPOOL_AGENT=thread or poll). From rpi_node_link_start() to rpi_node_link_end(), only the
 * thread that takes the steps accesses it. */
#ifndef RANKPOOL_DISTRIB_NODE_LINK_H
#define RANKPOOL_DISTRIB_NODE_LINK_H

#include "comm/channel.h"
#include "distrib/node_groups.h"
#include "pool/pool.h"

#include <pthread.h>

enum link_message_kind {
    LINK_HELLO, /* to the root, where leaders are elected: the sender leads its node */
    LINK_ALIVE, /* to the root, which answers in kind: heartbeat */
    LINK_STOP,  /* to the root: a rank of this node stopped the work queue; with `stop` and `lost`
                      >= 0, the sender has lost that node */
    LINK_FINISHED, /* to the root: the last message of this node */
    LINK_CLOSED,   /* to a node: no more work; with `stop`, stop all work */
    /* To a node: reply to FINISHED, and the last message to that node. With none left in transit,
     * MPI cannot deliver one on the next communicator. See also `among_nodes`. */
    LINK_OVER,
    LINK_KINDS /* the first kind of the user's own */
};

/* The begin of every message. */
struct link_message {
    int kind;
    int lost;    /* with `stop`: the lost node, or -1 */
    int64_t job; /* messages of another job than the current one are late and dropped */
    /* 1 + the lowest item at which a rank of the sender has said that the job has found enough; 0:
     * none has. Every message has it, so that it arrives no later than the results of that item,
     * which are not computed again if the node is lost. */
    int64_t enough;
    bool stop;
};

enum {
    LINK_MESSAGE_MOST = 128 /* bytes of a message, at most */
};

/* What decides whether a message of the link's own kinds is valid. */
struct link_message_terms {
    bool to_root, to_node; /* the receiver serves the sender; the sender is the root */
    bool finished;         /* LINK_FINISHED has come from the sender */
    int nodes;
};

struct node_link;

/* What the user of a link defines. Functions that return int return an MPI error code. */
struct node_link_ops {
    size_t message_bytes; /* a struct that begins with a struct link_message */
    bool serves_root;     /* the root's node is served as the others are: messages to itself */
    /* Nodes send messages of the user's kinds to each other, also after LINK_FINISHED, in reply:
     * LINK_OVER waits until all have finished. */
    bool among_nodes;
    /* Is a message of one of the user's kinds valid, in the present state? to_root and to_node as
     * above. */
    bool (*valid)(const struct node_link *link, int from, const void *message, bool to_root,
                  bool to_node);
    /* Handles a valid message of any kind, after the link has done its part. */
    int (*read)(struct node_link *link, int from, const void *message);
    /* Does what else is due, and sets `sleep`. */
    int (*step)(struct node_link *link);
    /* On the root: this node contributes nothing more, because ranks have died there. */
    int (*gone)(struct node_link *link, int node);
    /* On the root: ranks have died on this node, or entered the agreement that ends the job; called
     * after `gone`. May be NULL. */
    void (*changed)(struct node_link *link, int node);
    /* The work queue was stopped: wakes ranks that wait elsewhere. May be NULL. */
    void (*stopped)(struct node_link *link);
};

/* A node as the link knows it. */
struct link_peer {
    bool closed;   /* LINK_CLOSED was sent */
    bool finished; /* LINK_FINISHED has come, or never will */
    bool gone;     /* its messages are not wanted any more */
    double heard;  /* time of its last message */
};

/* The side towards the root of a node that leads a group. */
struct link_of_group {
    int parent;                             /* the root's node; -1: this node leads no group */
    bool stop_sent, finish_sent, dismissed; /* as those of a node */
};

struct node_link {
    const struct node_link_ops *ops;
    rp_pool *pool;
    int64_t job;
    bool on_root;
    struct node_groups groups;
    int parent;    /* the node that serves this one */
    int *children; /* the nodes that this one serves; owned */
    int child_count;
    struct link_of_group group;
    struct channel *channel;
    struct link_peer *peers;       /* by node; owned */
    struct link_message *received; /* the message being read; owned */
    double heard;                  /* time of the last message received */
    double alive_sent;             /* time of this side's last LINK_ALIVE */
    double next_look;              /* time at which to look for silent nodes again */
    double lost_at; /* time at which a node was found to be lost; INFINITY: none is */

    /* On a node that serves others: */
    int unfinished; /* of these, those that have not finished */
    bool stopped;   /* nodes are closed with `stop` */
    int lost;       /* the lost node, or -1 */

    bool stop_sent, finish_sent;
    bool dismissed;          /* LINK_OVER has come; on a root that is not served: all is sent */
    double sleep, next_step; /* seconds between steps; if the rank takes them: time of the next, */
    uint32_t idle; /* which comes earlier if the work queue's idle eventcount has moved on */
    bool threaded, over;
    pthread_t thread;
    rp_error error;
};

/* Makes the link of this rank, which may lead its node, to the root or, on the root, to all nodes.
 * `group`: nodes of a group; 0: no groups. */
rp_status rpi_node_link_init(struct node_link *link, rp_pool *pool, const struct node_link_ops *ops,
                             int group, rp_error *error);

/* Frees it, before it was opened or after its end. */
void rpi_node_link_free(struct node_link *link);

/* Begins to exchange messages, once all ranks have agreed to begin and this one leads its node. The
 * user may send its first messages before the first step. */
void rpi_node_link_open(struct node_link *link);
void rpi_node_link_start(struct node_link *link);

/* Takes a step of the link if one is due. Returns the seconds until the next: INFINITY if the link
 * has a thread or is over. */
double rpi_node_link_attend(void *closure);

/* Waits, asleep, until the link is over. Puts its error into the vote for the agreement that ends
 * the job, unless the vote has one; the loss of a node takes precedence. */
void rpi_node_link_end(struct node_link *link, struct vote *vote);

/* ---- for the user, in its steps -------------------------------------------------------------- */

/* Sends a message, of which the link sets `job` and `enough`, to a node. */
int rpi_node_link_send(struct node_link *link, int node, struct link_message *message);

/* Sends and receives payloads: see comm/channel.h. */
int rpi_node_link_payload(struct node_link *link, int node, enum channel_id id, const void *memory,
                          size_t bytes, int *pending);
int rpi_node_link_expect(struct node_link *link, int node, enum channel_id id, void *memory,
                         size_t bytes, int *pending);

/* Reports invalid data from a node: see struct channel_ops. */
void rpi_node_link_reject(struct node_link *link, int node);

/* Tells the root that this node sends nothing more, or that its group does not. `message` is one of
 * kind LINK_FINISHED. */
int rpi_node_link_finish(struct node_link *link, struct link_message *message);
int rpi_node_link_finish_group(struct node_link *link, struct link_message *message);

/* Has the leader of this node registered? */
static inline bool node_link_registered(const struct node_link *link, int node)
{
    return link->channel->ops->leader(link->channel, node) != LEADER_UNKNOWN;
}

/* On the root: no more work comes for that node, or for any. A node whose leader has not registered
 * is not told: do so when its LINK_HELLO comes. */
int rpi_node_link_close(struct node_link *link, int node);
int rpi_node_link_close_all(struct node_link *link);

/* On the root: tells all nodes to stop. A node that leads a group also tells the root. */
int rpi_node_link_stop_all(struct node_link *link);

/* On the root: has the leader of that node died? */
static inline bool node_link_broken(const struct node_link *link, int node)
{
    return link->channel->ops->leader(link->channel, node) == LEADER_DEAD;
}

/* Is a message of the link's own kinds valid? */
bool rpi_link_message_valid(const struct link_message *message,
                            const struct link_message_terms *terms);

/* Ends the link if `code` is an error of MPI or of memory. */
void rpi_node_link_check(struct node_link *link, int code);

/* ---- internal ------------------------------------------------------------------------------- */

/* Is this node served, by itself or another? */
static inline bool node_link_served(const struct node_link *link)
{
    return !link->on_root || link->ops->serves_root;
}

/* Does this node serve that one, or on the root the group that it leads? */
static inline bool node_link_serves(const struct node_link *link, int node)
{
    const struct node_groups *groups = &link->groups;
    int own = link->pool->world.node;
    if (node == own && !node_link_served(link))
        return false;
    return groups_parent(groups, node) == own || (link->on_root && groups_leads(groups, node));
}

/* Sends a message of the link's own kinds. */
int rpi_node_link_send_own(struct node_link *link, int node, enum link_message_kind kind);

/* Tells the root, or the leader, that this node was stopped, if it was: once, before it
 * finishes. */
int rpi_node_link_send_stop(struct node_link *link);

/* Stops the ranks of this node; the second, because that node is lost. The third also has those
 * that this node serves told. */
void rpi_node_link_stop_node(struct node_link *link);
void rpi_node_link_lose(struct node_link *link, int node);
void rpi_node_link_pass_loss(struct node_link *link, int node);

/* Heartbeat: a side with nothing to send sends LINK_ALIVE, and a peer that is silent for too long
 * is lost. */
int rpi_node_link_keep_heartbeat(struct node_link *link);

/* The root handles the deaths of other nodes; other nodes stop when they have lost the root. */
int rpi_node_link_check_peers(struct node_link *link);

#endif
