/* Stream links carry packets between nodes, as node agents carry batches for loops, over node
 * links. The root's stream link sends packets of the root to the stream links of the other nodes
 * and receives the results; each of those feeds the slot queue of its node. If the leader of a node
 * dies, the root's stream link returns all packets that the node held.
 *
 * The root's stream link shares struct link_exchange, under its lock, with the rank it serves. All
 * other members belong to the thread that takes the steps. */
#ifndef RANKPOOL_STREAM_LINK_H
#define RANKPOOL_STREAM_LINK_H

#include "distrib/node_link.h"
#include "stream/feeder.h"

/* Besides those of enum link_message_kind. */
enum packet_message_kind {
    PACKET_OUT = LINK_KINDS, /* to a node: a packet; its area and large input follow */
    /* To the root: the results of a packet; area and large results follow. With a fate other than
     * PACKET_DONE, none follow. */
    PACKET_BACK,
    PACKET_LIMIT,   /* to a node: items from `limit` on are not wanted */
    PACKET_WITHDRAW /* to a node: item `first` of packet `place` is not wanted */
};

struct packet_message {
    struct link_message link; /* its kind may be one of the above */
    uint32_t place;           /* index of the packet among those that the node holds */
    int64_t first;
    uint32_t items, done;
    uint32_t attempt, deaths; /* of the packet, as is `fate` */
    uint64_t bytes, large_bytes;
    int64_t limit; /* with results: the limit that they imply */
    double seconds;
    enum packet_fate fate;
    bool starved;
};

_Static_assert(sizeof(struct packet_message) <= LINK_MESSAGE_MOST, "a longer message");

/* State of another node as the root sees it. */
enum remote_node_state {
    REMOTE_NODE_UNREGISTERED, /* its stream link has not registered, or it is open what has died */
    REMOTE_NODE_SERVED,       /* packets can be sent */
    REMOTE_NODE_LINK_DEAD,    /* its stream link has died */
    REMOTE_NODE_ROUND_OVER    /* the same, and its other ranks wait for the round to end */
};

struct remote_node {
    enum remote_node_state state;
    uint32_t ranks; /* not known to be dead */
};

/* State of another node in the root's stream link. */
struct served_node {
    struct packet **packets; /* that the node holds; owned */
    uint32_t slots;          /* of its slot queue */
};

/* Shared by the root and its stream link. */
struct link_exchange {
    pthread_mutex_t lock;
    struct packet_list out, back;
    struct remote_node *remote_nodes; /* by node; owned */
    bool nodes_changed;               /* since the root last polled them */
    int64_t limit;                    /* requested by the root */
    int64_t *withdrawn;               /* items requested by the root since the last step; owned */
    size_t withdrawn_count, withdrawn_capacity;
    bool close, stop; /* requested by the root */
};

struct stream_link {
    struct node_link link;
    rp_pool *pool;
    struct slot_queue *slot_queue; /* of this node */

    /* On the root: */
    struct link_exchange exchange;
    struct served_node *nodes;
    int64_t limit_sent;
    bool close_sent;
    struct packet_list returning; /* go to `back` once no transfer uses them */

    /* On the other nodes: */
    struct feeder feeder;
    struct packet_list arriving, leaving;
    double next_look; /* time of the next liveness check */

    bool moved; /* something was sent or received in this step */
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

/* Called by the root: send passes a packet to the stream link, which owns it until take returns it,
 * with results or with another fate. take returns NULL if there is none. */
void rpi_stream_link_send(struct stream_link *stream_link, int node, struct packet *packet);
struct packet *rpi_stream_link_take(struct stream_link *stream_link);

/* Called by the root: copies the state of all nodes. Returns false, and copies
 * nothing, if it has not changed since the last call. */
bool rpi_stream_link_poll_nodes(struct stream_link *stream_link, struct remote_node *remote_nodes);

/* Called by the root: an item that was sent to another node is not wanted. Without memory for the
 * request, it is computed all the same. */
void rpi_stream_link_withdraw(struct stream_link *stream_link, int64_t item);

/* Called by the root: items from `limit` on are not wanted. */
void rpi_stream_link_limit(struct stream_link *stream_link, int64_t limit);

/* Called by the root: no more packets follow; with `stop`, the results of outstanding packets are
 * not wanted. */
void rpi_stream_link_close(struct stream_link *stream_link, bool stop);

/* Frees the stream link, after that agreement, or if it was not begun. */
void rpi_stream_link_drop(struct stream_link *stream_link);

/* ---- internal to the stream link: the root's side and the other nodes' ----------------------- */

/* Allocate and free the state of all nodes. Init returns false if there is no memory. */
bool rpi_stream_link_nodes_init(struct stream_link *stream_link);
void rpi_stream_link_nodes_free(struct stream_link *stream_link);

/* The functions of struct node_link_ops. */
extern const struct node_link_ops rpi_stream_link_root_ops, rpi_stream_link_node_ops;
bool rpi_stream_link_message_valid(const struct node_link *link, int from, const void *message,
                                   bool to_root, bool to_node);
void rpi_stream_link_stopped(struct node_link *link);

/* On the root: the state of a node. */
struct remote_node rpi_stream_link_remote_node(const struct stream_link *stream_link, int node);

/* On the root: publishes the state of a node; returns the packets of a node that has gone. The root
 * learns what became of a node before it gets the packets that the node held: they are passed on in
 * the link's `step`. */
void rpi_stream_link_publish_node(struct node_link *link, int node);
int rpi_stream_link_give_up_node(struct node_link *link, int node);

/* Sends a message of this kind. Returns MPI's error code. */
int rpi_stream_link_send_message(struct stream_link *stream_link, int node,
                                 enum packet_message_kind kind, struct packet_message message);

/* Sets the seconds until the next step. */
void rpi_stream_link_pace(struct stream_link *stream_link);

/* Records that the stream failed for lack of memory. */
void rpi_stream_link_out_of_memory(struct stream_link *stream_link, size_t bytes);

#endif
