#include "worklist/worker.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/round_up.h"
#include "diag/diagnosis.h"
#include "numeric/path.h"
#include "observe/hooks.h"
#include "resilience/survival.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEEPEST = 4096 /* calls within calls, where the memory for waiting items is full */
};

/* ---- identities ------------------------------------------------------------------------------ */

void rp_task_path(const rp_task *task, uint64_t path[2])
{
    const uint64_t none[2] = {0, 0}, *found = task->current != NULL ? task_path(task) : none;
    path[0] = found[0];
    path[1] = found[1];
}

/* ---- calls of the program -------------------------------------------------------------------- */

/* Until rp_task_add() is called again, which may open others. */
static inline void task_close_places(struct rp_task *task)
{
    task->end = task->next;
}

/* Undoes what an earlier attempt added. What this attempt adds does not overwrite what another rank
 * would need: all entries at and above the top were popped, or were not there at the last
 * commit. */
struct item_call {
    struct worklist_worker *worker;
    uint32_t top;
    uint64_t items;
};

static int call_again(const struct attempt *attempt)
{
    const struct item_call *call = attempt->closure;
    struct worklist_worker *worker = call->worker;
    worker->owner.top = call->top;
    worker->owner.result->items = call->items;
    worker->current.children = 0;
    task_close_places(&worker->task);
    worker->current.has_path = false; /* after a failure it is that of the item that failed */
    const void *item = bound_begin_call(&worker->bound, attempt->in);
    return worker->job->work(&worker->task, item, attempt->out);
}

static int worker_attempt(struct worklist_worker *worker, const struct deque_entry *entry)
{
    struct item_call call = {worker, worker->owner.top, worker->owner.result->items};
    struct attempt attempt = {.items = {entry->seed, entry->seed + 1},
                              .in = entry->item,
                              .out = worker->owner.result->bytes,
                              .out_bytes = worker->owner.deque->shape.result_size,
                              .call = call_again,
                              .closure = &call};
    worker->task.attempt = (int)entry->deaths;
    int code = rpi_attempt(&worker->attempts, &attempt);
    worker->task.attempt = 0;
    return code;
}

static inline void worker_begin(struct worklist_worker *worker, const struct deque_entry *entry)
{
    worker->current.origin = &entry->origin;
    worker->current.children = 0;
    worker->current.has_path = false;
}

static inline int worker_call(struct worklist_worker *worker, const struct deque_entry *entry,
                              const void *item)
{
    rpi_task_begin(&worker->task, entry->seed);
    return worker->job->work(&worker->task, item, worker->owner.result->bytes);
}

static void worker_fail(struct worklist_worker *worker, int code)
{
    struct rp_task *task = &worker->task;
    if (!rpi_attempt_cancelled(&worker->attempts, code)) {
        if (task->failure.status == RP_OK) {
            const uint64_t *path = task_path(task);
            rpi_error_set(&task->failure, RP_ERR_TASK,
                          "item %016" PRIx64 "%016" PRIx64 ", which descends from seed %" PRId64
                          ", failed with code %d",
                          path[1], path[0], task->item, code);
            task->failure.item = task->item;
        }
        rpi_task_failed(task, code, &worker->failures);
    }
    if (!worker->bundled)
        rpi_work_queue_stop(worker->pool->work_queue);
}

/* Gives up an item in which too many ranks died. */
static void worker_give_up(struct worklist_worker *worker, const struct deque_entry *entry)
{
    rpi_task_begin(&worker->task, entry->seed);
    rpi_survival_error(&worker->task.failure, entry->seed, entry->deaths);
    worker_fail(worker, 0);
}

/* ---- adding items ---------------------------------------------------------------------------- */

/* Computes a child within the call of its parent, on whose place its own depends. */
static int task_call_child(struct worklist_worker *worker, uint64_t number, const void *item)
{
    struct worker_bound *bound = &worker->bound;
    const struct tree_place *parent = bound->place;
    const uint64_t call = bound->call;
    struct tree_place place;
    if (bound->shared != NULL)
        rpi_place_child(parent, number, &place);
    bound_begin_call(bound, &place);
    int code = worker->job->work(&worker->task, item, worker->owner.result->bytes);
    bound->place = parent;
    bound->call = call;
    return code;
}

