#include "world/wires.h"

#include "base/clock.h"
#include "base/error.h"
#include "world/mpi_error.h"
#include "world/wire_open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 64,
    READS = 16 /* of one wire, before others get their turn */
};

struct header {
    uint64_t kind, bytes;
};

/* Bytes on their way out. */
struct sending {
    struct sending *next;
    const char *memory;
    size_t left;
    int *pending; /* or NULL */
    char owned[]; /* a copy, if `memory` is it */
};

struct wire {
    int file; /* -1: none, or broken */
    bool was; /* there was one */
    struct sending *first, *last;
    struct header header; /* of the frame that is coming, */
    size_t got;           /* of header and bytes */
    char *bytes;
    size_t room;
};

struct frame {
    struct frame *next;
    enum wire_kind kind;
    int from;
    size_t count;
    char bytes[];
};

static struct wire *wire_to(const struct wires *wires, int rank)
{
    if (wires->wire == NULL)
        return NULL;
    return wires->me == wires->root ? &wires->wire[rank] : &wires->wire[0];
}

static int rank_of(const struct wires *wires, const struct wire *wire)
{
    return wires->me == wires->root ? (int)(wire - wires->wire) : wires->root;
}

/* ---- opening and closing --------------------------------------------------------------------- */

static bool watch(struct wires *wires, struct wire *wire, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (wire->first != NULL ? EPOLLOUT : 0u),
                                .data.ptr = wire};
    return epoll_ctl(wires->events, operation, wire->file, &event) == 0;
}

static bool take_connection(void *closure, int rank, int file)
{
    struct wires *wires = closure;
    struct wire *wire = wire_to(wires, rank);
    if (wire->file >= 0)
        return false;
    wire->file = file;
    wire->was = watch(wires, wire, EPOLL_CTL_ADD);
    if (!wire->was)
        wire->file = -1;
    return wire->was;
}

static bool furnish(struct wires *wires)
{
    size_t count = wires->me == wires->root ? (size_t)wires->ranks : 1;
    wires->events = epoll_create1(EPOLL_CLOEXEC);
    wires->wire = calloc(count, sizeof *wires->wire);
    for (size_t i = 0; wires->wire != NULL && i < count; i++)
        wires->wire[i].file = -1;
    return wires->events >= 0 && wires->wire != NULL;
}

rp_status rpi_wires_open(struct wires *wires, MPI_Comm comm, int root, bool outside, double silence,
                         bool ready, bool *connected, rp_error *error)
{
    *wires = (struct wires){.root = root};
    MPI_Comm_rank(comm, &wires->me);
    MPI_Comm_size(comm, &wires->ranks);
    struct wire_opening opening = {.comm = comm,
                                   .root = root,
                                   .outside = outside,
                                   .silence = silence,
                                   .ready = furnish(wires) && ready,
                                   .take = take_connection,
                                   .closure = wires};
    rp_status status = rpi_wire_open(&opening, connected, error);
    if (status != RP_OK || !*connected)
        rpi_wires_close(wires, 0);
    return status;
}

static void complete(struct sending *sending)
{
    if (sending->pending != NULL)
        *sending->pending -= 1;
    free(sending);
}

static void end(struct wire *wire)
{
    if (wire->file >= 0)
        close(wire->file);
    wire->file = -1;
    while (wire->first != NULL) {
        struct sending *sending = wire->first;
        wire->first = sending->next;
        complete(sending);
    }
    free(wire->bytes);
    wire->bytes = NULL;
    wire->room = 0;
}

static void break_off(struct wires *wires, struct wire *wire)
{
    end(wire);
    wires->broken++;
}

static bool any_whole(const struct wires *wires)
{
    bool any = false;
    for (int rank = 0; rank < wires->ranks && !any; rank++)
        any = wires->wire[rank].file >= 0;
    return any;
}

void rpi_wires_close(struct wires *wires, double most_seconds)
{
    const double look = 0.1;
    double until = rpi_clock_seconds() + most_seconds;
    if (wires->wire == NULL)
        return;
    bool root = wires->me == wires->root;
    while (root && most_seconds > 0 && any_whole(wires) && rpi_clock_seconds() < until)
        rpi_wires_wait(wires, look);
    for (int i = 0; i < (root ? wires->ranks : 1); i++)
        end(&wires->wire[i]);
    while (wires->first != NULL) {
        struct frame *frame = wires->first;
        wires->first = frame->next;
        free(frame);
    }
    if (wires->events >= 0)
        close(wires->events);
    free(wires->wire);
    wires->wire = NULL;
}

bool rpi_wires_whole(const struct wires *wires, int rank)
{
    return wire_to(wires, rank)->file >= 0;
}

/* ---- hearing --------------------------------------------------------------------------------- */

/* Keeps a copy of a frame until somebody listens. Without memory it is lost, and its
 * sender with it. */
static bool keep(struct wires *wires, int from, enum wire_kind kind, const void *head,
                 size_t head_bytes, const void *body, size_t body_bytes)
{
    struct frame *frame = malloc(sizeof *frame + head_bytes + body_bytes);
    if (frame == NULL)
        return false;
    *frame = (struct frame){.kind = kind, .from = from, .count = head_bytes + body_bytes};
    memcpy(frame->bytes, head, head_bytes);
    if (body_bytes > 0)
        memcpy(frame->bytes + head_bytes, body, body_bytes);
    if (wires->first == NULL)
        wires->first = frame;
    else
        wires->last->next = frame;
    wires->last = frame;
    return true;
}

