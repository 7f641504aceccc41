/* Trials: calls of the program's function, and what becomes of those that fail. Where a job allows
 * another attempt, or has a time limit, calls are made by rpi_trial(); where it has neither, map and
 * reduce make them directly, so that their loops stay short. */
#ifndef RANKPOOL_POOL_TRIAL_H
#define RANKPOOL_POOL_TRIAL_H

#include "pool/work.h"

/* A call to be made. */
struct trial {
    rp_range items;
    const void *in;
    void *out;
    size_t out_bytes; /* that the call may change */
};

/* What is wrong with the options that are about failures. */
rp_status rpi_trial_check(const rp_options *options, rp_error *error);

/* Puts them into a ballot, as TRIAL_TERMS terms, the first of which is term `first`. */
enum {
    TRIAL_TERMS = 3
};
void rpi_trial_terms(struct ballot *ballot, int first, const rp_options *options);

/* Do the options ask for more than direct calls? */
bool rpi_trial_needed(const rp_options *options);

/* Makes the call by work->call, as often as it takes and is allowed; every attempt finds `out` as the first
 * one did. Returns the status of its items. */
rp_status rpi_trial(struct work *work, const struct trial *trial);

/* A call has failed, for good: notes it, and whether all ranks are to stop. Returns the status of its
 * items. For calls made directly, which returned `code` and not 0. */
rp_status rpi_trial_failed(struct work *work, int code);

#endif