/* The same with an item that may lie anywhere, while tasks get aligned ones. */
static int task_call_anywhere(struct worklist_worker *worker, uint64_t number, const void *item)
{
    size_t bytes = round_up(worker->job->item_size, DEQUE_ALIGNED);
    if ((uintptr_t)item % DEQUE_ALIGNED == 0)
        return task_call_child(worker, number, item);
    void *copy = aligned_alloc(DEQUE_ALIGNED, bytes);
    if (copy == NULL)
        return rp_task_fail(&worker->task, worker->task.item, 1, "no memory for a copy of an item");
    memcpy(copy, item, worker->job->item_size);
    int code = task_call_child(worker, number, copy);
    free(copy);
    return code;
}

/* Computes a child at once. It is no entry, so if this rank dies, its parent is begun again. */
__attribute__((noinline)) static int task_compute_child(struct rp_task *task, const void *item)
{
    struct worklist_worker *worker = task->worker;
    struct work_item *parent = task->current;
    const uint64_t *path = task_path(task);
    const struct path_origin origin = {{path[0], path[1]}, parent->children++};
    struct work_item child = {.origin = &origin};
    if (worker->depth >= DEEPEST)
        return rp_task_fail(task, task->item, 1,
                            "%d items wait for each other: give the worklist more memory for "
                            "waiting items",
                            worker->depth);
    if (work_queue_enough(worker->pool->work_queue) >= 0 || worker->enough > 0)
        return 0; /* no item begins any more, but this one is completed */
    if (work_queue_stopped(worker->pool->work_queue)) {
        task->cancelled = true;
        return 1;
    }
    worker->depth++;
    task->current = &child;
    int code = task_call_anywhere(worker, origin.number, item);
    if (code != 0) { /* the error names this item */
        memcpy(parent->path, task_path(task), sizeof parent->path);
        parent->has_path = true;
    }
    task->current = parent;
    task_close_places(task);
    worker->owner.result->items++;
    worker->depth--;
    return code;
}

/* Stores what every entry has, and returns where its item goes. */
static inline unsigned char *task_begin_entry(struct rp_task *task, const uint64_t path[2],
                                              struct deque_entry *entry)
{
    entry->origin.parent[0] = path[0];
    entry->origin.parent[1] = path[1];
    entry->origin.number = task->current->children++;
    entry->seed = (uint32_t)task->item;
    entry->deaths = 0;
    entry->alone = task->worker->alone_below;
    return entry->item;
}

/* Half of a short item, at least, from each end. */
static inline void copy_short(unsigned char *to, const void *item, size_t size)
{
    const size_t half = SHORT_MOST / 2, quarter = SHORT_MOST / 4;
    const unsigned char *from = item;
    if (size >= half) {
        memcpy(to, from, half);
        memcpy(to + size - half, from + size - half, half);
    } else {
        memcpy(to, from, quarter);
        memcpy(to + size - quarter, from + size - quarter, quarter);
    }
}

/* Further short children need only be stored: in as many places as follow each other. */
static inline void task_open_places(struct rp_task *task)
{
    const struct deque_owner *owner = &task->worker->owner;
    const uint32_t place = owner->top & owner->mask, to_end = owner->mask + 1 - place;
    const uint32_t free = owner->limit - owner->top;
    task->next = (char *)deque_place(owner, owner->top);
    task->end = task->next + (size_t)(free < to_end ? free : to_end) * owner->entry_size;
}

/* The first child of an item, one that may be long, where there may be no room, or in a branch and
 * bound. */
