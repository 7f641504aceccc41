/* Saves the results of one job in the journal (checkpoint/checkpoint.h) and skips items whose
 * results are saved already. A tile is cut into runs that are saved and runs that are not. */
#ifndef RANKPOOL_ENGINE_SAVE_ITEMS_H
#define RANKPOOL_ENGINE_SAVE_ITEMS_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/job_saving.h"
#include "engine/executor.h"

struct saving {
    struct job_saving earlier;
    int64_t at; /* the entry found last */
    /* No run crosses a multiple of it, so that a journal write can become due between runs; 0: no
     * limit. */
    int64_t stride;
    int status_array;  /* index of the job's status array */
    uint8_t *statuses; /* used if the job has no status array, `stride` bytes; or NULL */

    /* Fills in a saved run, which one entry covers. False: its payload is no longer readable, so
     * the run must be computed. */
    bool (*take)(struct executor *executor, rp_range run, const struct saved *entry,
                 void *const *at);
    /* Records a computed run; `sound`: no item in it has failed. */
    void (*note)(struct executor *executor, rp_range run, void *const *at, bool sound);
    /* Adds the recorded runs to the journal. */
    void (*add)(struct executor *executor);
};

/* Begins to save the results of the job that the ranks have agreed to open. */
void rpi_saving_begin(struct saving *saving, rp_pool *pool, const struct job_form *form);

/* Stands in for executor->compute(). */
int64_t rpi_saving_compute(struct executor *executor, rp_range tile, void *const *at);

/* The job has ended with this status. */
void rpi_saving_end(struct saving *saving, rp_status status);

/* The hash of a job's inputs on the root; 0 on other ranks. */
uint64_t rpi_saving_inputs(const rp_pool *pool, const void *in, int64_t n, size_t item_bytes);

#endif
