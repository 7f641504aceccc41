/* The stream link: what an agent is to a loop, it is to a stream. The root's stream link brings packets
 * from the root to the stream links of the other nodes, and takes the results; each of these supplies
 * the slot queue of its node. As an agent it has a thread of its own, or its rank takes its steps
 * between packets.
 *
 * Where ranks survive others messages go over TCP links, and any rank of a node may come to have its
 * stream link, which then introduces itself to the root's. If it dies, the root's gives back all that
 * was with that node.
 *
 * The root's stream link shares with the rank it serves what struct requests holds, under a lock;
 * everything else belongs to whoever takes the steps. */
#ifndef RANKPOOL_STREAM_LINK_H
#define RANKPOOL_STREAM_LINK_H

#include "comm/channel.h"
#include "resilience/heartbeat.h"
#include "stream/feeder.h"

#include "pool/pool.h"
#include <pthread.h>

enum packet_message_kind {
    PACKET_HELLO, /* to the root, where ranks survive: this rank has the stream link of its node */
    PACKET_RANKS_ALIVE, /* to the root, there: so many ranks of its node live */
    PACKET_OUT,         /* to a node: a packet; its area and large input follow */
    PACKET_BACK,        /* to the root: results of one; area and large results follow. Or, with
                        another fate, none */
    PACKET_LIMIT,       /* to a node: items from `limit` on are not wanted */
    PACKET_CLOSED,      /* to a node: there will be no more; or, if `stop`, all is to stop */
    PACKET_HEARTBEAT,   /* to the root, which answers with the same: a sign of life */
    PACKET_STOP,        /* to the root: a rank of this node gave up */
    PACKET_FINISHED,    /* to the root: the last message of this node about this stream */
    PACKET_OVER         /* to a node: the last message to it, in answer to that */
};

struct packet_message {
    enum packet_message_kind kind;
    uint32_t place; /* of the packet among those that are with the node */
    int64_t job, first;
    uint32_t items, done, ranks;
    uint32_t attempt, deaths; /* as of a packet; so is `fate` */
    uint64_t bytes, large_bytes;
    int64_t limit; /* with results: because of them */
    double seconds;
    enum packet_fate fate;
    bool starved, stop;
    int lost; /* with `stop`: the node that is lost, or -1 */
};

/* What can be done with another node. */
enum remote_node_state {
    REMOTE_NODE_UNREGISTERED, /* nothing yet: nobody has written for it */
    REMOTE_NODE_SERVED,       /* packets can be sent */
    REMOTE_NODE_LINK_DEAD,    /* nothing any more: its stream link has died */
    REMOTE_NODE_ROUND_OVER    /* the same, and its other ranks wait for the end of this round */
};

struct remote_node {
    enum remote_node_state state;
    uint32_t ranks; /* that live there */
};

/* A node as the root's stream link sees it. */
struct served_node {
    struct packet **packets; /* that are with it; owned */
    uint32_t slots;          /* of its slot queue */
    int stream_link;         /* where ranks survive: the rank that writes for it; -1: none has */
    uint32_t ranks_alive;    /* so many ranks lived when that one last said so; 0: it has not */
    bool left;               /* it has died */
    bool finished;           /* or its PACKET_FINISHED has come */
};

/* What the root and its stream link tell each other. */
struct requests {
    pthread_mutex_t lock;
    struct packet_list out, back;
    struct remote_node *remote_nodes; /* by node; owned */
    bool nodes_changed;               /* of them, that the root has not heard */
    int64_t limit;                    /* wanted */
    bool close, stop;                 /* wanted */
};

struct stream_link {
    rp_pool *pool;
    int64_t job;
    struct slot_queue *slot_queue; /* of this node */
    struct channel channel;
    int root_address; /* where messages to the root go */
    bool survives;    /* by TCP links */
    struct heartbeat heartbeat;
    rp_error error;
    double lost_at; /* when a node was found to be lost; INFINITY: none is */

    /* On the root. */
    struct requests requests;
    struct served_node *nodes;
    int unfinished; /* nodes that have not finished */
    int64_t limit_sent;
    bool close_sent;
    struct packet_list returning; /* when nothing of them is on its way any more */

