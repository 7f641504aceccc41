/* What a rank does in a stream: it takes parcels from the station of its node, and has their items
 * computed. */
#ifndef RANKPOOL_POOL_STREAM_WORK_H
#define RANKPOOL_POOL_STREAM_WORK_H

#include "base/buffer.h"
#include "pool/pool.h"
#include "pool/station.h"
#include "pool/trial.h"

/* Results that did not fit into a slot, in this rank's own memory until the supplier has copied
 * them. */
struct kept_result {
    char *memory;
    size_t bytes;
};

struct kept_results {
    struct kept_result *results;
    uint32_t count;
    size_t bytes;
};

struct stream_worker {
    struct board *board; /* says when to stop */
    struct station *station;
    uint32_t lane, supplier; /* which of the node's ranks this one is, and which the supplier's */
    bool cautious; /* it leaves to others what may have ended ranks, unless it is lonely */
    const rp_stream_job *job;
    bool spin;
    rp_pool *pool;
    struct rp_task task;
    claim_attend look; /* called while it waits, to find out who has died; or NULL */
    bool careful;      /* `work` is called by rpi_trial() */
    struct trials trials;
    struct kept_results *kept;    /* by slot */
    size_t kept_bytes, most_kept; /* with more of them this rank takes no parcel */
    rp_buffer input;              /* a large one, copied */
    rp_error failure;             /* of the library itself */
};

/* Gives a worker what it needs. False: no memory. */
bool rpi_stream_worker_make(struct stream_worker *worker);

/* Takes a parcel and works it off. False: there was none to take, or this rank has to stop or to
 * wait. */
bool rpi_stream_work(struct stream_worker *worker);

/* Works until the station is over, or all are to stop. `attend`: called while waiting and between
 * parcels; returns after how many seconds it wants to be called again. NULL: none. */
void rpi_stream_work_off(struct stream_worker *worker, claim_attend attend, void *closure);

/* Frees what the worker has, when the supplier copies nothing any more. */
void rpi_stream_worker_drop(struct stream_worker *worker);

#endif
