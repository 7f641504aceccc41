/* Channel between nodes: messages of fixed size, each followed by payloads whose number and size
 * both sides derive from the message. No function waits: sends and receives are started, and
 * rpi_channel_step() completes them, so the caller can do other work in between.
 *
 * Payloads are matched by order: between two ranks, payloads with the same channel id arrive in the
 * order in which they were sent. So item numbers never become MPI tags. */
#ifndef RANKPOOL_COMM_CHANNEL_H
#define RANKPOOL_COMM_CHANNEL_H

#include "comm/channel_tcp.h"

/* Keeps apart the payloads to and from different roles of one process. */
enum channel_id {
    CHANNEL_FROM_ROOT, /* from the root */
    CHANNEL_TO_ROOT
};

struct channel_send;       /* delayed */
struct channel_completion; /* what to do when a request is complete */

struct channel {
    struct tcp_channel tcp; /* used where ranks survive deaths */
    MPI_Comm comm;
    size_t message_bytes;
    double delay; /* seconds by which every send is delayed, to simulate a slow network */
    struct channel_send *first, *last;
    MPI_Request *requests;
    struct channel_completion *completions; /* one per request */
    int count, capacity;
    int64_t messages_sent, bytes_sent;
};

/* Opens a channel on a communicator that is used for nothing else meanwhile. RANKPOOL_TEST_LATENCY
 * sets `delay`. */
rp_status rpi_channel_open(struct channel *channel, MPI_Comm comm, size_t message_bytes,
                           rp_error *error);

/* Opens a channel over TCP links. RANKPOOL_TEST_LATENCY does not apply. */
void rpi_channel_open_tcp(struct channel *channel, struct tcp_links *tcp_links,
                          size_t message_bytes);

/* Frees the channel's memory. All sends must be complete. */
void rpi_channel_close(struct channel *channel);

/* The functions below return MPI error codes. */

/* Sends a copy of a message. */
int rpi_channel_message(struct channel *channel, int to, const void *message);

/* Sends `memory`, which must not change until *pending, incremented here, is decremented again. */
int rpi_channel_payload(struct channel *channel, int to, enum channel_id id, const void *memory,
                        size_t bytes, int *pending);

/* Receives the next payload from that rank into `memory`; `pending` as above. */
int rpi_channel_expect(struct channel *channel, int from, enum channel_id id, void *memory,
                       size_t bytes, int *pending);

/* Receives the next message that has arrived; *from is -1 if there is none. */
int rpi_channel_next(struct channel *channel, int *from, void *message);

/* Reports an invalid message. Its sender then counts as dead or, where ranks do not survive deaths,
 * the job ends. */
void rpi_channel_reject(struct channel *channel, int from);

/* Starts the sends that are due and completes finished requests. */
int rpi_channel_step(struct channel *channel);

/* Are all sends and receives complete? */
bool rpi_channel_idle(const struct channel *channel);

#endif
