/* Checkpointing of calls. The root saves the result of each call under its number, with a
 * fingerprint of what it was computed from. A later run that submits the same call under the same
 * number gets the result at once. */
#ifndef RANKPOOL_CALLS_SAVE_H
#define RANKPOOL_CALLS_SAVE_H

#include "checkpoint/job_saving.h"
#include "pool/pool.h"

struct rp_future;

/* Checks that this job is the one in the checkpoint; see rpi_checkpoint_check(). */
rp_status rpi_call_saving_check(const rp_pool *pool, const rp_control_job *job, rp_error *error);

/* Begins saving, after the agreement that opens the job. Every rank calls it, so that jobs are
 * numbered alike; only the root saves. */
void rpi_call_saving_begin(struct job_saving *saving, rp_pool *pool, const rp_control_job *job);

/* Returns the saved result of the call, valid until the next one is looked for, and sets *bytes;
 * NULL: there is none. Called when all that the call depends on has succeeded. */
const void *rpi_call_saving_find(struct job_saving *saving, struct rp_future *future,
                                 size_t *bytes);

/* Saves the result of a call, unless it failed. Writes the checkpoint if it is due. */
void rpi_call_saving_add(struct job_saving *saving, const struct rp_future *future);

#endif
