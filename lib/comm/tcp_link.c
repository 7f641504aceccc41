#include "comm/tcp_link.h"

#include "base/clock.h"
#include "base/file_io.h"
#include "comm/topology.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 64,
    READS = 16 /* of one link, before the others get their turn */
};

/* Seconds within which another rank connects when the leader of its node has died: a tenth of one,
 * or some on a busy machine. The death of a node of several ranks as a whole costs that time.
 * Between two looks of the root no more than the second counts: its program may be elsewhere. */
static const double succession_seconds = 5, longest_look = 1;

struct header {
    uint64_t kind, bytes;
};

/* Outgoing bytes. */
struct sending {
    struct sending *next;
    const char *memory;
    size_t left;
    int *pending; /* or NULL */
    char owned[]; /* a copy, if `memory` points here */
};

struct tcp_link {
    int file; /* -1: none, or broken */
    int rank; /* of the peer: the root, or the last leader of that node; -1: none yet */
    /* On the root: */
    int lost;        /* see rpi_tcp_links_lost() */
    bool over;       /* when the link breaks, no rank succeeds */
    double patience; /* while the node has no leader: seconds until it is dead; 0: it has one */
    struct sending *first, *last;
    struct header header; /* of the incoming frame */
    size_t got;           /* bytes received, of header and body */
    char *bytes;
    size_t room;
};

static bool links_on_root(const struct tcp_links *tcp_links)
{
    return tcp_links->world->rank == tcp_links->world->root;
}

/* The link to this rank; NULL: it does not lead its node, or the leader is not known (-1). */
static struct tcp_link *tcp_link_to(const struct tcp_links *tcp_links, int rank)
{
    if (!links_on_root(tcp_links))
        return &tcp_links->tcp_link[0];
    if (rank < 0)
        return NULL;
    struct tcp_link *tcp_link = &tcp_links->tcp_link[tcp_links->world->node_of[rank]];
    return tcp_link->rank == rank ? tcp_link : NULL;
}

static bool tcp_link_read(struct tcp_links *tcp_links, struct tcp_link *tcp_link);

/* ---- opening and closing --------------------------------------------------------------------- */

static bool tcp_link_watch(struct tcp_links *tcp_links, struct tcp_link *tcp_link, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (tcp_link->first != NULL ? EPOLLOUT : 0u),
                                .data.ptr = tcp_link};
    return epoll_ctl(tcp_links->events, operation, tcp_link->file, &event) == 0;
}

/* Begins to use a connection. Returns false if it cannot. */
static bool tcp_link_begin(struct tcp_links *tcp_links, struct tcp_link *tcp_link, int file)
{
    tcp_link->file = file;
    if (file >= 0 && !tcp_link_watch(tcp_links, tcp_link, EPOLL_CTL_ADD))
        tcp_link->file = -1;
    tcp_link->got = 0;
    return tcp_link->file >= 0;
}

bool rpi_tcp_links_allocate(struct tcp_links *tcp_links)
{
    int count = links_on_root(tcp_links) ? tcp_links->world->nodes : 1;
    tcp_links->events = epoll_create1(EPOLL_CLOEXEC);
    tcp_links->tcp_link = calloc((size_t)count, sizeof *tcp_links->tcp_link);
    for (int i = 0; tcp_links->tcp_link != NULL && i < count; i++)
        tcp_links->tcp_link[i].file = tcp_links->tcp_link[i].rank = -1;
    if (tcp_links->tcp_link == NULL && tcp_links->events >= 0)
        close(tcp_links->events);
    return tcp_links->events >= 0 && tcp_links->tcp_link != NULL;
}

static void sending_complete(struct sending *sending)
{
    if (sending->pending != NULL)
        *sending->pending -= 1;
    free(sending);
}

/* On the root: this is how long the node may yet be without a leader. */
static void succession_set(struct tcp_links *tcp_links, int node, double patience)
{
    struct tcp_link *tcp_link = &tcp_links->tcp_link[node];
    tcp_links->leaderless += (patience > 0) - (tcp_link->patience > 0);
    tcp_link->patience = patience;
    if (tcp_links->changed != NULL)
        tcp_links->changed(tcp_links->closure, node);
}

static void node_lose(struct tcp_links *tcp_links, int node)
{
    tcp_links->tcp_link[node].lost = world_ranks_on(tcp_links->world, node);
    tcp_links->living--;
    succession_set(tcp_links, node, 0);
}

/* On the root: the link to a node has broken. */
static void succession_await(struct tcp_links *tcp_links, int node)
{
    const struct tcp_link *tcp_link = &tcp_links->tcp_link[node];
    tcp_links->looked = rpi_clock_seconds();
    if (tcp_link->over || tcp_link->lost + 1 >= world_ranks_on(tcp_links->world, node))
        node_lose(tcp_links, node);
    else
        succession_set(tcp_links, node, succession_seconds);
}