static bool hear(struct wires *wires, int from, enum wire_kind kind, const void *bytes,
                 size_t count)
{
    if (wires->ears[kind].hear == NULL)
        return keep(wires, from, kind, bytes, count, NULL, 0);
    wires->ears[kind].hear(wires->ears[kind].closure, from, bytes, count);
    return true;
}

/* Those that were kept, as far as somebody listens now. */
static void hear_kept(struct wires *wires)
{
    struct frame **place = &wires->first, *last = NULL;
    while (*place != NULL) {
        struct frame *frame = *place;
        if (wires->ears[frame->kind].hear == NULL) {
            last = frame;
            place = &frame->next;
            continue;
        }
        *place = frame->next;
        if (frame->next == NULL)
            wires->last = last;
        hear(wires, frame->from, frame->kind, frame->bytes, frame->count);
        free(frame);
    }
}

void rpi_wires_listen(struct wires *wires, enum wire_kind kind, wire_hear hear_it, void *closure)
{
    wires->ears[kind].hear = hear_it;
    wires->ears[kind].closure = closure;
}

/* Makes room for the frame whose header has come. */
static bool make_room(struct wire *wire)
{
    if (wire->header.kind >= WIRE_KINDS || wire->header.bytes > SIZE_MAX / 2)
        return false;
    if (wire->header.bytes <= wire->room)
        return true;
    free(wire->bytes);
    wire->bytes = malloc((size_t)wire->header.bytes);
    wire->room = wire->bytes != NULL ? (size_t)wire->header.bytes : 0;
    return wire->bytes != NULL;
}

/* Reads on at the frame that is coming. False when nothing has come, or the wire is broken. */
static bool read_on(struct wires *wires, struct wire *wire)
{
    const size_t head = sizeof wire->header;
    bool in_head = wire->got < head;
    char *to = in_head ? (char *)&wire->header + wire->got : wire->bytes + (wire->got - head);
    size_t left = in_head ? head - wire->got : head + (size_t)wire->header.bytes - wire->got;
    ssize_t count = left > 0 ? recv(wire->file, to, left, MSG_DONTWAIT) : 0;
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    wire->got += count > 0 ? (size_t)count : 0;
    bool sound = (count > 0 || left == 0) && (wire->got != head || make_room(wire));
    if (sound && wire->got >= head && wire->got == head + wire->header.bytes) {
        wire->got = 0;
        sound = hear(wires, rank_of(wires, wire), (enum wire_kind)wire->header.kind, wire->bytes,
                     (size_t)wire->header.bytes);
    }
    if (!sound && wire->file >= 0)
        break_off(wires, wire);
    return wire->file >= 0;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void send_on(struct wires *wires, struct wire *wire)
{
    bool waits = wire->first != NULL;
    while (wire->first != NULL) {
        struct sending *sending = wire->first;
        ssize_t count =
            send(wire->file, sending->memory, sending->left, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (count < 0) {
            break_off(wires, wire);
            return;
        }
        sending->memory += count;
        sending->left -= (size_t)count;
        if (sending->left > 0)
            continue;
        wire->first = sending->next;
        complete(sending);
    }
    if (waits)
        watch(wires, wire, EPOLL_CTL_MOD);
}

static void append(struct wire *wire, struct sending *sending)
{
    if (wire->first == NULL)
        wire->first = sending;
    else
        wire->last->next = sending;
    wire->last = sending;
}

static struct sending *head_of(enum wire_kind kind, const void *head, size_t head_bytes,
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

static struct sending *body_of(const void *body, size_t body_bytes, int *pending)
{
    struct sending *sending = malloc(sizeof *sending);
    if (sending != NULL)
        *sending = (struct sending){.memory = body, .left = body_bytes, .pending = pending};
    return sending;
}

void rpi_wires_send(struct wires *wires, int to, enum wire_kind kind, const void *head,
                    size_t head_bytes, const void *body, size_t body_bytes, int *pending)
{
    struct wire *wire = wire_to(wires, to);
    if (to == wires->me) {
        keep(wires, to, kind, head, head_bytes, body, body_bytes);
        return;
    }
    if (wire->file < 0)
        return;
    struct sending *first = head_of(kind, head, head_bytes, body_bytes);
    struct sending *second = body_bytes > 0 ? body_of(body, body_bytes, pending) : NULL;
    bool idle = wire->first == NULL;
    if (first == NULL || (body_bytes > 0 && second == NULL)) {
        free(first);
        free(second);
        break_off(wires, wire);
        return;
    }
    append(wire, first);
    if (second != NULL) {
        append(wire, second);
        if (pending != NULL)
            *pending += 1;
    }
    if (idle)
        watch(wires, wire, EPOLL_CTL_MOD);
    send_on(wires, wire);
}

bool rpi_wires_idle(const struct wires *wires)
{
    bool idle = true;
    for (int i = 0; i < (wires->me == wires->root ? wires->ranks : 1) && idle; i++)
        idle = wires->wire[i].first == NULL;
    return idle;
}

/* ---- steps ----------------------------------------------------------------------------------- */

void rpi_wires_wait(struct wires *wires, double most_seconds)
{
    struct epoll_event events[EVENTS];
    hear_kept(wires);
    int count = epoll_wait(wires->events, events, EVENTS, (int)(1e3 * most_seconds));
    for (int i = 0; i < count; i++) {
        struct wire *wire = events[i].data.ptr;
        if (wire->file >= 0 && (events[i].events & EPOLLOUT) != 0)
            send_on(wires, wire);
        bool more = wire->file >= 0 && (events[i].events & ~(uint32_t)EPOLLOUT) != 0;
        for (int reads = 0; reads < READS && more; reads++)
            more = read_on(wires, wire);
    }
}

void rpi_wires_step(struct wires *wires)
{
    rpi_wires_wait(wires, 0);
}
