#include "comm/tcp_link.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 64,
    READS = 16 /* of one link, before the others get their turn */
};

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
    struct sending *first, *last;
    struct header header; /* of the incoming frame */
    size_t got;           /* bytes received, of header and body */
    char *bytes;
    size_t room;
};

static struct tcp_link *tcp_link_to(const struct tcp_links *tcp_links, int rank)
{
    if (tcp_links->tcp_link == NULL)
        return NULL;
    return tcp_links->me == tcp_links->root ? &tcp_links->tcp_link[rank] : &tcp_links->tcp_link[0];
}

static int tcp_link_rank(const struct tcp_links *tcp_links, const struct tcp_link *tcp_link)
{
    return tcp_links->me == tcp_links->root ? (int)(tcp_link - tcp_links->tcp_link)
                                            : tcp_links->root;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static bool tcp_link_watch(struct tcp_links *tcp_links, struct tcp_link *tcp_link, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (tcp_link->first != NULL ? EPOLLOUT : 0u),
                                .data.ptr = tcp_link};
    return epoll_ctl(tcp_links->events, operation, tcp_link->file, &event) == 0;
}

bool rpi_tcp_links_take(struct tcp_links *tcp_links, int rank, int file)
{
    struct tcp_link *tcp_link = tcp_link_to(tcp_links, rank);
    if (tcp_link->file >= 0)
        return false;
    tcp_link->file = file;
    if (!tcp_link_watch(tcp_links, tcp_link, EPOLL_CTL_ADD))
        tcp_link->file = -1;
    tcp_links->whole += tcp_link->file >= 0;
    return tcp_link->file >= 0;
}

bool rpi_tcp_links_allocate(struct tcp_links *tcp_links)
{
    size_t count = tcp_links->me == tcp_links->root ? (size_t)tcp_links->ranks : 1;
    tcp_links->events = epoll_create1(EPOLL_CLOEXEC);
    tcp_links->tcp_link = calloc(count, sizeof *tcp_links->tcp_link);
    for (size_t i = 0; tcp_links->tcp_link != NULL && i < count; i++)
        tcp_links->tcp_link[i].file = -1;
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

static void tcp_link_break(struct tcp_links *tcp_links, struct tcp_link *tcp_link)
{
    if (tcp_link->file < 0)
        return;
    close(tcp_link->file);
    tcp_link->file = -1;
    tcp_links->whole--;
    tcp_links->sending -= tcp_link->first != NULL;
    while (tcp_link->first != NULL) {
        struct sending *sending = tcp_link->first;
        tcp_link->first = sending->next;
        sending_complete(sending);
    }
    free(tcp_link->bytes);
    tcp_link->bytes = NULL;
    tcp_link->room = 0;
    if (tcp_links->broken != NULL)
        tcp_links->broken(tcp_links->closure, tcp_link_rank(tcp_links, tcp_link));
}

void rpi_tcp_links_reject(struct tcp_links *tcp_links, int rank)
{
    tcp_link_break(tcp_links, tcp_link_to(tcp_links, rank));
}

void rpi_tcp_links_close(struct tcp_links *tcp_links, double most_seconds)
{
    const double look = 0.1;
    double until = rpi_clock_seconds() + most_seconds;
    if (tcp_links->tcp_link == NULL)
        return;
    bool root = tcp_links->me == tcp_links->root;
    while (root && most_seconds > 0 && tcp_links->whole > 0 && rpi_clock_seconds() < until)
        rpi_tcp_links_wait(tcp_links, look);
    tcp_links->broken = NULL;
    for (int i = 0; i < (root ? tcp_links->ranks : 1); i++)
        tcp_link_break(tcp_links, &tcp_links->tcp_link[i]);
    if (tcp_links->events >= 0)
        close(tcp_links->events);
    free(tcp_links->tcp_link);
    tcp_links->tcp_link = NULL;
}

bool rpi_tcp_links_whole(const struct tcp_links *tcp_links, int rank)
{
    return tcp_link_to(tcp_links, rank)->file >= 0;
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
    tcp_link->got += count > 0 ? (size_t)count : 0;
    bool sound = (count > 0 || left == 0) && (tcp_link->got != head || frame_reserve(tcp_link));
    if (sound && tcp_link->got >= head && tcp_link->got == head + tcp_link->header.bytes) {
        tcp_link->got = 0;
        sound = frame_deliver(tcp_links, tcp_link_rank(tcp_links, tcp_link),
                              (enum tcp_link_kind)tcp_link->header.kind, tcp_link->bytes,
                              (size_t)tcp_link->header.bytes);
    }
    if (!sound)
        tcp_link_break(tcp_links, tcp_link);
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
    if (to == tcp_links->me)
        return frame_deliver(tcp_links, to, kind, head_bytes > 0 ? head : body,
                             head_bytes + body_bytes);
    if (tcp_link->file < 0)
        return true;
    struct sending *first = sending_of_head(kind, head, head_bytes, body_bytes);
    struct sending *second = body_bytes > 0 ? sending_of_body(body, body_bytes, pending) : NULL;
    bool idle = tcp_link->first == NULL;
    if (first == NULL || (body_bytes > 0 && second == NULL)) {
        free(first);
        free(second);
        tcp_link_break(tcp_links, tcp_link);
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
    struct epoll_event events[EVENTS];
    int count = epoll_wait(tcp_links->events, events, EVENTS, (int)(1e3 * most_seconds));
    for (int i = 0; i < count; i++) {
        struct tcp_link *tcp_link = events[i].data.ptr;
        if (tcp_link->file >= 0 && (events[i].events & EPOLLOUT) != 0)
            tcp_link_write(tcp_links, tcp_link);
        bool more = tcp_link->file >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0;
        for (int reads = 0; reads < READS && more; reads++)
            more = tcp_link_read(tcp_links, tcp_link);
    }
}

void rpi_tcp_links_step(struct tcp_links *tcp_links)
{
    rpi_tcp_links_wait(tcp_links, 0);
}
