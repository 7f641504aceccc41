/* Wires: a TCP connection from each rank of another node to the root, where ranks are to go on
 * without those that die. MPI says neither that a rank has died nor what became of a message to it.
 * A wire says both: the kernel breaks it when its process ends, and what has not arrived as a whole
 * has not arrived at all.
 *
 * What goes over a wire are frames: a kind, and bytes. Nothing here waits but
 * rpi_wires_wait(). All of it belongs to one thread at a time: that of the agent during a job,
 * that of the rank otherwise. */
#ifndef RANKPOOL_WORLD_WIRES_H
#define RANKPOOL_WORLD_WIRES_H

#include "rankpool.h"

enum wire_kind {
    WIRE_MEETING, /* see world/meeting.h */
    WIRE_LETTER,  /* see world/post.h, */
    WIRE_PAYLOAD, /* also for this */
    WIRE_KINDS
};

struct wire;  /* a connection */
struct frame; /* that has come, and that nobody has heard */

/* Hears a frame, whose bytes are there until it returns. */
typedef void (*wire_hear)(void *closure, int from, const void *bytes, size_t count);

struct wires {
    struct wire *wire; /* on the root: by rank; elsewhere one, to the root. NULL: there are none */
    int me, root, ranks;
    int events; /* an epoll */
    int broken; /* so far */
    struct {
        wire_hear hear;
        void *closure;
    } ears[WIRE_KINDS];
    struct frame *first, *last; /* nobody has an ear for yet, or from this rank to itself */
};

/* Connects each rank of the communicator that `outside` says is on another node than the
 * root. Collective. *connected is the same everywhere: with false there are no wires, as when
 * some rank is not `ready`. `silence`: seconds after which a network that does not answer
 * counts as broken. */
rp_status rpi_wires_open(struct wires *wires, MPI_Comm comm, int root, bool outside, double silence,
                         bool ready, bool *connected, rp_error *error);

/* On the root: waits, no longer than so many seconds, until all others have closed their wires, and
 * listens to them meanwhile: what was sent last arrives only if it is waited for. Then, and
 * elsewhere at once, closes them. */
void rpi_wires_close(struct wires *wires, double most_seconds);

/* Frames of this kind are for that ear; also those that have come before. NULL: they are kept. */
void rpi_wires_listen(struct wires *wires, enum wire_kind kind, wire_hear hear, void *closure);

/* Sends a frame: a copy of `head`, then `body`, which stays as it is until *pending, counted up
 * here, has been counted down. To who is not there any more nothing is sent. */
void rpi_wires_send(struct wires *wires, int to, enum wire_kind kind, const void *head,
                    size_t head_bytes, const void *body, size_t body_bytes, int *pending);

/* Hears what has come, sends what can go. */
void rpi_wires_step(struct wires *wires);

/* The same, but waits for something to come, no longer than so many seconds. */
void rpi_wires_wait(struct wires *wires, double most_seconds);

/* Is the wire to this rank whole? On the root; elsewhere: to the root. */
bool rpi_wires_whole(const struct wires *wires, int rank);

/* Has everything been sent? */
bool rpi_wires_idle(const struct wires *wires);

#endif
