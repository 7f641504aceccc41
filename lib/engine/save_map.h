/* Saves the results of a map. */
#ifndef RANKPOOL_ENGINE_SAVE_MAP_H
#define RANKPOOL_ENGINE_SAVE_MAP_H

#include "base/buffer.h"
#include "engine/save_items.h"

enum {
    MAP_SAVING_STRIDE = 4096
};

/* Consecutive results are merged, so that the journal has few entries. */
struct map_saving {
    struct saving saving;
    int results; /* index of the array of results */
    rp_range run;
    struct rp_buffer gathered; /* results of the run */
    bool missed;               /* there was no memory for all of them */
    uint8_t statuses[MAP_SAVING_STRIDE];
};

/* Begins to save the results of the job that the ranks have agreed to open. `results` and
 * `statuses` are indices of arrays. `by_item`: the job's function computes one item at a time, so
 * items fail individually. */
void rpi_map_saving_begin(struct map_saving *saving, rp_pool *pool, const struct job_form *form,
                          int results, int statuses, bool by_item);

void rpi_map_saving_end(struct map_saving *saving, rp_status status);

#endif
