/* One call of a function of the program, and what it says of failures. */
#ifndef RANKPOOL_POOL_TASK_H
#define RANKPOOL_POOL_TASK_H

#include "rankpool.h"
#include "schedule/claim.h"

struct rp_task {
    int64_t item; /* at hand, or the first of the range at hand */
    void *user;
    uint64_t seed;
    struct rp_pool *pool; /* of the job */
    int attempt;          /* calls for the same item before this one */
    double deadline;      /* when the call is late; 0: never */
    bool told_to_end;     /* it asked, and heard that the job has been stopped */
    claim_attend attend;  /* what a task that asks attends to meanwhile, or NULL */
    void *attend_closure;
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

/* Notes that the call at hand returned `code`. Returns the status of its items. */
rp_status rpi_task_failed(struct rp_task *task, int code, struct failures *failures);

/* So many items have failed that the job is given up: an error of the whole call, which comes
 * before that of any item. There is at least one failure. */
void rpi_failures_give_up(struct failures *failures, int64_t count);

/* These items took longer than they may. */
void rpi_error_late(rp_error *error, rp_range items, double took, double allowed);

/* "item 3", or "items 3 to 9". */
void rpi_range_text(rp_range items, char *text, size_t size);

#endif
