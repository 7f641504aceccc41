/* Jobs of each kind, to be recorded. */
#ifndef RANKPOOL_TESTS_OBSERVED_JOBS_H
#define RANKPOOL_TESTS_OBSERVED_JOBS_H

#include "rankpool.h"

enum {
    OBSERVED_ITEMS = 3000 /* of the map; the stream has 500 */
};

/* A task: works for some microseconds, and returns the item's number. */
int work_a_little(rp_task *task, const void *in, void *out);

/* Each must succeed. An item of the loop takes 0.1 ms. */
void run_observed_map(rp_pool *pool, rp_schedule schedule);
void run_observed_loop(rp_pool *pool, int64_t n);
void run_observed_stream(rp_pool *pool);

#endif