/* Gives up nodes of which no rank has connected in time. */
static void successions_check(struct tcp_links *tcp_links)
{
    double now = rpi_clock_seconds(), gone = fmin(now - tcp_links->looked, longest_look);
    tcp_links->looked = now;
    for (int node = 0; node < tcp_links->world->nodes; node++) {
        struct tcp_link *tcp_link = &tcp_links->tcp_link[node];
        if (tcp_link->patience > gone)
            tcp_link->patience -= gone;
        else if (tcp_link->patience > 0)
            node_lose(tcp_links, node);
    }
}

/* A child process of the program may have a copy of the file, so closing it alone need neither end
 * the connection nor its events. */
static void tcp_link_break(struct tcp_links *tcp_links, struct tcp_link *tcp_link)
{
    if (tcp_link->file < 0)
        return;
    epoll_ctl(tcp_links->events, EPOLL_CTL_DEL, tcp_link->file, NULL);
    shutdown(tcp_link->file, SHUT_RDWR);
    close(tcp_link->file);
    tcp_link->file = -1;
    tcp_links->sending -= tcp_link->first != NULL;
    while (tcp_link->first != NULL) {
        struct sending *sending = tcp_link->first;
        tcp_link->first = sending->next;
        sending_complete(sending);
    }
    free(tcp_link->bytes);
    tcp_link->bytes = NULL;
    tcp_link->room = 0;
    if (links_on_root(tcp_links))
        succession_await(tcp_links, (int)(tcp_link - tcp_links->tcp_link));
}

/* Its leader lives, so no other rank takes its place. */
void rpi_tcp_links_reject(struct tcp_links *tcp_links, int rank)
{
    struct tcp_link *tcp_link = tcp_link_to(tcp_links, rank);
    if (tcp_link == NULL)
        return;
    tcp_link->over = true;
    tcp_link_break(tcp_links, tcp_link);
}

/* On the root: takes over the connection of a new leader, once it has read what the one before it
 * has sent. (Its end may not have arrived yet, nor does it if a child of it still lives.) All ranks
 * before a leader are dead, so the connection of one of them was on its way when it died. */
static bool leader_take(void *closure, int rank, int file)
{
    struct tcp_links *tcp_links = closure;
    const struct world *world = tcp_links->world;
    int node = world->node_of[rank], before = 0;
    struct tcp_link *tcp_link = &tcp_links->tcp_link[node];
    if (node == world->node || rank <= tcp_link->rank)
        return false;
    while (tcp_link->file >= 0 && tcp_link_read(tcp_links, tcp_link)) {
    }
    tcp_link_break(tcp_links, tcp_link);
    if (tcp_link->lost == world_ranks_on(world, node) || !tcp_link_begin(tcp_links, tcp_link, file))
        return false;
    rpi_tcp_set_timeouts(file, tcp_links->connecting.silence);
    while (world->by_node[world->node_first[node] + before] != rank)
        before++;
    rpi_tcp_links_report_lost(tcp_links, node, before);
    tcp_links->living += tcp_link->rank < 0;
    tcp_link->rank = rank;
    succession_set(tcp_links, node, 0);
    return true;
}

bool rpi_tcp_links_listen(struct tcp_links *tcp_links, bool here_only, double silence)
{
    struct acceptor *acceptor = &tcp_links->acceptor;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = acceptor};
    rpi_allow_many_files(); /* one for each node */
    *acceptor = (struct acceptor){.ranks = tcp_links->world->ranks,
                                  .take = leader_take,
                                  .closure = tcp_links};
    bool listens = rpi_acceptor_open(acceptor, here_only);
    for (int i = 0; i < acceptor->count && listens; i++)
        listens = epoll_ctl(tcp_links->events, EPOLL_CTL_ADD, acceptor->listening[i], &event) == 0;
    if (!listens)
        return false;
    tcp_links->connecting = (struct connecting){.key = acceptor->key,
                                                .network = rpi_network_identity(),
                                                .count = acceptor->count,
                                                .silence = silence};
    memcpy(tcp_links->connecting.addresses, acceptor->addresses, sizeof acceptor->addresses);
    return true;
}

bool rpi_tcp_links_lead(struct tcp_links *tcp_links)
{
    struct tcp_link *tcp_link = &tcp_links->tcp_link[0];
    struct succession *succession = &tcp_links->succession;
    if (tcp_link->rank < 0 && atomic_load_explicit(&succession->leads, memory_order_acquire)) {
        tcp_link->rank = tcp_links->world->root;
        if (!tcp_link_begin(tcp_links, tcp_link, succession->file) && succession->file >= 0)
            close(succession->file);
    }
    return tcp_link->rank >= 0;
}

