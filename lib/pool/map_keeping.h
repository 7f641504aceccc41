/* Keeping the results of a map. */
#ifndef RANKPOOL_POOL_MAP_KEEPING_H
#define RANKPOOL_POOL_MAP_KEEPING_H

#include "base/buffer.h"
#include "pool/keeping.h"

enum {
    MAP_KEEPING_STRIDE = 4096
};

/* Results that follow one another are gathered, so that the journal has few entries. */
struct map_keeping {
    struct keeping keeping;
    int results; /* which array */
    rp_range run;
    struct rp_buffer gathered; /* the results of the run */
    bool missed;               /* there was no memory for that */
    uint8_t statuses[MAP_KEEPING_STRIDE];
};

/* Begins to keep the results of the job that all have met to open. `results` and `statuses`: which
 * arrays these are. `by_item`: the job's function computes one item at a time, so some may be good
 * and others not. */
void rpi_map_keeping_begin(struct map_keeping *keeping, rp_pool *pool, const struct job_form *form,
                           int results, int statuses, bool by_item);

void rpi_map_keeping_end(struct map_keeping *keeping, rp_status status);

#endif
