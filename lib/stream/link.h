/* Stream links carry packets between nodes, as node agents carry batches for loops. The root's
 * stream link sends packets of the root to the stream links of the other nodes and receives the
 * results; each of those feeds the slot queue of its node. A stream link runs in a thread of its
 * own or in steps that its rank takes between packets.
 *
 * Where ranks survive deaths across nodes, messages go over TCP links. Any rank of a node may be
 * elected to run its stream link, which then registers with the root's. If it dies, the root's
 * stream link returns all packets that the node held.
 *
 * The root's stream link shares struct link_exchange, under its lock, with the rank it serves. All
 * other members belong to the thread that takes the steps. */
#ifndef RANKPOOL_STREAM_LINK_H
#define RANKPOOL_STREAM_LINK_H

#include "comm/channel.h"
#include "resilience/heartbeat.h"
#include "stream/feeder.h"

#include "pool/pool.h"
#include <pthread.h>

enum packet_message_kind {
    PACKET_HELLO, /* to the root, where ranks survive: the sender runs its node's stream link */
    PACKET_RANKS_ALIVE, /* to the root, where ranks survive: number of ranks alive on its node */
    PACKET_OUT,         /* to a node: a packet; its area and large input follow */
    /* To the root: the results of a packet; area and large results follow. With a fate other than
     * PACKET_DONE, none follow. */
    PACKET_BACK,
    PACKET_LIMIT,     /* to a node: items from `limit` on are not wanted */
    PACKET_CLOSED,    /* to a node: no more packets; with `stop`, stop all work */
    PACKET_HEARTBEAT, /* to the root, which answers in kind: heartbeat */
    PACKET_STOP,      /* to the root: a rank of this node stopped the work queue */
    PACKET_FINISHED,  /* to the root: last message of this node about this stream */
    PACKET_OVER       /* to a node: the answer to that, and the last message to it */
};

struct packet_message {
    enum packet_message_kind kind;
    uint32_t place; /* index of the packet among those that the node holds */
    int64_t job, first;
    uint32_t items, done, ranks;
    uint32_t attempt, deaths; /* of the packet, as is `fate` */
    uint64_t bytes, large_bytes;
    int64_t limit; /* with results: the limit that they imply */
    double seconds;
    enum packet_fate fate;
    bool starved, stop;
    int lost; /* with `stop`: the lost node, or -1 */
};

/* State of another node as the root sees it. */
enum remote_node_state {
    REMOTE_NODE_UNREGISTERED, /* its stream link has not registered yet */
    REMOTE_NODE_SERVED,       /* packets can be sent */
    REMOTE_NODE_LINK_DEAD,    /* its stream link has died */
    REMOTE_NODE_ROUND_OVER    /* the same, and its other ranks wait for the round to end */
};

struct remote_node {
    enum remote_node_state state;
    uint32_t ranks; /* alive */
};

/* State of another node in the root's stream link. */
struct served_node {
    struct packet **packets; /* that the node holds; owned */
    uint32_t slots;          /* of its slot queue */
    int link_rank;           /* where ranks survive: the rank that runs it; -1: not registered */
    uint32_t ranks_alive;    /* as last reported; 0: not yet */
    bool link_dead;
    bool finished; /* PACKET_FINISHED has come, or the node was given up */
};

/* Shared by the root and its stream link. */
struct link_exchange {
    pthread_mutex_t lock;
    struct packet_list out, back;
    struct remote_node *remote_nodes; /* by node; owned */
    bool nodes_changed;               /* since the root last polled them */
    int64_t limit;                    /* requested by the root */
    bool close, stop;                 /* requested by the root */
};

struct stream_link {
    rp_pool *pool;
    int64_t job;
    struct slot_queue *slot_queue; /* of this node */
    struct channel channel;
    int root_address; /* destination of messages to the root */
    bool survives;    /* messages go over TCP links */
    struct heartbeat heartbeat;
    rp_error error;
    double lost_at; /* when a node was declared lost; INFINITY: none was */

    /* On the root: */
    struct link_exchange exchange;
    struct served_node *nodes;
    int unfinished; /* nodes that have not finished */
    int64_t limit_sent;
    bool close_sent;
    struct packet_list returning; /* go to `back` once no transfer uses them */

