/* The courier: what an agent is to a loop, it is to a stream. The root's courier brings parcels from the
 * root to the couriers of the other nodes, and takes the results; each of these supplies the station of
 * its node. As an agent it has a thread of its own, or its rank takes its steps between parcels.
 *
 * The root's courier shares with the rank it serves what struct errands holds, under a lock; everything
 * else belongs to whoever takes the steps. */
#ifndef RANKPOOL_POOL_COURIER_H
#define RANKPOOL_POOL_COURIER_H

#include "pool/supplier.h"
#include "pool/vigil.h"
#include "world/post.h"

#include "pool/pool.h"
#include <pthread.h>

enum parcel_letter_kind {
    PARCEL_OUT,      /* to a node: a parcel; its area and large input follow */
    PARCEL_BACK,     /* to the root: results of one; area and large results follow */
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
    uint32_t items, done;
    uint64_t bytes, large_bytes;
    int64_t limit;
    double seconds;
    bool hungry, stop;
    int lost; /* with `stop`: the node that is lost, or -1 */
};

/* A node as the root's courier sees it. */
struct served_node {
    struct parcel **parcels; /* that are with it; owned */
    uint32_t slots;          /* of its station */
    bool finished;           /* its PARCEL_FINISHED has come */
};

/* What the root and its courier tell each other. */
struct errands {
    pthread_mutex_t lock;
    struct parcel_list out, back;
    int64_t limit;    /* wanted */
    bool close, stop; /* wanted */
};

struct courier {
    rp_pool *pool;
    int64_t job;
    struct station *station; /* of this node */
    struct post post;
    struct vigil vigil;
    rp_error error;
    double lost_at; /* when a node was found to be lost; INFINITY: none is */

    /* On the root. */
    struct errands errands;
    struct served_node *nodes;
    int unfinished; /* nodes whose PARCEL_FINISHED has not come */
    int64_t limit_told;
    bool close_told;
    struct parcel_list returning; /* their results are on their way */

    /* On the other nodes. */
    struct supplier supplier;
    struct parcel_list arriving, leaving;
    bool finish_told, dismissed;

    bool stop_told, moved, threaded, over;
    double sleep, next_step;
    pthread_t thread;
};

/* Makes the courier of this node, if there are several nodes and this rank is the one to have it:
 * *courier is NULL otherwise. */
rp_status rpi_courier_make(rp_pool *pool, struct station *station, struct courier **courier,
                           rp_error *error);

/* Begins its work, when all ranks have agreed to begin the stream. */
void rpi_courier_begin(struct courier *courier);

/* Takes a step if it is time. Returns after how many seconds it wants to take the next: never, if it has
 * a thread. */
double rpi_courier_attend(struct courier *courier);

/* For the root: sends a parcel; the courier owns it until rpi_courier_take() gives it back, with its
 * results. NULL: there is none. */
void rpi_courier_send(struct courier *courier, int node, struct parcel *parcel);
struct parcel *rpi_courier_take(struct courier *courier);

/* For the root: items from `limit` on are not wanted. */
void rpi_courier_limit(struct courier *courier, int64_t limit);

/* For the root: there will be no more parcels; with `stop`, what is under way is not wanted. */
void rpi_courier_close(struct courier *courier, bool stop);

/* Waits, asleep, until the courier has nothing more to do. What went wrong with it goes into the ballot
 * for the meeting that ends the stream, unless that tells of something already. */
void rpi_courier_end(struct courier *courier, struct ballot *ballot);

/* Frees it, when all ranks have met to end the stream; or one that was not begun. */
void rpi_courier_drop(struct courier *courier);

/* ---- within the courier: the root's side, and the other nodes' ---------------------------------- */

/* All return MPI's error code. */
int rpi_courier_step_on_root(struct courier *courier);
int rpi_courier_read_on_root(struct courier *courier, int from, const struct parcel_letter *letter);
int rpi_courier_step_on_node(struct courier *courier);
int rpi_courier_read_on_node(struct courier *courier, const struct parcel_letter *letter);

/* The root's courier tells all nodes that all is to stop, because that one is lost. */
int rpi_courier_lose(struct courier *courier, int node);

/* Writes a letter. */
int rpi_courier_tell(struct courier *courier, int to, struct parcel_letter letter);

/* Nothing more can come of the stream: there was no memory. */
void rpi_courier_out_of_memory(struct courier *courier, size_t bytes);

#endif
