/* A rank of a stream: takes packets from the slot queue of its node and computes their items. */
#ifndef RANKPOOL_STREAM_WORKER_H
#define RANKPOOL_STREAM_WORKER_H

#include "base/buffer.h"
#include "engine/attempt.h"
#include "pool/pool.h"
#include "stream/slot_queue.h"

/* Results that did not fit into a slot. They stay in this rank's memory until the feeder has copied
 * them. */
struct saved_result {
    char *memory;
    size_t bytes;
};

struct saved_results {
    struct saved_result *results;
    uint32_t count;
    size_t bytes;
};

struct stream_worker {
    struct work_queue *work_queue; /* says when to stop */
    struct slot_queue *slot_queue;
    uint32_t lane, feeder; /* node ranks of this rank and of the feeder */
    bool cautious;         /* leaves suspects to other ranks of the node while there are any */
    const rp_stream_job *job;
    bool spin;
    rp_pool *pool;
    struct rp_task task;
    bool careful; /* call `work` through rpi_attempt() */
    struct attempts attempts;
    struct saved_results *saved;    /* by slot */
    size_t saved_bytes, most_saved; /* above this limit the rank takes no packet */
    rp_buffer input;                /* copy of a large input */
    rp_error failure;               /* of the library, not of an item */
};

/* Allocates the worker's memory. False: no memory. */
bool rpi_stream_worker_make(struct stream_worker *worker);

/* Takes one packet and computes it. False: the queue was empty, or the rank has to stop or to wait
 * until its results are copied. */
bool rpi_stream_worker_step(struct stream_worker *worker);

/* Computes packets until the slot queue is closed and empty, or the work queue is stopped. Calls
 * `attend`, unless NULL, between packets and while waiting; it returns the seconds until it wants
 * to be called again. */
void rpi_stream_worker_run(struct stream_worker *worker, claim_attend attend, void *closure);

/* Frees the worker's memory. The feeder must not copy from it any more. */
void rpi_stream_worker_drop(struct stream_worker *worker);

#endif
