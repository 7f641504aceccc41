#include "worklist/by_stream.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/round_up.h"
#include "checkpoint/directory.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "diag/diagnosis.h"
#include "resilience/survival.h"
#include "stream/drive.h"
#include "worklist/save.h"
#include "worklist/waiting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUNDLE_ENTRIES = 256, /* at most */
    BUNDLE_BYTES = 256 << 10
};

/* The begin of a bundle, before its entries. */
struct bundle_head {
    alignas(DEQUE_ALIGNED) double seconds; /* to compute before the rest goes back */
    struct incumbent best;                 /* in a branch and bound, of what has come back */
};

/* What was found: of a bundle, before the entries that are left, or of the job. */
struct finding {
    alignas(DEQUE_ALIGNED) int64_t enough; /* 1 + the item of rp_task_enough(); 0: not called */
    int64_t failed;                        /* of the job: what combine() returned */
    uint64_t items;                        /* that were computed */
    int64_t lent;                          /* entries of the bundle when it was lent */
    unsigned char result[];
};

struct search_by_stream {
    rp_pool *pool;
    const rp_worklist_job *job;
    struct deque_shape shape;
    struct deque_group *group; /* of this rank alone, in its own memory; owned */
    struct worklist_worker worker;
    void *identity;        /* the result of no items; owned */
    struct finding *found; /* on the root: of the job; elsewhere room for it; owned */
    size_t found_bytes;
    struct waiting waiting;    /* on the root */
    size_t most_entries;       /* of a bundle */
    size_t most_waiting;       /* entries from which on the newest are lent first */
    int64_t lent;              /* bundles that are not back, */
    int64_t produced;          /* and all: items of the stream */
    struct stream_shown shown; /* items, those of lent bundles among the waiting */
    struct worklist_saving saving;
};

/* ---- the checkpoint -------------------------------------------------------------------------- */

static void search_save(struct search_by_stream *search, enum worklist_moment moment)
{
    const struct waiting *waiting = &search->waiting;
    rpi_worklist_saving_write(&search->saving, moment, search->found, search->found_bytes,
                              waiting_at(waiting, waiting->head),
                              (waiting->tail - waiting->head) * search->shape.entry_size);
}

/* Is this what search_save() may have saved? */
static bool search_state_valid(const struct search_by_stream *search, const struct finding *found,
                               const char *entries, size_t bytes)
{
    return found->enough >= 0 && found->failed == 0 &&
           rpi_bound_result_valid(search->job, found->result) &&
           rpi_waiting_valid(&search->waiting, entries, bytes);
}

/* Goes on with the state that an earlier run has left. *valid: it can be used. False: no memory. */
static bool search_restore(struct search_by_stream *search, bool *valid)
{
    size_t bytes;
    const char *state = rpi_snapshots_find(&search->saving.snapshots, &bytes);
    *valid = state != NULL && bytes >= search->found_bytes;
    if (!*valid)
        return true;
    size_t left = bytes - search->found_bytes;
    char *copy = aligned_alloc(DEQUE_ALIGNED, round_up(bytes, DEQUE_ALIGNED));
    if (copy == NULL)
        return false;
    const char *entries = (char *)memcpy(copy, state, bytes) + search->found_bytes;
    *valid = search_state_valid(search, (struct finding *)copy, entries, left);
    bool fits =
        !*valid || rpi_waiting_add(&search->waiting, entries, left / search->shape.entry_size);
    if (*valid && fits)
        memcpy(search->found, copy, search->found_bytes);
    free(copy);
    return fits;
}

/* Begins with the state that an earlier run has left, or else with the seeds. False: no memory. */
static bool search_begin_waiting(struct search_by_stream *search)
{
    bool saved = search->saving.snapshots.earlier.count > 0, valid = false;
    if (saved && !search_restore(search, &valid))
        return false;
    if (saved && !valid)
        rpi_checkpoint_warn("the saved state of a worklist cannot be used: it begins anew");
    if (!valid && !rpi_waiting_add_seeds(&search->waiting))
        return false;
    search->shown =
        (struct stream_shown){.done = (int64_t)search->found->items,
                              .waiting = (int64_t)(search->waiting.tail - search->waiting.head)};
    return true;
}

/* ---- the root -------------------------------------------------------------------------------- */

/* Bundles are short while few items wait, and so long that the root can serve all ranks. */
static double bundle_seconds(const struct search_by_stream *search, size_t waiting)
{
    const double shortest = 0.2e-3, longest = 5e-3, each = 20e-6;
    size_t ranks = (size_t)search->pool->world.ranks;
    double most = fmax(longest, each * (double)ranks);
    return waiting < 2 * ranks ? shortest : most;
}