/* Ends the thread of this rank. */
static void succession_end(struct succession *succession)
{
    atomic_store_explicit(&succession->over, true, memory_order_release);
    rpi_eventcount_notify_all(&succession->changes);
    if (succession->threaded)
        pthread_join(succession->thread, NULL);
}

void rpi_tcp_links_close(struct tcp_links *tcp_links, double most_seconds)
{
    const double look = 0.1;
    double until = rpi_clock_seconds() + most_seconds;
    if (tcp_links->tcp_link == NULL)
        return;
    bool root = links_on_root(tcp_links);
    succession_end(&tcp_links->succession);
    while (root && most_seconds > 0 && tcp_links->living > 0 && rpi_clock_seconds() < until)
        rpi_tcp_links_wait(tcp_links, look);
    if (!root && rpi_tcp_links_lead(tcp_links))
        rpi_tcp_links_send(tcp_links, tcp_links->world->root, TCP_LINK_OVER, NULL, 0, NULL, 0,
                           NULL);
    tcp_links->changed = NULL;
    for (int i = 0; i < (root ? tcp_links->world->nodes : 1); i++)
        tcp_link_break(tcp_links, &tcp_links->tcp_link[i]);
    rpi_acceptor_close(&tcp_links->acceptor);
    if (tcp_links->events >= 0)
        close(tcp_links->events);
    free(tcp_links->tcp_link);
    tcp_links->tcp_link = NULL;
}

bool rpi_tcp_links_whole(const struct tcp_links *tcp_links, int rank)
{
    const struct tcp_link *tcp_link = tcp_link_to(tcp_links, rank);
    return tcp_link != NULL && tcp_link->file >= 0;
}

bool rpi_tcp_links_leaderless(const struct tcp_links *tcp_links, int node)
{
    return links_on_root(tcp_links) && tcp_links->tcp_link[node].patience > 0;
}

int rpi_tcp_links_lost(const struct tcp_links *tcp_links, int node)
{
    return tcp_links->tcp_link != NULL ? tcp_links->tcp_link[node].lost : 0;
}

