/* Trials: calls of the program's function that are made again if they fail, or have a time limit. A
 * job that asks for neither makes its calls directly, so that its loops stay short. */
#ifndef RANKPOOL_POOL_TRIAL_H
#define RANKPOOL_POOL_TRIAL_H

#include "pool/pool.h"
#include "pool/task.h"

/* What the trials of a job share on a rank. */
struct trials {
    rp_pool *pool;
    const rp_options *options;
    struct rp_task *task;
    void *kept; /* of what a call may change, for another attempt; owned */
    size_t kept_bytes;
};

/* A call to be made. */
struct trial {
    rp_range items;
    const void *in;
    void *out;
    size_t out_bytes; /* that the call may change, and every attempt is to find as the first did */
    int (*call)(const struct trial *trial);
    void *closure;
};

/* What is wrong with the options that are about failures. */
rp_status rpi_trial_check(const rp_options *options, rp_error *error);

/* Puts them into a ballot, as three terms, the first of which is term `first`. */
void rpi_trial_terms(struct ballot *ballot, int first, const rp_options *options);

/* Do the options ask for more than direct calls? */
bool rpi_trial_needed(const rp_options *options);

/* Makes the call, as often as it takes and is allowed. Returns 0, or the code to be given to
 * rpi_task_failed(). */
int rpi_trial(struct trials *trials, const struct trial *trial);

/* Did a call return `code` because it heard that the job has been stopped? Then its items have
 * failed no more than those that nobody began. */
bool rpi_trial_cancelled(const struct trials *trials, int code);

void rpi_trials_end(struct trials *trials);

#endif
