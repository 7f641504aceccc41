/* Attempts: calls of the program's function that are repeated on failure, have a time limit, or
 * have their outputs checked. A job that needs none of this calls the function directly, which
 * keeps its loops short. */
#ifndef RANKPOOL_ENGINE_ATTEMPT_H
#define RANKPOOL_ENGINE_ATTEMPT_H

#include "engine/task.h"
#include "pool/pool.h"

/* State that all attempts of a job share on one rank. */
struct attempts {
    rp_pool *pool;
    const rp_options *options;
    struct rp_task *task;
    void *saved; /* copy of `out` and `partial`, for the next attempt; owned */
    size_t saved_bytes;
    void *checked; /* an output with guard bytes around it: see diag/check.h; owned */
    size_t checked_bytes;
    int64_t unwritten; /* first of the most recent run of items that did not write their output */
    size_t unwritten_bytes;
};

/* One call to make. */
struct attempt {
    rp_range items;
    const void *in;
    void *out;
    size_t out_bytes; /* that the call may change; restored before each further attempt */
    bool fresh;       /* `out` receives results only: its previous contents are irrelevant */
    void *partial;    /* of a reduction: the partial result that the call folds its items into */
    size_t partial_bytes; /* restored like `out` */
    int (*call)(const struct attempt *attempt);
    void *closure;
};

/* Checks the options that concern failures. */
rp_status rpi_attempt_check(const rp_options *options, rp_error *error);

/* Puts them into a vote. */
void rpi_attempt_terms(struct vote *vote, const rp_options *options);

/* Do the options or the pool need more than direct calls? */
bool rpi_attempt_needed(const rp_pool *pool, const rp_options *options);

/* Makes the call, repeating it on failure as often as the options allow. Returns 0, or the code for
 * rpi_task_failed(). */
int rpi_attempt(struct attempts *attempts, const struct attempt *attempt);

/* Did a call return `code` because it saw that the job had stopped? Then its items are cancelled,
 * like those that were never begun, and have not failed. */
bool rpi_attempt_cancelled(const struct attempts *attempts, int code);

void rpi_attempts_end(struct attempts *attempts);

#endif