/* How many entries to lend, and from where: the oldest, which have most work behind them; where too
 * many wait, the newest. An entry that is computed alone has a bundle of its own. */
static size_t bundle_entries(const struct search_by_stream *search, bool *newest)
{
    const struct waiting *waiting = &search->waiting;
    size_t length = waiting->tail - waiting->head;
    size_t count = length / (4 * (size_t)search->pool->world.ranks);
    *newest = length > search->most_waiting;
    if (count > search->most_entries)
        count = search->most_entries;
    if (count < 1)
        count = 1;
    for (size_t i = 0; i < count; i++) {
        size_t at = *newest ? waiting->tail - 1 - i : waiting->head + i;
        if (waiting_at(waiting, at)->alone > 0)
            return i > 0 ? i : 1;
    }
    return count;
}

static int search_produce(void *user, rp_buffer *item)
{
    struct search_by_stream *search = user;
    struct waiting *waiting = &search->waiting;
    bool newest;
    if (search->found->enough > 0) /* an earlier run has found it */
        return RP_ITEM_LAST;
    if (waiting->head == waiting->tail)
        return search->lent > 0 ? RP_ITEM_LATER : RP_ITEM_LAST;
    struct bundle_head head = {.seconds = bundle_seconds(search, waiting->tail - waiting->head)};
    rpi_bound_best(search->job, search->found->result, &head.best);
    size_t count = bundle_entries(search, &newest);
    size_t first = newest ? waiting->tail - count : waiting->head;
    const size_t bytes = count * search->shape.entry_size;
    if (rp_buffer_append(item, &head, sizeof head) != 0 ||
        rp_buffer_append(item, waiting_at(waiting, first), bytes) != 0 ||
        !rpi_worklist_saving_lend(&search->saving, search->produced, waiting_at(waiting, first),
                                  bytes))
        return -1;
    if (newest)
        waiting->tail -= count;
    else
        waiting->head += count;
    search->lent++;
    search->produced++;
    return RP_ITEM;
}

static int search_consume(void *user, int64_t item, const rp_error *error, const void *data,
                          size_t bytes)
{
    struct search_by_stream *search = user;
    const struct finding *finding = data;
    search->lent--;
    if (error != NULL)
        return 0;
    if (bytes < search->found_bytes || finding->lent < 1 ||
        finding->lent > (int64_t)search->most_entries ||
        !rpi_bound_result_valid(search->job, finding->result) ||
        !rpi_waiting_valid(&search->waiting, (const char *)data + search->found_bytes,
                           bytes - search->found_bytes))
        return -1;
    size_t left = (bytes - search->found_bytes) / search->shape.entry_size;
    if (!rpi_waiting_reserve(&search->waiting, left)) /* from here on all of it counts */
        return -1;
    search->found->failed = rpi_bound_combine(search->job, search->found->result, finding->result);
    if (search->found->failed != 0)
        return 1; /* search_publish() reports it */
    if (finding->enough > 0 &&
        (search->found->enough == 0 || finding->enough < search->found->enough))
        search->found->enough = finding->enough;
    rpi_waiting_add(&search->waiting, (const char *)data + search->found_bytes, left);
    search->found->items += finding->items;
    search->shown.done = (int64_t)search->found->items;
    search->shown.waiting += (int64_t)left - finding->lent;
    rpi_worklist_saving_back(&search->saving, item);
    if (snapshots_due(&search->saving.snapshots, rpi_clock_seconds()))
        search_save(search, WORKLIST_RUNS);
    return search->found->enough > 0;
}

/* ---- the ranks ------------------------------------------------------------------------------- */

/* What this rank found in an earlier bundle may be lost on its way: only what the root has counts.
 * The item of the root's incumbent and its ancestors are done, so its place stays as it is. */
static void search_begin_bound(struct search_by_stream *search, const struct incumbent *best)
{
    struct shared_incumbent *shared = rpi_bound_shared(search->job, search->group);
    if (shared == NULL)
        return;
    rpi_bound_make(search->job, search->group);
    rpi_bound_merge(shared, best->value);
    if (best->value != NO_INCUMBENT)
        rpi_incumbent_share(shared, best);
    search->worker.bound = rpi_worker_bound(search->job, search->group);
}

/* Puts the entries of a bundle into this rank's deque. Those of one in which a rank died are
 * computed one at a time. */
