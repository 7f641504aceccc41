/* A rank that computes calls: the task of the stream. */
#ifndef RANKPOOL_CALLS_WORKER_H
#define RANKPOOL_CALLS_WORKER_H

#include "engine/attempt.h"
#include "rankpool.h"

/* The rank's state, which the stream passes as `user`. */
struct call_worker {
    const rp_control_job *job;
    struct rp_control *control; /* on the root, else NULL */
    rp_options limits;          /* of the current call */
    struct attempts attempts;
};

void rpi_call_worker_begin(struct call_worker *worker, rp_pool *pool, const rp_control_job *job);
void rpi_call_worker_end(struct call_worker *worker);

/* Makes the call of a message. Errors have the number of the call as item. */
int rpi_call_work(rp_task *task, const void *in, size_t bytes, rp_buffer *result);

#endif
