/* A rank of a worklist: computes batches of items of its deque (sched/split_deque.h). */
#ifndef RANKPOOL_WORKLIST_WORKER_H
#define RANKPOOL_WORKLIST_WORKER_H

#include "engine/attempt.h"
#include "sched/deque_group.h"
#include "worklist/bound.h"
#include "worklist/lend.h"

enum {
    SHORT_LEAST = 8, /* bytes of items that are copied without a call */
    SHORT_MOST = 32
};

struct worklist_worker {
    rp_pool *pool;
    const rp_worklist_job *job;
    struct rp_task task;
    struct deque_owner owner;
    struct deque_search search;
    struct lend *others; /* the link of this node, if this rank leads it; or NULL */
    struct lend *lend;   /* the same, if this rank has to take its steps; or NULL */
    bool careful;        /* call `work` through rpi_attempt() */
    struct attempts attempts;
    struct failures failures;
    struct worker_bound bound;
    bool bundled;   /* computes bundles of a stream, which stops the other ranks if an item fails */
    int64_t enough; /* then: 1 + the item of rp_task_enough(); 0: not called */
    struct work_item current;
    uint32_t short_size;  /* of items of SHORT_LEAST to SHORT_MOST bytes, without a place in front;
                             0: others */
    uint16_t alone_below; /* generations that are computed alone below the current item */
    int depth;            /* items in progress, each within the one before */
    uint32_t batch;       /* most items until the next commit */
    double committed;     /* time of the last commit */
    uint64_t items;       /* that this rank has committed */
};

/* Sets up this rank, whose deque has its seeds. Fills in *error. */
rp_status rpi_worklist_worker_make(struct worklist_worker *worker, rp_pool *pool,
                                   const rp_worklist_job *job, struct deque_group *group,
                                   rp_error *error);

/* Has this rank take the steps of the link that it leads, unless that has a thread. */
void rpi_worklist_worker_attend(struct worklist_worker *worker);

/* Computes items until there are none, or the work queue is stopped. */
void rpi_worklist_worker_run(struct worklist_worker *worker);

/* Computes items for that long, but at least one batch. False: one failed, or the work queue is
 * stopped. */
bool rpi_worklist_worker_run_for(struct worklist_worker *worker, double seconds);

void rpi_worklist_worker_drop(struct worklist_worker *worker);

#endif