static bool search_begin(struct search_by_stream *search, const rp_task *task, const char *entries,
                         size_t count)
{
    struct worklist_worker *worker = &search->worker;
    struct split_deque *deque = rpi_deque_group_at(search->group, 0);
    const int most = DEATHS_IN_A_ROW - 1; /* the stream decides what is given up */
    rpi_deque_disown(&worker->owner);
    rpi_deque_make(deque, 0, &search->shape, search->identity);
    for (size_t i = 0; i < count; i++) {
        struct deque_entry *entry = rpi_deque_seed(deque);
        memcpy(entry, entries + i * search->shape.entry_size, search->shape.entry_size);
        if (task->attempt > 0) {
            entry->deaths = (uint16_t)(task->attempt < most ? task->attempt : most);
            entry->alone = DEQUE_BATCH;
        }
    }
    worker->enough = 0;
    worker->task.attend = task->attend;
    worker->task.attend_closure = task->attend_closure;
    return rpi_deque_own(&worker->owner, deque);
}

/* Stores what was found, and the entries that are left. */
static int search_give_back(struct search_by_stream *search, size_t lent, rp_buffer *result)
{
    struct worklist_worker *worker = &search->worker;
    const struct deque_result *found = rpi_deque_result(worker->owner.deque);
    const size_t size = search->shape.entry_size;
    while (rpi_deque_reclaim(&worker->owner))
        ;
    size_t left = worker->owner.top - worker->owner.high;
    char *at = rp_buffer_resize(result, search->found_bytes + left * size);
    if (at == NULL)
        return 1;
    struct finding finding = {.enough = worker->enough,
                              .items = found->items,
                              .lent = (int64_t)lent};
    memset(at, 0, search->found_bytes);
    memcpy(at, &finding, sizeof finding);
    memcpy(at + sizeof finding, found->bytes, search->shape.result_size);
    for (size_t i = left; i > 0; i--) { /* the oldest first */
        char *entry = at + search->found_bytes + (i - 1) * size;
        rpi_deque_remove(&worker->owner, entry, 1);
        ((struct deque_entry *)entry)->deaths = 0;
    }
    return 0;
}

static int search_work(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    struct search_by_stream *search = rp_task_user(task);
    struct worklist_worker *worker = &search->worker;
    const struct bundle_head *head = in;
    size_t count = (bytes - sizeof *head) / search->shape.entry_size;
    if (bytes < sizeof *head || count > search->most_entries ||
        head->best.place.depth > PLACE_LEVELS ||
        !rpi_waiting_valid(&search->waiting, (const char *)(head + 1), bytes - sizeof *head))
        return rp_task_fail(task, 0, 1, "these are not items of a worklist");
    search_begin_bound(search, &head->best);
    if (!search_begin(search, task, (const char *)(head + 1), count))
        return rp_task_fail(task, 0, 1, "no memory for items of a worklist");
    struct rp_task *outer = search->pool->loop.task;
    search->pool->loop.task = &worker->task;
    if (search->job->options.item_seconds > 0)
        watchdog_limit(&search->pool->diag->watchdog, search->job->options.item_seconds);
    bool fine = rpi_worklist_worker_run_for(worker, task->attempt > 0 ? 0 : head->seconds);
    search->pool->loop.task = outer;
    if (fine)
        return search_give_back(search, count, result);
    task->cancelled = worker->failures.count == 0; /* the ranks were stopped */
    if (task->cancelled)
        return 1;
    task->failure = worker->failures.lowest;
    worker->failures = (struct failures){.count = 0};
    return task->failure.task_code != 0 ? task->failure.task_code : 1;
}

/* ---- the result on every rank ---------------------------------------------------------------- */

static const void *finding_provide(void *closure, size_t *bytes)
{
    const struct search_by_stream *search = closure;
    *bytes = search->found_bytes;
    return search->found;
}

static bool finding_receive(void *closure, const void *broadcast, size_t bytes)
{
    struct search_by_stream *search = closure;
    if (bytes != search->found_bytes)
        return false;
    memcpy(search->pool->memory.stage.base, broadcast, bytes);
    return true;
}

/* Between nodes that survive deaths the root's finding goes with an agreement, to the node memory
 * from which each rank reads it; between others by MPI. */
static rp_status search_share(struct search_by_stream *search)
{
    rp_pool *pool = search->pool;
    const struct world *world = &pool->world;
    struct node_memory *memory = &pool->memory.stage;
    struct piggyback piggyback = {.broadcast = finding_provide,
                                  .receive = finding_receive,
                                  .closure = search};
    const bool by_mpi = world->nodes > 1 && !pool->in_rounds;
    if (by_mpi)
        rpi_mpi_check(rpi_message_broadcast(search->found, search->found_bytes, world->root,
                                            world->comm),
                      "a message with results of a worklist", &pool->last);
    else if (pool_memory_grow(pool, search->found_bytes, memory, &pool->last) == RP_OK &&
             world->rank == world->root)
        memcpy(memory->base, search->found, search->found_bytes);
    pool->world.agreement.piggyback = by_mpi ? NULL : &piggyback;
    rp_status status = rpi_pool_agree_prepared(pool);
    pool->world.agreement.piggyback = NULL;
    if (status == RP_OK && !by_mpi)
        memcpy(search->found, memory->base, search->found_bytes);
    return status;
}

