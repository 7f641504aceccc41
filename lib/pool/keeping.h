/* Keeping the work of one job: what comes of its items goes into the journal (pool/checkpoint.h),
 * and items whose results are kept already are not computed. A piece of items is cut into runs that
 * are kept and runs that are not. */
#ifndef RANKPOOL_POOL_KEEPING_H
#define RANKPOOL_POOL_KEEPING_H

#include "journal/shelf.h"
#include "pool/checkpoint.h"
#include "pool/work.h"

struct keeping {
    rp_pool *pool;
    int64_t job;
    const struct kept *entries; /* of this job */
    int64_t count, at;          /* at: the entry that was found last */
    struct shelf shelf;
    /* No run goes beyond a multiple of it, so that there is a time to write between; 0: none. */
    int64_t stride;
    int status_array;  /* of the job */
    uint8_t *statuses; /* its place where there is none, of `stride` bytes; or NULL */

    /* Takes what is kept of a run, all of it in one entry. False: that is not there any more, and
     * the run is to be computed. */
    bool (*take)(struct work *work, rp_range run, const struct kept *entry, void *const *at);
    /* Notes a run that was computed; `sound`: nothing in it has failed. */
    void (*note)(struct work *work, rp_range run, void *const *at, bool sound);
    /* Adds what was noted to the journal. */
    void (*add)(struct work *work);
};

/* Begins to keep the work of the job that all have met to open. */
void rpi_keeping_begin(struct keeping *keeping, rp_pool *pool, const struct job_form *form);

/* In the place of work->compute(). */
int64_t rpi_keeping_compute(struct work *work, rp_range piece, void *const *at);

/* The job is over, with this status. */
void rpi_keeping_end(struct keeping *keeping, rp_status status);

/* The fingerprint of a job's inputs, on the root; elsewhere 0. */
uint64_t rpi_keeping_inputs(const rp_pool *pool, const void *in, int64_t n, size_t item_bytes);

#endif
