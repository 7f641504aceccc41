/* TCP links: a TCP connection from each other node to the root, where ranks survive deaths. MPI
 * reports neither that a rank has died nor what became of a message to it. A TCP link reports both:
 * the kernel breaks it when its process ends, and a frame that did not arrive completely has not
 * arrived at all.
 *
 * The connection is that of the first living rank of the node, its leader. When that dies, the next
 * one connects anew: a rank leads once, so what its predecessor has left half sent or unread is
 * lost with it. If none connects within some seconds, the node has died as a whole.
 *
 * Links carry frames: a kind, and bytes. Only rpi_tcp_links_wait() waits. One thread at a time uses
 * the links: the agent's during a job, otherwise the rank's. */
#ifndef RANKPOOL_COMM_TCP_LINK_H
#define RANKPOOL_COMM_TCP_LINK_H

#include "base/eventcount.h"
#include "comm/tcp_accept.h"
#include "comm/tcp_connect.h"
#include "rankpool.h"

#include <pthread.h>

enum tcp_link_kind {
    TCP_LINK_AGREEMENT, /* see comm/agreement.h */
    TCP_LINK_MESSAGE,   /* see comm/channel.h */
    TCP_LINK_PAYLOAD,   /* see comm/channel.h */
    TCP_LINK_OVER,      /* the last frame of a node: its ranks have closed the pool */
    TCP_LINK_KINDS
};

struct tcp_link; /* a connection */
struct world;    /* see comm/topology.h */

/* Handles a frame, whose bytes are valid until it returns. False: the frame is invalid, or there is
 * no memory for it; then the link to its sender is broken, as if its node had died. */
typedef bool (*tcp_link_handler)(void *closure, int from, const void *bytes, size_t count);

/* On other nodes: how a rank comes to lead. Its thread waits until all ranks before it are dead,
 * and connects. Words that it shares with the thread that uses the links:
 * leads  it has connected, or failed to; it stores that with release after `file`, the user of the
 *        links reads it with acquire.
 * over   the links are being closed, so it ends; stored with release, read with acquire. `changes`
 *        announces it. */
struct succession {
    pthread_t thread;
    bool threaded; /* not of the first rank of a node, which connects when the links are opened */
    struct eventcount changes;
    _Atomic bool leads, over;
    int file; /* the connection, or -1 */
};

struct tcp_links {
    struct tcp_link
        *tcp_link; /* on the root: by node; elsewhere one, to the root. NULL: there are none */
    const struct world *world;
    int living;               /* on the root: number of other nodes that live, */
    int leaderless;           /* and of those of them that have no leader at present */
    double looked;            /* time of the last look at these */
    int sending;              /* number of links that have something to send */
    int events;               /* of an epoll instance */
    struct acceptor acceptor; /* on the root */
    struct connecting connecting;
    struct succession succession;
    char why_not[128]; /* why ranks are not connected; the same on all ranks */
    struct {
        tcp_link_handler handle; /* NULL: frames are dropped */
        void *closure;
    } handlers[TCP_LINK_KINDS];
    /* On the root, or NULL: this node has lost its leader, has another one, or is dead. */
    void (*changed)(void *closure, int node);
    void *closure;
};

/* Connects the first rank of each other node to the root, which sends its addresses and a key by
 * MPI. A link counts once both ends have proved that they know the key. Collective. *connected is
 * the same on all ranks: false, with no TCP links, also if some rank is not `ready`. `silence`:
 * seconds after which an unresponsive network counts as broken. `world` must stay valid. */
rp_status rpi_tcp_links_open(struct tcp_links *tcp_links, const struct world *world, double silence,
                             bool ready, bool *connected, rp_error *error);

/* On the root: waits up to `most_seconds` until all other nodes have closed their links, and
 * handles their frames meanwhile, since the last frames arrive only if it waits for them. Then
 * closes the links; the other ranks close theirs at once. */
void rpi_tcp_links_close(struct tcp_links *tcp_links, double most_seconds);

/* Delivers frames of this kind to `handle`, or drops them if that is NULL. */
void rpi_tcp_links_set_handler(struct tcp_links *tcp_links, enum tcp_link_kind kind,
                               tcp_link_handler handle, void *closure);

/* Sends a frame: a copy of `head`, then `body`, which must not change until *pending, incremented
 * here, is decremented again. Does nothing if that rank does not lead its node; breaks the link if
 * there is no memory. If this rank sends to itself, either head or body, delivers it at once; then
 * returns whether it was accepted. */
bool rpi_tcp_links_send(struct tcp_links *tcp_links, int to, enum tcp_link_kind kind,
                        const void *head, size_t head_bytes, const void *body, size_t body_bytes,
                        int *pending);

/* Receives and sends as much as possible without waiting. */
void rpi_tcp_links_step(struct tcp_links *tcp_links);

/* As rpi_tcp_links_step(), but waits up to `most_seconds` for an event. */
void rpi_tcp_links_wait(struct tcp_links *tcp_links, double most_seconds);

/* Breaks the link to a rank that sent invalid data, as if its node had died. Not for handlers. */
void rpi_tcp_links_reject(struct tcp_links *tcp_links, int rank);

/* Is there an intact link to this rank? On the root; elsewhere the only link is to the root. */
bool rpi_tcp_links_whole(const struct tcp_links *tcp_links, int rank);

/* On the root: has the link to that node broken, so that another rank of it may connect? */
bool rpi_tcp_links_leaderless(const struct tcp_links *tcp_links, int node);

/* On the root: how many ranks of another node are dead: all if the node is, or those before its
 * leader, or as many as it has reported. After the death of the last one the root does not wait for
 * a successor. */
int rpi_tcp_links_lost(const struct tcp_links *tcp_links, int node);
void rpi_tcp_links_report_lost(struct tcp_links *tcp_links, int node, int lost);

/* On other nodes: does this rank lead its node? Then it has the link to the root. */
bool rpi_tcp_links_lead(struct tcp_links *tcp_links);

/* ---- internal: for tcp_open.c ---------------------------------------------------------------- */

/* Returns false if there is no memory or no file. */
bool rpi_tcp_links_allocate(struct tcp_links *tcp_links);

/* On the root: takes callers from now on, as `connecting` says. Returns false if it cannot.
 * `here_only`: see comm/tcp_accept.h. */
bool rpi_tcp_links_listen(struct tcp_links *tcp_links, bool here_only, double silence);

#endif