__attribute__((noinline)) static int task_add(struct rp_task *task, const void *item)
{
    struct worklist_worker *worker = task->worker;
    if (worker == NULL)
        return rp_task_fail(task, task->item, 1, "rp_task_add() is for tasks of rp_worklist()");
    struct worker_bound *bound = &worker->bound;
    uint64_t number = task->current->children;
    if (bound->shared != NULL && number == PLACE_CHILDREN)
        return rp_task_fail(task, task->item, 1,
                            "an item of a branch and bound adds at most %d others", PLACE_CHILDREN);
    struct deque_entry *entry = deque_next(&worker->owner);
    if (entry == NULL)
        return task_compute_child(task, item);
    unsigned char *to = task_begin_entry(task, task_path(task), entry);
    deque_push(&worker->owner);
    if (worker->short_size > 0) {
        copy_short(to, item, worker->short_size);
        task_open_places(task);
    } else {
        bound_store_child(bound, number, to, item, worker->job->item_size);
    }
    return 0;
}

int rp_task_add(rp_task *task, const void *item)
{
    if (task->next == task->end)
        return task_add(task, item);
    struct worklist_worker *worker = task->worker;
    struct deque_entry *entry = (struct deque_entry *)task->next;
    copy_short(task_begin_entry(task, task->current->path, entry), item, worker->short_size);
    task->next += worker->owner.entry_size;
    deque_push(&worker->owner);
    return 0;
}

/* ---- batches --------------------------------------------------------------------------------- */

/* Longer batches for short items: a commit costs little beside ten microseconds. */
static void worker_pace(struct worklist_worker *worker, uint32_t items)
{
    const double shortest = 10e-6, longest = 40e-6;
    double now = rpi_clock_seconds(), took = now - worker->committed;
    worker->committed = now;
    if (took > longest && worker->batch > 1)
        worker->batch /= 2;
    else if (took < shortest && items == worker->batch && worker->batch < DEQUE_BATCH)
        worker->batch *= 2;
}

/* Whether others wait for what this rank could share. */
static inline bool worker_wanted(const struct worklist_worker *worker)
{
    return deque_group_wanted(worker->search.group) && deque_shareable(&worker->owner);
}

/* What the watchdog shows of this rank. */
static rp_range worker_items(const struct worklist_worker *worker, bool busy)
{
    return (rp_range){(int64_t)worker->items, (int64_t)worker->items + busy};
}

/* Computes items that are not committed yet. Returns how many, or 0: one failed. */
static uint32_t worker_compute(struct worklist_worker *worker)
{
    struct deque_owner *owner = &worker->owner;
    struct deque_entry *newest = deque_peek(owner);
    const uint16_t alone = newest->alone;
    const uint32_t most = alone > 0 ? 1 : worker->batch;
    const bool careful = worker->careful || alone > 0;
    const bool plain = !careful && worker->bound.shared == NULL;
    uint32_t items = 0;
    worker->alone_below = alone > 0 ? alone - 1 : 0;
    do {
        const struct deque_entry *entry = deque_pop(owner, newest);
        const uint32_t place = owner->top;
        int code;
        worker_begin(worker, entry);
        if (plain) {
            code = worker_call(worker, entry, entry->item);
        } else if (!careful) {
            code = worker_call(worker, entry, bound_begin_call(&worker->bound, entry->item));
        } else if (entry->deaths < DEATHS_IN_A_ROW) {
            code = worker_attempt(worker, entry);
        } else {
            worker_give_up(worker, entry);
            return 0;
        }
        if (owner->top != place) {
            task_close_places(&worker->task);
            deque_popped(owner);
        }
        if (code != 0) {
            worker_fail(worker, code);
            return 0;
        }
        items++;
        newest = deque_peek(owner);
    } while (items < most && !deque_empty(owner) && !worker_wanted(worker) && newest->alone == 0);
    return items;
}

/* Computes items and commits them. False: one failed. */
static bool worker_batch(struct worklist_worker *worker)
{
    struct deque_owner *owner = &worker->owner;
    const uint32_t items = worker_compute(worker);
    if (items == 0)
        return false;
    owner->result->items += items;
    worker->items += items;
    if (!worker->bundled)
        rpi_activity_packet(worker->pool->diag->activity, worker_items(worker, true));
    if (rpi_deque_commit(owner))
        rpi_deque_group_shared(worker->search.group, worker->pool->work_queue);
    if (worker->bound.unshared)
        rpi_bound_share(&worker->bound, owner->result->bytes);
    worker_pace(worker, items);
    return true;
}