    /* On the other nodes. */
    struct feeder feeder;
    struct packet_list arriving, leaving;
    double next_look;          /* when to look who of the node has died */
    uint32_t ranks_alive_sent; /* ranks of it */
    bool finish_sent, over_received;

    bool stop_sent, moved, threaded, over;
    double sleep, next_step;
    pthread_t thread;
};

/* Makes the stream link of this node, if there are several nodes and this rank is the one to have it:
 * *stream link is NULL otherwise. Where ranks survive, every rank that may be the one makes one: see
 * rpi_stream_link_elect(). */
rp_status rpi_stream_link_make(rp_pool *pool, struct slot_queue *slot_queue,
                               struct stream_link **stream_link, rp_error *error);

/* When all ranks have agreed to begin the stream: the stream link, if this rank is the one to have it;
 * otherwise it is dropped. */
struct stream_link *rpi_stream_link_elect(struct stream_link *stream_link);

/* Begins its work. */
void rpi_stream_link_begin(struct stream_link *stream_link);

/* Takes a step if it is time. Returns after how many seconds it wants to take the next: never, if
 * it has a thread. */
double rpi_stream_link_attend(struct stream_link *stream_link);

/* For the root: sends a packet; the stream link owns it until rpi_stream_link_take() gives it back, with
 * its results or as its fate says. NULL: there is none. */
void rpi_stream_link_send(struct stream_link *stream_link, int node, struct packet *packet);
struct packet *rpi_stream_link_take(struct stream_link *stream_link);

/* For the root, where ranks survive: how the nodes are, if that has changed since it asked last. */
bool rpi_stream_link_poll_nodes(struct stream_link *stream_link, struct remote_node *remote_nodes);

/* For the root: items from `limit` on are not wanted. */
void rpi_stream_link_limit(struct stream_link *stream_link, int64_t limit);

/* For the root: there will be no more packets; with `stop`, what is under way is not wanted. */
void rpi_stream_link_close(struct stream_link *stream_link, bool stop);

/* Waits, asleep, until the stream link has nothing more to do. What went wrong with it goes into the
 * vote for the agreement that ends the stream, unless that tells of something already. */
void rpi_stream_link_end(struct stream_link *stream_link, struct vote *vote);

/* Frees it, when all ranks have met to end the stream; or one that was not begun. */
void rpi_stream_link_drop(struct stream_link *stream_link);

/* ---- within the stream link: the root's side, and the other nodes' ------------------------------- */

/* What the root's stream link knows of the nodes. False: no memory. */
bool rpi_stream_link_nodes_init(struct stream_link *stream_link);
void rpi_stream_link_nodes_free(struct stream_link *stream_link);

/* All return MPI's error code. */
int rpi_stream_link_step_on_root(struct stream_link *stream_link);
int rpi_stream_link_read_on_root(struct stream_link *stream_link, int from,
                                 const struct packet_message *message);
int rpi_stream_link_step_on_node(struct stream_link *stream_link);
int rpi_stream_link_read_on_node(struct stream_link *stream_link,
                                 const struct packet_message *message);

/* The root's stream link, where ranks survive. Is this message of the rank that writes for its node? */
bool rpi_stream_link_accepts_sender(struct stream_link *stream_link, int rank);

/* It looks which stream links have died, and tells the root how the nodes are. */
void rpi_stream_link_check_nodes(struct stream_link *stream_link);

/* The root's stream link tells all nodes that all is to stop, because that one is lost. */
int rpi_stream_link_node_lost(struct stream_link *stream_link, int node);

/* Does a message from that node make sense, in all that is done with it? */
bool rpi_stream_link_message_valid(const struct stream_link *stream_link, int from,
                                   const struct packet_message *message);

/* Writes a message. */
int rpi_stream_link_notify(struct stream_link *stream_link, int to, struct packet_message message);

/* This node's ranks are to stop, and who waits at the slot queue wakes. */
void rpi_stream_link_stop_node(struct stream_link *stream_link);

/* Nothing more can come of the stream: there was no memory. */
void rpi_stream_link_out_of_memory(struct stream_link *stream_link, size_t bytes);

#endif
