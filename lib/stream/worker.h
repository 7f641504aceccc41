/* What a rank does in a stream: it takes packets from the slot queue of its node, and has their items
 * computed. */
#ifndef RANKPOOL_STREAM_WORKER_H
#define RANKPOOL_STREAM_WORKER_H

#include "base/buffer.h"
#include "engine/attempt.h"
#include "pool/pool.h"
#include "stream/slot_queue.h"

/* Results that did not fit into a slot, in this rank's own memory until the feeder has copied
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
    uint32_t lane, feeder; /* which of the node's ranks this one is, and which the feeder's */
    bool cautious;         /* it leaves to others what may have ended ranks, unless it is lonely */
    const rp_stream_job *job;
    bool spin;
    rp_pool *pool;
    struct rp_task task;
    claim_attend look; /* called while it waits, to find out who has died; or NULL */
    bool careful;      /* `work` is called by rpi_attempt() */
    struct attempts attempts;
    struct saved_results *saved;    /* by slot */
    size_t saved_bytes, most_saved; /* with more of them this rank takes no packet */
    rp_buffer input;                /* a large one, copied */
    rp_error failure;               /* of the library itself */
};

/* Gives a worker what it needs. False: no memory. */
bool rpi_stream_worker_make(struct stream_worker *worker);

/* Takes a packet and works it off. False: there was none to take, or this rank has to stop or to
 * wait. */
bool rpi_stream_worker_step(struct stream_worker *worker);

/* Works until the slot queue is over, or all are to stop. `attend`: called while waiting and between
 * packets; returns after how many seconds it wants to be called again. NULL: none. */
void rpi_stream_worker_run(struct stream_worker *worker, claim_attend attend, void *closure);

/* Frees what the worker has, when the feeder copies nothing any more. */
void rpi_stream_worker_drop(struct stream_worker *worker);

#endif
