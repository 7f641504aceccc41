/* One call of the program's function, and the failures that it reports. */
#ifndef RANKPOOL_ENGINE_TASK_H
#define RANKPOOL_ENGINE_TASK_H

#include "comm/call_table.h"
#include "numeric/path.h"
#include "rankpool.h"
#include "sched/claim.h"

/* The item of a worklist that is being computed. Most are leaves, and of most the program does not
 * ask for the path, so it is computed when it is needed. */
struct work_item {
    const struct path_origin *origin;
    uint64_t children; /* that it has added */
    bool has_path;
    uint64_t path[2];
};

struct rp_task {
    int64_t item; /* current item, or the first of the current range */
    void *user;
    void *out; /* results of the items of the current range in a reduction, or NULL */
    uint64_t seed;
    enum call call;       /* call that opened the job */
    const char *job_name; /* its name, or NULL */
    struct rp_pool *pool;
    int attempt;     /* earlier calls for the same item */
    double deadline; /* time after which the call is late; 0: none */
    bool cancelled;  /* rp_task_cancelled() has reported that the job was stopped */
    /* In a stream: bits of its packet's items that are not wanted any more, and that of the current
     * item; else NULL. */
    const _Atomic uint64_t *withdrawn;
    uint64_t withdrawn_bit;
    claim_attend attend; /* runs when the task calls rp_task_cancelled(), or NULL */
    void *attend_closure;
    rp_error failure;                   /* reported by this call; status RP_OK: none */
    const struct call_message *message; /* of the current call of rp_control_run(), else NULL */
    /* In a worklist, else NULL and 0: */
    struct worklist_worker *worker;
    int64_t *enough; /* where rp_task_enough() stores 1 + its item, instead of stopping the ranks */
    struct work_item *current;
    char *next, *end; /* free places, one behind the other, for further children that are short */
};

/* The failures of a job on this rank. The one with the lowest item is reported. */
struct failures {
    int64_t count;
    rp_error lowest;
};

/* Begins a call. Clears a failure that an earlier call reported but then recovered from. */
static inline void rpi_task_begin(struct rp_task *task, int64_t item)
{
    task->item = item;
    task->failure.status = RP_OK;
}

/* The path of the current item of a worklist. */
static inline const uint64_t *task_path(const struct rp_task *task)
{
    struct work_item *item = task->current;
    if (!item->has_path) {
        path_child(item->origin->parent, item->origin->number, item->path);
        item->has_path = true;
    }
    return item->path;
}

/* Whether the current item is not wanted any more. The order: stream/slot_queue.h. */
static inline bool task_withdrawn(const struct rp_task *task)
{
    return task->withdrawn != NULL &&
           (atomic_load_explicit(task->withdrawn, memory_order_seq_cst) & task->withdrawn_bit) != 0;
}

/* Records that the current call failed with `code`. Returns the status of its items. */
rp_status rpi_task_failed(struct rp_task *task, int code, struct failures *failures);

/* Turns the lowest failure into an error of the whole call, which gave up after `count` failures.
 * It takes precedence over the error of any item. There must be at least one failure. */
void rpi_failures_give_up(struct failures *failures, int64_t count);

/* Sets the error of items that exceeded their time limit. */
void rpi_error_late(rp_error *error, rp_range items, double took, double allowed);

#endif
