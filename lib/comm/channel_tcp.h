/* Channel over TCP links, where ranks survive deaths: peers are numbered by their rank in the
 * world, and a payload arrives completely or not at all. Payloads expected from a dead rank never
 * arrive: see rpi_tcp_channel_forget(). */
#ifndef RANKPOOL_COMM_CHANNEL_TCP_H
#define RANKPOOL_COMM_CHANNEL_TCP_H

#include "comm/tcp_link.h"

struct tcp_item;        /* received */
struct tcp_expectation; /* of a payload */

struct tcp_channel {
    struct tcp_links *tcp_links; /* NULL: the channel uses MPI */
    size_t message_bytes;
    struct tcp_item *first, *last;
    struct tcp_expectation *expected;
};

/* The channel must not move until it is closed. */
void rpi_tcp_channel_open(struct tcp_channel *channel, struct tcp_links *tcp_links,
                          size_t message_bytes);
void rpi_tcp_channel_close(struct tcp_channel *channel);

/* As in comm/channel.h. They return false if there is no memory. */
bool rpi_tcp_channel_message(struct tcp_channel *channel, int to, const void *message);
bool rpi_tcp_channel_payload(struct tcp_channel *channel, int to, const void *memory, size_t bytes,
                             int *pending);
bool rpi_tcp_channel_expect(struct tcp_channel *channel, int from, void *memory, size_t bytes,
                            int *pending);
void rpi_tcp_channel_next(struct tcp_channel *channel, int *from, void *message);
bool rpi_tcp_channel_idle(const struct tcp_channel *channel);

/* Cancels all expectations from that rank and decrements their *pending. */
void rpi_tcp_channel_forget(struct tcp_channel *channel, int from);

#endif