    /* On the other nodes: */
    struct feeder feeder;
    struct packet_list arriving, leaving;
    double next_look;          /* time of the next liveness check */
    uint32_t ranks_alive_sent; /* last number reported to the root */
    bool finish_sent, over_received;

    bool stop_sent, moved, threaded, over;
    double sleep, next_step;
    pthread_t thread;
};

/* Makes the stream link of this node if there are several nodes and this rank may run it; otherwise
 * sets *stream_link to NULL. Where ranks survive, every rank that may be elected makes one: see
 * rpi_stream_link_elect(). */
rp_status rpi_stream_link_make(rp_pool *pool, struct slot_queue *slot_queue,
                               struct stream_link **stream_link, rp_error *error);

/* Returns the stream link if this rank was elected to run it, in the agreement that begins the
 * stream; otherwise frees it and returns NULL. */
struct stream_link *rpi_stream_link_elect(struct stream_link *stream_link);

/* Begins to exchange messages. */
void rpi_stream_link_begin(struct stream_link *stream_link);

/* Takes a step if one is due. Returns the seconds until the next: INFINITY if the stream link has a
 * thread or has ended. */
double rpi_stream_link_attend(struct stream_link *stream_link);

/* Called by the root: send passes a packet to the stream link, which owns it until take returns it,
 * with results or with another fate. take returns NULL if there is none. */
void rpi_stream_link_send(struct stream_link *stream_link, int node, struct packet *packet);
struct packet *rpi_stream_link_take(struct stream_link *stream_link);

/* Called by the root where ranks survive: copies the state of all nodes. Returns false, and copies
 * nothing, if it has not changed since the last call. */
bool rpi_stream_link_poll_nodes(struct stream_link *stream_link, struct remote_node *remote_nodes);

/* Called by the root: items from `limit` on are not wanted. */
void rpi_stream_link_limit(struct stream_link *stream_link, int64_t limit);

/* Called by the root: no more packets follow; with `stop`, the results of outstanding packets are
 * not wanted. */
void rpi_stream_link_close(struct stream_link *stream_link, bool stop);

/* Waits, asleep, until the stream link has ended. Stores its error in the vote for the agreement
 * that ends the stream, unless the vote has one; the loss of a node takes precedence. */
void rpi_stream_link_end(struct stream_link *stream_link, struct vote *vote);

/* Frees the stream link, after that agreement, or if it was not begun. */
void rpi_stream_link_drop(struct stream_link *stream_link);

/* ---- internal to the stream link: the root's side and the other nodes' ----------------------- */

/* Allocate and free the state of all nodes. Init returns false if there is no memory. */
bool rpi_stream_link_nodes_init(struct stream_link *stream_link);
void rpi_stream_link_nodes_free(struct stream_link *stream_link);

/* Take a step, or handle a message. Return MPI's error code. */
int rpi_stream_link_step_on_root(struct stream_link *stream_link);
int rpi_stream_link_read_on_root(struct stream_link *stream_link, int from,
                                 const struct packet_message *message);
int rpi_stream_link_step_on_node(struct stream_link *stream_link);
int rpi_stream_link_read_on_node(struct stream_link *stream_link,
                                 const struct packet_message *message);

/* On the root, where ranks survive: whether to accept a message from this rank, that is, whether it
 * runs the stream link of its node. */
bool rpi_stream_link_accepts_sender(struct stream_link *stream_link, int rank);

/* On the root: detects the death of stream links and publishes the state of all nodes. */
void rpi_stream_link_check_nodes(struct stream_link *stream_link);

/* On the root: tells all nodes to stop because `node` is lost. Returns MPI's error code. */
int rpi_stream_link_node_lost(struct stream_link *stream_link, int node);

/* Whether a message from this node is well-formed and fits the state of its packets. */
bool rpi_stream_link_message_valid(const struct stream_link *stream_link, int from,
                                   const struct packet_message *message);

/* Sends a message. Returns MPI's error code. */
int rpi_stream_link_notify(struct stream_link *stream_link, int to, struct packet_message message);

/* Stops the ranks of this node and wakes those that wait at the slot queue. */
void rpi_stream_link_stop_node(struct stream_link *stream_link);

/* Records that the stream failed for lack of memory. */
void rpi_stream_link_out_of_memory(struct stream_link *stream_link, size_t bytes);

#endif