/* Computes what is in the private part. False: stopped. */
static bool worker_run_private(struct worklist_worker *worker)
{
    double begin = observe_now(worker->pool);
    uint64_t before = worker->items;
    bool fine = true;
    worker->committed = rpi_clock_seconds();
    rpi_activity_packet(worker->pool->diag->activity, worker_items(worker, true));
    while (fine && !deque_empty(&worker->owner) && !work_queue_stopped(worker->pool->work_queue)) {
        fine = worker_batch(worker);
        if (worker->lend != NULL)
            rpi_node_link_attend(&worker->lend->link);
    }
    rpi_observe_packet(worker->pool, begin, (int64_t)before, (int64_t)(worker->items - before));
    return fine && !work_queue_stopped(worker->pool->work_queue);
}

/* Looks for items when there are none in the private part. */
static bool worker_search(struct worklist_worker *worker)
{
    struct deque_search *search = &worker->search;
    double begin = observe_now(worker->pool), waited = search->waited;
    uint64_t steals = search->steals;
    rpi_activity_packet(worker->pool->diag->activity, worker_items(worker, false));
    bool found = rpi_deque_search(search);
    rpi_observe_search(worker->pool, begin, search->waited - waited, search->steals - steals);
    return found;
}

void rpi_worklist_worker_attend(struct worklist_worker *worker)
{
    struct lend *lend = worker->others;
    if (lend == NULL || lend->link.threaded)
        return;
    worker->lend = lend;
    worker->task.attend = worker->search.attend = rpi_node_link_attend;
    worker->task.attend_closure = worker->search.attend_closure = &lend->link;
}

void rpi_worklist_worker_run(struct worklist_worker *worker)
{
    while (worker_run_private(worker) && worker_search(worker))
        ;
}

bool rpi_worklist_worker_run_for(struct worklist_worker *worker, double seconds)
{
    struct deque_owner *owner = &worker->owner;
    bool fine = true, left = !deque_empty(owner);
    worker->committed = rpi_clock_seconds();
    for (double end = worker->committed + seconds; fine && left;) {
        fine = worker_batch(worker) && !work_queue_stopped(worker->pool->work_queue);
        left = worker->committed < end && worker->enough == 0 &&
               (!deque_empty(owner) || rpi_deque_reclaim(owner));
    }
    return fine;
}

/* ---- setting up ------------------------------------------------------------------------------ */

rp_status rpi_worklist_worker_make(struct worklist_worker *worker, rp_pool *pool,
                                   const rp_worklist_job *job, struct deque_group *group,
                                   rp_error *error)
{
    const struct world *world = &pool->world;
    bool root = world->rank == world->root;
    *worker = (struct worklist_worker){
        .pool = pool,
        .job = job,
        .task = {.user = job->options.user,
                 .seed = job->options.seed,
                 .call = CALL_WORKLIST,
                 .job_name = job->options.name,
                 .pool = pool,
                 .worker = worker,
                 .current = &worker->current},
        .search = {.group = group,
                   .work_queue = pool->work_queue,
                   .owner = &worker->owner,
                   .spin = world->crowding <= 1,
                   .cautious = root,
                   .attend = rpi_survival_look,
                   .attend_closure = pool},
        .careful = rpi_attempt_needed(pool, &job->options),
        .short_size = job->goal == RP_GOAL_NONE && job->item_size >= SHORT_LEAST &&
                              job->item_size <= SHORT_MOST
                          ? (uint32_t)job->item_size
                          : 0,
        .bound = rpi_worker_bound(job, group),
        .attempts = {.pool = pool, .options = &job->options, .task = &worker->task},
        .batch = 1,
    };
    if (!rpi_deque_own(&worker->owner,
                       rpi_deque_group_at(group, (uint32_t)world->node_rank % group->ranks)))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a worklist");
    return RP_OK;
}

void rpi_worklist_worker_drop(struct worklist_worker *worker)
{
    rpi_attempts_end(&worker->attempts);
    rpi_deque_disown(&worker->owner);
}
