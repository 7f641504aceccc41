/* Channel between nodes: messages of fixed size, each followed by payloads whose number and size
 * both sides derive from the message. It addresses nodes; for each node one rank, its leader, takes
 * part. No function waits: sends and receives are started, and `step` completes them, so the caller
 * can do other work in between.
 *
 * Payloads are matched by order: between two nodes, payloads with the same channel id arrive in the
 * order in which they were sent. So item numbers never become MPI tags.
 *
 * There are two: over MPI, and over TCP links, which report deaths. Callers never ask which. */
#ifndef RANKPOOL_COMM_CHANNEL_H
#define RANKPOOL_COMM_CHANNEL_H

#include "rankpool.h"

/* Keeps apart the payloads to and from different roles of one process. */
enum channel_id {
    CHANNEL_FROM_ROOT, /* from the root */
    CHANNEL_TO_ROOT,
    CHANNEL_OF_LOANS /* between any two nodes */
};

/* The rank that leads a node, as the channel knows it. */
enum channel_leader {
    LEADER_UNKNOWN, /* no rank has registered; or it has died, and whether others live is open */
    LEADER_LIVES,
    LEADER_DEAD
};

struct world;

struct channel {
    const struct channel_ops *ops;
    size_t message_bytes;
    double delay; /* seconds by which every send is delayed, to simulate a slow network */
    int64_t messages_sent, bytes_sent;
};

/* Functions that return int return an MPI error code, except `leads` and `changed`. */
struct channel_ops {
    /* Sends a copy of a message. */
    int (*message)(struct channel *channel, int node, const void *message);
    /* Sends `memory`, which must not change until *pending, incremented here, is decremented
     * again. */
    int (*payload)(struct channel *channel, int node, enum channel_id id, const void *memory,
                   size_t bytes, int *pending);
    /* Receives the next payload from that node into `memory`; `pending` as above. Decremented also
     * if the node's leader dies. */
    int (*expect)(struct channel *channel, int node, enum channel_id id, void *memory, size_t bytes,
                  int *pending);
    /* Receives the next message that has arrived; *from is its sender, -1 if there is none. */
    int (*next)(struct channel *channel, int *from, void *message);
    /* The node that this sender leads; or -1. */
    int (*leads)(struct channel *channel, int from);
    enum channel_leader (*leader)(const struct channel *channel, int node);
    /* Reports an invalid message or payload. The node's leader then counts as dead or, where ranks
     * do not survive deaths, the job ends. */
    void (*reject)(struct channel *channel, int node);
    /* Starts the sends that are due and completes finished requests. */
    int (*step)(struct channel *channel);
    /* The next node where ranks have died or joined the next agreement; -1: there is none. *gone:
     * it will contribute nothing more. Each change is reported once. Not on the root: only whether
     * the root's node is gone. */
    int (*changed)(struct channel *channel, bool *gone);
    /* Are all sends and receives complete? */
    bool (*idle)(const struct channel *channel);
    /* Frees the channel. */
    void (*close)(struct channel *channel);
};

/* Open a channel: over MPI, between the world's agents (RANKPOOL_TEST_LATENCY sets `delay`), or
 * over the TCP links of its hub. Each rank has one at a time. */
rp_status rpi_channel_open_mpi(struct world *world, size_t message_bytes, struct channel **channel,
                               rp_error *error);
rp_status rpi_channel_open_tcp(struct world *world, size_t message_bytes, struct channel **channel,
                               rp_error *error);

static inline bool channel_idle(const struct channel *channel)
{
    return channel->ops->idle(channel);
}

#endif
