/* The courier: what an agent is to a loop, it is to a stream. The root's courier brings parcels
 * from the root to the couriers of the other nodes, and takes the results; each of these supplies
 * the station of its node. As an agent it has a thread of its own, or its rank takes its steps
 * between parcels.
 *
 * Where ranks survive others letters go over wires, and any rank of a node may come to have its
 * courier, which then introduces itself to the root's. If it dies, the root's gives back all that
 * was with that node.
 *
 * The root's courier shares with the rank it serves what struct errands holds, under a lock;
 * everything else belongs to whoever takes the steps. */
#ifndef RANKPOOL_POOL_COURIER_H
#define RANKPOOL_POOL_COURIER_H

#include "pool/supplier.h"
#include "pool/vigil.h"
#include "world/post.h"

#include "pool/pool.h"
#include <pthread.h>

enum parcel_letter_kind {
    PARCEL_HELLO,    /* to the root, where ranks survive: this rank has the courier of its node */
    PARCEL_LIVING,   /* to the root, there: so many ranks of its node live */
    PARCEL_OUT,      /* to a node: a parcel; its area and large input follow */
    PARCEL_BACK,     /* to the root: results of one; area and large results follow. Or, with
                        another fate, none */
    PARCEL_LIMIT,    /* to a node: items from `limit` on are not wanted */
    PARCEL_CLOSED,   /* to a node: there will be no more; or, if `stop`, all is to stop */
    PARCEL_ALIVE,    /* to the root, which answers with the same: a sign of life */
    PARCEL_STOP,     /* to the root: a rank of this node gave up */
    PARCEL_FINISHED, /* to the root: the last letter of this node about this stream */
    PARCEL_OVER      /* to a node: the last letter to it, in answer to that */
};

struct parcel_letter {
    enum parcel_letter_kind kind;
    uint32_t place; /* of the parcel among those that are with the node */
    int64_t job, first;
    uint32_t items, done, ranks;
    uint32_t attempt, deaths; /* as of a parcel; so is `fate` */
    uint64_t bytes, large_bytes;
    int64_t limit; /* with results: because of them */
    double seconds;
    enum parcel_fate fate;
    bool hungry, stop;
    int lost; /* with `stop`: the node that is lost, or -1 */
};

/* What can be done with another node. */
enum outpost_state {
    OUTPOST_AWAITED, /* nothing yet: nobody has written for it */
    OUTPOST_SERVED,  /* parcels can be sent */
    OUTPOST_LEFT,    /* nothing any more: its courier has died */
    OUTPOST_WAITS    /* the same, and its other ranks wait for the end of this round */
};

struct outpost {
    enum outpost_state state;
    uint32_t ranks; /* that live there */
};

/* A node as the root's courier sees it. */
struct served_node {
    struct parcel **parcels; /* that are with it; owned */
    uint32_t slots;          /* of its station */
    int courier;             /* where ranks survive: the rank that writes for it; -1: none has */
    uint32_t living;         /* so many ranks lived when that one last said so; 0: it has not */
    bool left;               /* it has died */
    bool finished;           /* or its PARCEL_FINISHED has come */
};

/* What the root and its courier tell each other. */
struct errands {
    pthread_mutex_t lock;
    struct parcel_list out, back;
    struct outpost *outposts; /* by node; owned */
    bool tidings;             /* of them, that the root has not heard */
    int64_t limit;            /* wanted */
    bool close, stop;         /* wanted */
};

struct courier {
    rp_pool *pool;
    int64_t job;
    struct station *station; /* of this node */
    struct post post;
    int root_at;   /* where letters to the root go */
    bool survives; /* by wires */
    struct vigil vigil;
    rp_error error;
    double lost_at; /* when a node was found to be lost; INFINITY: none is */

    /* On the root. */
    struct errands errands;
    struct served_node *nodes;
    int unfinished; /* nodes that have not finished */
    int64_t limit_told;
    bool close_told;
    struct parcel_list returning; /* when nothing of them is on its way any more */

    /* On the other nodes. */
    struct supplier supplier;
    struct parcel_list arriving, leaving;
    double next_look;     /* when to look who of the node has died */
    uint32_t living_told; /* ranks of it */
    bool finish_told, dismissed;

    bool stop_told, moved, threaded, over;
    double sleep, next_step;
    pthread_t thread;
};

/* Makes the courier of this node, if there are several nodes and this rank is the one to have it:
 * *courier is NULL otherwise. Where ranks survive, every rank that may be the one makes one: see
 * rpi_courier_elect(). */
rp_status rpi_courier_make(rp_pool *pool, struct station *station, struct courier **courier,
                           rp_error *error);

/* When all ranks have agreed to begin the stream: the courier, if this rank is the one to have it;
 * otherwise it is dropped. */
struct courier *rpi_courier_elect(struct courier *courier);

/* Begins its work. */
void rpi_courier_begin(struct courier *courier);

/* Takes a step if it is time. Returns after how many seconds it wants to take the next: never, if
 * it has a thread. */
double rpi_courier_attend(struct courier *courier);

/* For the root: sends a parcel; the courier owns it until rpi_courier_take() gives it back, with
 * its results or as its fate says. NULL: there is none. */
void rpi_courier_send(struct courier *courier, int node, struct parcel *parcel);
struct parcel *rpi_courier_take(struct courier *courier);

/* For the root, where ranks survive: how the nodes are, if that has changed since it asked last. */
bool rpi_courier_tidings(struct courier *courier, struct outpost *outposts);

/* For the root: items from `limit` on are not wanted. */
void rpi_courier_limit(struct courier *courier, int64_t limit);

/* For the root: there will be no more parcels; with `stop`, what is under way is not wanted. */
void rpi_courier_close(struct courier *courier, bool stop);

/* Waits, asleep, until the courier has nothing more to do. What went wrong with it goes into the
 * ballot for the meeting that ends the stream, unless that tells of something already. */
void rpi_courier_end(struct courier *courier, struct ballot *ballot);

/* Frees it, when all ranks have met to end the stream; or one that was not begun. */
void rpi_courier_drop(struct courier *courier);

/* ---- within the courier: the root's side, and the other nodes' ------------------------------- */

/* What the root's courier knows of the nodes. False: no memory. */
bool rpi_courier_note_nodes(struct courier *courier);
void rpi_courier_forget_nodes(struct courier *courier);

/* All return MPI's error code. */
int rpi_courier_step_on_root(struct courier *courier);
int rpi_courier_read_on_root(struct courier *courier, int from, const struct parcel_letter *letter);
int rpi_courier_step_on_node(struct courier *courier);
int rpi_courier_read_on_node(struct courier *courier, const struct parcel_letter *letter);

/* The root's courier, where ranks survive. Is this letter of the rank that writes for its node? */
bool rpi_courier_hear(struct courier *courier, int rank);

/* It looks which couriers have died, and tells the root how the nodes are. */
void rpi_courier_look(struct courier *courier);

/* The root's courier tells all nodes that all is to stop, because that one is lost. */
int rpi_courier_lose(struct courier *courier, int node);

/* Writes a letter. */
int rpi_courier_tell(struct courier *courier, int to, struct parcel_letter letter);

/* This node's ranks are to stop, and who waits at the station wakes. */
void rpi_courier_stop_node(struct courier *courier);

/* Nothing more can come of the stream: there was no memory. */
void rpi_courier_out_of_memory(struct courier *courier, size_t bytes);

#endif
