/* One call of a function of the program, and what it says of failures. */
#ifndef RANKPOOL_POOL_TASK_H
#define RANKPOOL_POOL_TASK_H

#include "rankpool.h"

struct rp_task {
    int64_t item; /* at hand, or the first of the range at hand */
    void *user;
    uint64_t seed;
    rp_error failure; /* of this call; status RP_OK: none told */
};

/* The failures of a job on this rank: the lowest item counts. */
struct failures {
    int64_t count;
    rp_error lowest;
};

/* Begins a call. What an earlier call told of a failure that it then overcame is forgotten. */
static inline void rpi_task_begin(struct rp_task *task, int64_t item)
{
    task->item = item;
    task->failure.status = RP_OK;
}

/* Notes that the call at hand returned `code`. Returns the item that failed. */
int64_t rpi_task_failed(struct rp_task *task, int code, struct failures *failures);

#endif
