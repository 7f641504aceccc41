/* TCP links: a TCP connection from each rank of another node to the root, where ranks survive
 * deaths. MPI reports neither that a rank has died nor what became of a message to it. A TCP link
 * reports both: the kernel breaks it when its process ends, and a frame that did not arrive
 * completely has not arrived at all.
 *
 * Links carry frames: a kind, and bytes. Only rpi_tcp_links_wait() waits. One thread at a time uses
 * the links: the agent's during a job, otherwise the rank's. */
#ifndef RANKPOOL_COMM_TCP_LINK_H
#define RANKPOOL_COMM_TCP_LINK_H

#include "rankpool.h"

enum tcp_link_kind {
    TCP_LINK_AGREEMENT, /* see comm/agreement.h */
    TCP_LINK_MESSAGE,   /* see comm/channel.h */
    TCP_LINK_PAYLOAD,   /* see comm/channel.h */
    TCP_LINK_KINDS
};

struct tcp_link; /* a connection */

/* Handles a frame, whose bytes are valid until it returns. False: the frame is invalid, or there is
 * no memory for it; then the link to its sender is broken, as if that rank had died. */
typedef bool (*tcp_link_handler)(void *closure, int from, const void *bytes, size_t count);

struct tcp_links {
    struct tcp_link
        *tcp_link; /* on the root: by rank; elsewhere one, to the root. NULL: there are none */
    int me, root, ranks;
    int whole, sending; /* numbers of links that are intact, and that have something to send */
    int events;         /* of an epoll instance */
    char why_not[128];  /* why ranks are not connected; the same on all ranks */
    struct {
        tcp_link_handler handle; /* NULL: frames are dropped */
        void *closure;
    } handlers[TCP_LINK_KINDS];
    void (*broken)(void *closure, int rank); /* called when a link breaks; or NULL */
    void *closure;
};

/* Connects all ranks of the communicator with `outside` set, those on other nodes, to the root,
 * which sends its addresses and a key by MPI. A link counts once both ends have proved that they
 * know the key. Collective. *connected is the same on all ranks: false, with no TCP links, also if
 * some rank is not `ready`. `silence`: seconds after which an unresponsive network counts as
 * broken. */
rp_status rpi_tcp_links_open(struct tcp_links *tcp_links, MPI_Comm comm, int root, bool outside,
                             double silence, bool ready, bool *connected, rp_error *error);

/* On the root: waits up to `most_seconds` until all other ranks have closed their links, and
 * handles their frames meanwhile, since the last frames arrive only if it waits for them. Then
 * closes the links; the other ranks close theirs at once. */
void rpi_tcp_links_close(struct tcp_links *tcp_links, double most_seconds);

/* Delivers frames of this kind to `handle`, or drops them if that is NULL. */
void rpi_tcp_links_set_handler(struct tcp_links *tcp_links, enum tcp_link_kind kind,
                               tcp_link_handler handle, void *closure);

/* Sends a frame: a copy of `head`, then `body`, which must not change until *pending, incremented
 * here, is decremented again. Does nothing if the link is broken; breaks the link if there is no
 * memory. If this rank sends to itself, either head or body, delivers it at once; then returns
 * whether it was accepted. */
bool rpi_tcp_links_send(struct tcp_links *tcp_links, int to, enum tcp_link_kind kind,
                        const void *head, size_t head_bytes, const void *body, size_t body_bytes,
                        int *pending);

/* Receives and sends as much as possible without waiting. */
void rpi_tcp_links_step(struct tcp_links *tcp_links);

/* As rpi_tcp_links_step(), but waits up to `most_seconds` for an event. */
void rpi_tcp_links_wait(struct tcp_links *tcp_links, double most_seconds);

/* Breaks the link to a rank that sent invalid data, as if the rank had died. Not for handlers. */
void rpi_tcp_links_reject(struct tcp_links *tcp_links, int rank);

/* Is the link to this rank intact? On the root; elsewhere the only link is that to the root. */
bool rpi_tcp_links_whole(const struct tcp_links *tcp_links, int rank);

/* ---- internal: for tcp_open.c ---------------------------------------------------------------- */

/* Returns false if there is no memory or no file. */
bool rpi_tcp_links_allocate(struct tcp_links *tcp_links);

/* Takes over a connection to this rank. Returns false, without closing it, if it cannot. */
bool rpi_tcp_links_take(struct tcp_links *tcp_links, int rank, int file);

#endif
