/* RANKPOOL_CHECK=1: looking for the commonest mistakes of programs, at the price of speed. Items are
 * dealt out at random (sched/claim.h), buffers that tasks are given are poisoned, and an output
 * that a task did not write, or wrote beyond, is a failure of its item; arrays are compared with the
 * memory that is there. Chosen once, when a pool is opened; rp_pool.check says so. */
#ifndef RANKPOOL_DIAG_CHECK_H
#define RANKPOOL_DIAG_CHECK_H

#include "base/buffer.h"
#include "engine/attempt.h"
#include "engine/task.h"
#include "pool/pool.h"

/* Does the configuration, or the environment, ask for it? */
bool rpi_check_wanted(const rp_config *config, rp_error *mine);

/* If the pool checks: are the bytes of an array there, and none of them the pool's own? Local:
 * RP_OK, or RP_ERR_ARGUMENT with a text. */
rp_status rpi_check_array(const rp_pool *pool, const char *name, const void *base, size_t bytes,
                          rp_error *error);

/* In the place of the calls of a attempt whose output is `items` elements of the same size, of which
 * nothing is there before: they are given one of their own, which is copied if it was written. */
int rpi_check_attempt(struct attempts *attempts, const struct attempt *attempt,
                      int (*make_calls)(struct attempts *attempts, const struct attempt *attempt));

/* If the pool checks: poisons the result that a task is about to make; and looks at what it returned
 * with `code`. Returns that code, or the one of a failure. */
void rpi_check_result_before(const rp_pool *pool, rp_buffer *result);
int rpi_check_result_after(struct rp_task *task, const rp_buffer *result, int code);

#endif