void rpi_tcp_links_report_lost(struct tcp_links *tcp_links, int node, int lost)
{
    struct tcp_link *tcp_link = tcp_links->tcp_link;
    if (tcp_link != NULL && lost > tcp_link[node].lost)
        tcp_link[node].lost = lost;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static bool frame_deliver(struct tcp_links *tcp_links, int from, enum tcp_link_kind kind,
                          const void *bytes, size_t count)
{
    return tcp_links->handlers[kind].handle == NULL ||
           tcp_links->handlers[kind].handle(tcp_links->handlers[kind].closure, from, bytes, count);
}

void rpi_tcp_links_set_handler(struct tcp_links *tcp_links, enum tcp_link_kind kind,
                               tcp_link_handler handle, void *closure)
{
    tcp_links->handlers[kind].handle = handle;
    tcp_links->handlers[kind].closure = closure;
}

/* Makes room for the frame whose header has arrived. */
static bool frame_reserve(struct tcp_link *tcp_link)
{
    tcp_link->over = tcp_link->over || tcp_link->header.kind == TCP_LINK_OVER;
    if (tcp_link->header.kind >= TCP_LINK_KINDS || tcp_link->header.bytes > SIZE_MAX / 2)
        return false;
    if (tcp_link->header.bytes <= tcp_link->room)
        return true;
    free(tcp_link->bytes);
    tcp_link->bytes = malloc((size_t)tcp_link->header.bytes);
    tcp_link->room = tcp_link->bytes != NULL ? (size_t)tcp_link->header.bytes : 0;
    return tcp_link->bytes != NULL;
}

/* Continues to read the incoming frame. Returns false if no data has arrived, or the link is
 * broken. */
static bool tcp_link_read(struct tcp_links *tcp_links, struct tcp_link *tcp_link)
{
    const size_t head = sizeof tcp_link->header;
    bool in_head = tcp_link->got < head;
    char *to = in_head ? (char *)&tcp_link->header + tcp_link->got
                       : tcp_link->bytes + (tcp_link->got - head);
    size_t left =
        in_head ? head - tcp_link->got : head + (size_t)tcp_link->header.bytes - tcp_link->got;
    ssize_t count = left > 0 ? recv(tcp_link->file, to, left, MSG_DONTWAIT) : 0;
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (count <= 0 && left > 0) {
        tcp_link_break(tcp_links, tcp_link);
        return false;
    }
    tcp_link->got += (size_t)count;
    bool sound = tcp_link->got != head || frame_reserve(tcp_link);
    if (sound && tcp_link->got >= head && tcp_link->got == head + tcp_link->header.bytes) {
        tcp_link->got = 0;
        sound = frame_deliver(tcp_links, tcp_link->rank, (enum tcp_link_kind)tcp_link->header.kind,
                              tcp_link->bytes, (size_t)tcp_link->header.bytes);
    }
    if (!sound)
        rpi_tcp_links_reject(tcp_links, tcp_link->rank);
    return tcp_link->file >= 0;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void tcp_link_write(struct tcp_links *tcp_links, struct tcp_link *tcp_link)
{
    if (tcp_link->first == NULL)
        return;
    while (tcp_link->first != NULL) {
        struct sending *sending = tcp_link->first;
        ssize_t count =
            send(tcp_link->file, sending->memory, sending->left, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (count < 0) {
            tcp_link_break(tcp_links, tcp_link);
            return;
        }
        sending->memory += count;
        sending->left -= (size_t)count;
        if (sending->left > 0)
            continue;
        tcp_link->first = sending->next;
        sending_complete(sending);
    }
    tcp_links->sending--;
    tcp_link_watch(tcp_links, tcp_link, EPOLL_CTL_MOD);
}

static void sending_append(struct tcp_link *tcp_link, struct sending *sending)
{
    if (tcp_link->first == NULL)
        tcp_link->first = sending;
    else
        tcp_link->last->next = sending;
    tcp_link->last = sending;
}

static struct sending *sending_of_head(enum tcp_link_kind kind, const void *head, size_t head_bytes,
                                       size_t body_bytes)
{
    struct header header = {.kind = kind, .bytes = head_bytes + body_bytes};
    struct sending *sending = malloc(sizeof *sending + sizeof header + head_bytes);
    if (sending == NULL)
        return NULL;
    *sending = (struct sending){.memory = sending->owned, .left = sizeof header + head_bytes};
    memcpy(sending->owned, &header, sizeof header);
    if (head_bytes > 0)
        memcpy(sending->owned + sizeof header, head, head_bytes);
    return sending;
}

static struct sending *sending_of_body(const void *body, size_t body_bytes, int *pending)
{
    struct sending *sending = malloc(sizeof *sending);
    if (sending != NULL)
        *sending = (struct sending){.memory = body, .left = body_bytes, .pending = pending};
    return sending;
}

bool rpi_tcp_links_send(struct tcp_links *tcp_links, int to, enum tcp_link_kind kind,
                        const void *head, size_t head_bytes, const void *body, size_t body_bytes,
                        int *pending)
{
    struct tcp_link *tcp_link = tcp_link_to(tcp_links, to);
    if (to == tcp_links->world->rank)
        return frame_deliver(tcp_links, to, kind, head_bytes > 0 ? head : body,
                             head_bytes + body_bytes);
    if (tcp_link == NULL || tcp_link->file < 0)
        return true;
    struct sending *first = sending_of_head(kind, head, head_bytes, body_bytes);
    struct sending *second = body_bytes > 0 ? sending_of_body(body, body_bytes, pending) : NULL;
    bool idle = tcp_link->first == NULL;
    if (first == NULL || (body_bytes > 0 && second == NULL)) {
        free(first);
        free(second);
        rpi_tcp_links_reject(tcp_links, to);
        return true;
    }
    sending_append(tcp_link, first);
    if (second != NULL) {
        sending_append(tcp_link, second);
        if (pending != NULL)
            *pending += 1;
    }
    if (idle) {
        tcp_links->sending++;
        tcp_link_watch(tcp_links, tcp_link, EPOLL_CTL_MOD);
    }
    tcp_link_write(tcp_links, tcp_link);
    return true;
}

/* ---- steps ----------------------------------------------------------------------------------- */

void rpi_tcp_links_wait(struct tcp_links *tcp_links, double most_seconds)
{
    const double soon = 0.01; /* callers are not among the events */
    struct epoll_event events[EVENTS];
    struct acceptor *acceptor = &tcp_links->acceptor;
    bool calls = acceptor->waiting > 0;
    double seconds = calls && most_seconds > soon ? soon : most_seconds;
    int count = epoll_wait(tcp_links->events, events, EVENTS, (int)(1e3 * seconds));
    for (int i = 0; i < count; i++) {
        struct tcp_link *tcp_link = events[i].data.ptr;
        if (events[i].data.ptr == acceptor) {
            calls = true;
            continue;
        }
        if (tcp_link->file >= 0 && (events[i].events & EPOLLOUT) != 0)
            tcp_link_write(tcp_links, tcp_link);
        bool more = tcp_link->file >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0;
        for (int reads = 0; reads < READS && more; reads++)
            more = tcp_link_read(tcp_links, tcp_link);
    }
    if (calls)
        rpi_acceptor_step(acceptor, 0);
    if (tcp_links->leaderless > 0)
        successions_check(tcp_links);
}

void rpi_tcp_links_step(struct tcp_links *tcp_links)
{
    rpi_tcp_links_wait(tcp_links, 0);
}
