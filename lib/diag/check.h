/* RANKPOOL_CHECK=1 looks for common mistakes in programs, at the cost of speed. Items are claimed
 * in random order (sched/claim.h), buffers given to tasks are poisoned, and an output that a task
 * did not write, or wrote beyond, is a failure of its item. Arrays are compared with the memory
 * map. rp_open() decides, and stores the decision in rp_pool.check. */
#ifndef RANKPOOL_DIAG_CHECK_H
#define RANKPOOL_DIAG_CHECK_H

#include "base/buffer.h"
#include "engine/attempt.h"
#include "engine/task.h"
#include "pool/pool.h"

/* If the pool checks: are all bytes of the array mapped, and none of them in the pool's own memory?
 * Local. Returns RP_OK or RP_ERR_ARGUMENT. */
rp_status rpi_check_array(const rp_pool *pool, const char *name, const void *base, size_t bytes,
                          rp_error *error);

/* The same, for a pool that may not check. */
static inline rp_status check_array(const rp_pool *pool, const char *name, const void *base,
                                    size_t bytes, rp_error *error)
{
    return pool->check ? rpi_check_array(pool, name, base, bytes, error) : RP_OK;
}

/* Makes the calls of an attempt whose output is one element of equal size per item, with no
 * previous contents. They write into a buffer between guard bytes, which is copied to the output if
 * all of it was written. Returns the code of the calls, or 1 if a check failed. */
int rpi_check_attempt(struct attempts *attempts, const struct attempt *attempt,
                      int (*make_calls)(struct attempts *attempts, const struct attempt *attempt));

/* If the pool checks: poisons the result buffer before a task runs, and checks it after the task
 * has returned `code`. Returns `code`, or 1 if the check failed. */
void rpi_check_result_before(const rp_pool *pool, rp_buffer *result);
int rpi_check_result_after(struct rp_task *task, const rp_buffer *result, int code);

#endif