static rp_status search_publish(struct search_by_stream *search)
{
    rp_pool *pool = search->pool;
    rp_status status = search_share(search);
    if (status != RP_OK)
        return status;
    rpi_bound_deliver(search->job, search->found->result);
    const int failed = (int)search->found->failed;
    if (failed != 0) {
        rpi_error_set(&pool->last, RP_ERR_TASK, "combine() failed with code %d", failed);
        pool->last.task_code = failed;
    }
    status = rpi_pool_agree_prepared(pool);
    pool->enough = search->found->enough;
    return status;
}

/* ---- setting up ------------------------------------------------------------------------------ */

static rp_status search_make(struct search_by_stream *search, rp_error *error)
{
    rp_pool *pool = search->pool;
    const rp_worklist_job *job = search->job;
    bool root = pool->world.rank == pool->world.root;
    size_t bytes = rpi_deque_group_bytes(1, &search->shape) + rpi_bound_shared_bytes(job);
    search->found_bytes =
        round_up(sizeof *search->found + search->shape.result_size, DEQUE_ALIGNED);
    search->waiting = (struct waiting){.job = job, .entry_size = search->shape.entry_size};
    search->most_waiting = (size_t)1 + search->shape.capacity / 2;
    search->found = calloc(1, search->found_bytes);
    search->group = aligned_alloc(DEQUE_APART, round_up(bytes, DEQUE_APART));
    search->identity = rpi_bound_identity(job);
    rpi_worklist_saving_begin(&search->saving, pool, job);
    if (search->found != NULL && search->identity != NULL)
        memcpy(search->found->result, search->identity, search->shape.result_size);
    if (search->found == NULL || search->group == NULL || search->identity == NULL ||
        (root && !search_begin_waiting(search)))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a worklist");
    rpi_deque_group_make(search->group, pool->work_queue, 1, 1, &search->shape, search->identity);
    rpi_bound_make(job, search->group);
    if (rpi_worklist_worker_make(&search->worker, pool, job, search->group, error) == RP_OK) {
        search->worker.bundled = true;
        search->worker.task.enough = &search->worker.enough;
    }
    return error->status;
}

static void search_drop(struct search_by_stream *search)
{
    rpi_worklist_worker_drop(&search->worker);
    free(search->waiting.entries);
    free(search->found);
    free(search->identity);
    free(search->group);
}

static rp_status search_run(struct search_by_stream *search)
{
    rp_pool *pool = search->pool;
    const rp_options *options = &search->job->options;
    rp_stream_job stream = {
        .produce = search_produce,
        .work = search_work,
        .consume = search_consume,
        .unordered = true,
        .options = {.user = search, .name = options->name, .unit = options->unit, .chunk = 1}};
    const struct stream_driver unsaved = {.call = CALL_STREAM, .shown = &search->shown};
    rp_status status = rpi_stream_run(pool, &stream, &unsaved);
    /* After a failure of combine() there is no state to go on with. */
    if (search->produced > 0 && search->found->failed == 0)
        search_save(search, status == RP_OK ? WORKLIST_DONE : WORKLIST_ENDED);
    if (status == RP_ERR_LOST && pool->last.item >= 0) /* the number of a bundle */
        rpi_error_set(&pool->last, RP_ERR_LOST,
                      "an item of a worklist was in progress when %d ranks in a row died: given up",
                      DEATHS_IN_A_ROW);
    return status == RP_OK ? search_publish(search) : status;
}

rp_status rpi_worklist_by_stream(rp_pool *pool, const rp_worklist_job *job,
                                 const struct deque_shape *shape)
{
    struct search_by_stream search = {.pool = pool, .job = job, .shape = *shape};
    const size_t fit = BUNDLE_BYTES / shape->entry_size;
    search.most_entries = fit < 1 ? 1 : fit > BUNDLE_ENTRIES ? BUNDLE_ENTRIES : fit;
    search.shape.capacity =
        rpi_deque_capacity(shape, rpi_deque_bytes(shape), (uint32_t)search.most_entries + 1);
    search_make(&search, &pool->last);
    rp_status status = rpi_pool_agree_prepared(pool);
    if (status == RP_OK)
        status = search_run(&search);
    rpi_worklist_saving_end(&search.saving, status);
    search_drop(&search);
    return status;
}
