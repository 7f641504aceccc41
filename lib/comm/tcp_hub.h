/* The TCP hub: agreements between nodes whose ranks survive deaths. The leader of each node sends
 * its node's report on an agreement, identified by number, to the root over its TCP link. The root
 * answers all nodes once it has received all reports. If a leader dies meanwhile, another rank
 * repeats the question and gets the same answer, even after the root has moved on. The root must
 * survive: its death ends the pool. */
#ifndef RANKPOOL_COMM_TCP_HUB_H
#define RANKPOOL_COMM_TCP_HUB_H

#include "comm/tcp_link.h"

/* A received question or answer. */
struct hub_message {
    uint32_t number; /* of the agreement */
    int sender;      /* rank that sent it */
    void *bytes;     /* owned */
    size_t count, room;
    bool cut; /* no memory for the payload: only the head was stored */
};

enum {
    HUB_HEAD_BYTES = 8192 /* largest question or answer, without its payload */
};

/* What the root knows of a node. */
struct hub_node {
    struct hub_message message; /* the last question; not on the root: the last answer */
    bool changed;               /* in the list of changed nodes, */
    int next_changed;           /* before this one; -1: last */
};

struct hub {
    const struct world *world;
    struct tcp_links tcp_links;
    struct hub_node *nodes; /* by node; not on the root: one, the root's. Owned */
    int first_changed;      /* or -1 */
    /* The root's last answer, to answer repeated questions again. */
    uint32_t answered;
    char *answer; /* a copy, without its payload; owned, HUB_HEAD_BYTES */
    char *text;   /* buffer for outgoing messages; owned, a heading and as many bytes */
    size_t answer_bytes;
    const void *broadcast; /* not a copy: it must not change until the next answer */
    size_t broadcast_bytes;
};

/* Opens the TCP links, and allocates all memory that agreements need, except for payloads.
 * Collective; *open and the status are the same on all ranks. `world` must stay valid. */
rp_status rpi_hub_open(struct hub *hub, const struct world *world, double silence, bool *open,
                       rp_error *error);

/* The root keeps answering repeated questions for up to this time. */
void rpi_hub_close(struct hub *hub, double most_seconds);

/* Not on the root's node: sends a question and waits for the answer. Returns NULL if the root
 * cannot be reached, now or ever. The answer is valid until the next question. */
const struct hub_message *rpi_hub_ask(struct hub *hub, uint32_t number, const void *head,
                                      size_t head_bytes, const void *load, size_t load_bytes);

/* On the root: waits until every node with a living rank has sent its question. */
void rpi_hub_await(struct hub *hub, uint32_t number);

/* Returns what a node has sent for this agreement, or NULL. */
const struct hub_message *rpi_hub_received(const struct hub *hub, int node, uint32_t number);

/* Answers all nodes. */
void rpi_hub_answer(struct hub *hub, uint32_t number, const void *answer, size_t bytes,
                    const void *broadcast, size_t broadcast_bytes);

/* On the root: takes the next node from the list of those that have lost their leader, have another
 * one, are dead, or have sent a question; -1: there is none. So a step costs nothing for nodes
 * where nothing happens. */
int rpi_hub_next_changed(struct hub *hub);

/* On the root: adds all other nodes to the list. */
void rpi_hub_review(struct hub *hub);

/* On the root: has that node a living rank, according to the TCP links? Without a hub all live. */
bool rpi_hub_lives(const struct hub *hub, int node);

#endif
