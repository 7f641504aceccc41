/* The part of every job that saves its results: its number in the checkpoint, and what earlier runs
 * have saved of it. */
#ifndef RANKPOOL_CHECKPOINT_JOB_SAVING_H
#define RANKPOOL_CHECKPOINT_JOB_SAVING_H

#include "checkpoint/journal_reader.h"

struct job_form;

/* All zero if nothing is saved. */
struct job_saving {
    rp_pool *pool; /* NULL: nothing is saved */
    int64_t job;
    const struct saved *entries; /* of this job, from earlier runs */
    int64_t count;
    struct payload_cache payload_cache;
};

/* If the pool has a checkpoint, and there is no error yet: checks that this job is the one in it;
 * see rpi_checkpoint_check(). */
rp_status rpi_job_saving_check(const rp_pool *pool, const struct job_form *form, rp_error *error);

/* Begins saving, if the pool has a checkpoint, after the agreement that opens the job. Every rank
 * calls it, so that jobs are numbered alike. */
void rpi_job_saving_begin(struct job_saving *saving, rp_pool *pool, const struct job_form *form);

/* Adds the entry of this kind for these items to the journal. */
void rpi_job_saving_add(const struct job_saving *saving, uint32_t kind, rp_range items,
                        const void *payload, size_t bytes);

/* Writes the journal, if that is due. */
void rpi_job_saving_write(const struct job_saving *saving);

/* Ends saving, with the status of the job. */
void rpi_job_saving_end(struct job_saving *saving, rp_status status);

#endif
