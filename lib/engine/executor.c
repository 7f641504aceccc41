#include "engine/executor.h"

#include "base/error.h"
#include "base/poison.h"
#include "data/access.h"
#include "diag/diagnosis.h"
#include "diag/node_stores.h"
#include "diag/watchdog.h"
#include "engine/loop.h"
#include "engine/save_items.h"
#include "observe/hooks.h"
#include "resilience/rounds.h"
#include "resilience/survival.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Sized so that the elements of a tile stay in a core's cache while they are copied in, computed
 * with and copied out. */
static const size_t tile_bytes = (size_t)1 << 19;

int64_t rpi_execute_tile(const struct array *arrays, int count)
{
    size_t item_bytes = 0;
    for (int i = 0; i < count; i++)
        item_bytes += arrays[i].size;
    if (item_bytes == 0)
        return INT64_MAX;
    return item_bytes < tile_bytes ? (int64_t)(tile_bytes / item_bytes) : 1;
}

void rpi_executor_begin(struct executor *executor, rp_pool *pool, enum call call,
                        const rp_options *options, const struct array *arrays, int count)
{
    *executor = (struct executor){
        .pool = pool,
        .arrays = arrays,
        .array_count = count,
        .tile_items = rpi_execute_tile(arrays, count),
        .keeps_going = options->on_failure == RP_ON_FAILURE_CONTINUE,
        .task = {.user = options->user,
                 .seed = options->seed,
                 .call = call,
                 .job_name = options->name,
                 .pool = pool},
        .careful = rpi_attempt_needed(pool, options),
        .attempts = {.pool = pool, .options = options, .task = &executor->task},
    };
}

static bool access_by_peer(const struct access *access)
{
    return access->size > 0 && access->local == NULL && !access->staged;
}

/* True if every element is directly addressable and nothing is saved for a checkpoint: nothing
 * needs moving. */
static bool executor_in_place(const struct executor *executor)
{
    bool in_place = executor->saving == NULL && !staging_needed(&executor->staging);
    for (int i = 0; i < executor->array_count && in_place; i++) {
        const struct access *access = &executor->accesses.access[i];
        in_place =
            access->size == 0 || (access->local != NULL && access->last_peer < access->first_peer);
    }
    return in_place;
}

/* Allocates buffers for arrays that are in a peer's memory. Without such arrays, a tile may be as
 * long as a chunk. */
static rp_status executor_allocate_buffers(struct executor *executor, rp_error *error)
{
    bool needed = false;
    for (int i = 0; i < executor->array_count; i++) {
        const struct access *access = &executor->accesses.access[i];
        if (!access_by_peer(access))
            continue;
        needed = true;
        if (executor->buffers[i] != NULL)
            continue; /* allocated in an earlier round */
        executor->buffers[i] = malloc((size_t)executor->tile_items * access->size);
        if (executor->buffers[i] == NULL)
            return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a piece of %" PRId64 " items",
                                 executor->tile_items);
    }
    if (!needed && !executor->pool->check) {
        executor->tile_items = INT64_MAX;
        executor->tile_border = 0;
    }
    return RP_OK;
}

static void executor_free(struct executor *executor)
{
    for (int i = 0; i < executor->array_count; i++)
        free(executor->buffers[i]);
    rpi_attempts_end(&executor->attempts);
    rpi_arrays_release(&executor->accesses);
}

/* Has the job reached its limit of failures? The ranks of a node count together, and the counter
 * lets exactly one of them report the limit. */
static bool executor_limit_reached(struct executor *executor)
{
    const rp_options *options = executor->attempts.options;
    struct work_queue *queue = executor->pool->work_queue;
    if (options->on_failure == RP_ON_FAILURE_STOP)
        return true;
    if (options->max_failures == 0)
        return false;
    uint64_t count = atomic_fetch_add_explicit(&queue->failed, 1, memory_order_relaxed) + 1;
    if (count == (uint64_t)options->max_failures)
        rpi_failures_give_up(&executor->failures, options->max_failures);
    return count >= (uint64_t)options->max_failures;
}

rp_status rpi_execution_failed(struct executor *executor, int code)
{
    if (rpi_attempt_cancelled(&executor->attempts, code)) {
        executor->task.failure.status = RP_OK;
        executor->stopping = true;
        return RP_ERR_CANCELLED;
    }
    rp_status status = rpi_task_failed(&executor->task, code, &executor->failures);
    executor->stopping =
        executor->stopping || status == RP_ERR_MEMORY || executor_limit_reached(executor);
    return status;
}

/* The kernel found no mapped memory at part of an array: the array is shorter than the job says. */
static bool executor_report_unmapped(struct executor *executor, int index, rp_range tile)
{
    const struct array *array = &executor->arrays[index];
    rpi_error_set(&executor->task.failure, RP_ERR_ARGUMENT,
                  "%s: items %" PRId64 " to %" PRId64
                  " are not in the memory of the rank that has it",
                  array->name, tile.begin, tile.end - 1);
    executor->task.failure.item = tile.begin;
    rpi_task_failed(&executor->task, 0, &executor->failures);
    executor->stopping = true;
    return false;
}

static bool executor_fetch_tile(struct executor *executor, rp_range tile, void **at)
{
    for (int i = 0; i < executor->array_count; i++) {
        const struct access *access = &executor->accesses.access[i];
        at[i] = executor->buffers[i];
        if (access->staged)
            at[i] = rpi_stage_at(executor->pool->memory.stage.base, &executor->staging,
                                 executor->stage_slot, i, tile.begin - executor->batch_first);
        else if (access->local != NULL)
            at[i] = access->local + (size_t)tile.begin * access->size;
        else if (access_by_peer(access) && !executor->arrays[i].output &&
                 !rpi_array_fetch(&executor->accesses, i, tile.begin, tile.end - tile.begin, at[i]))
            return executor_report_unmapped(executor, i, tile);
    }
    return true;
}

static bool executor_deliver_tile(struct executor *executor, rp_range tile, void *const *at)
{
    for (int i = 0; i < executor->array_count; i++) {
        if (executor->arrays[i].output && executor->arrays[i].size > 0 && tile.begin < tile.end &&
            !rpi_array_deliver(&executor->accesses, i, tile.begin, tile.end - tile.begin, at[i]))
            return executor_report_unmapped(executor, i, tile);
    }
    return true;
}

/* Exposes tasks that keep a pointer into a buffer beyond their call. */
static void executor_poison_tile(struct executor *executor, rp_range tile)
{
    for (int i = 0; i < executor->array_count; i++) {
        if (executor->buffers[i] != NULL)
            rpi_poison(executor->buffers[i], 0,
                       (size_t)(tile.end - tile.begin) * executor->arrays[i].size, 0);
    }
}

/* This and the next two functions return how many items are done, counted from the first: all of
 * them, unless all ranks are to stop. */
static int64_t executor_run_tile(struct executor *executor, rp_range tile)
{
    void *at[MOST_ARRAYS] = {NULL};
    double begin = observe_now(executor->pool);
    if (!executor_fetch_tile(executor, tile, at))
        return 0;
    observe_moved(executor->pool, begin);
    int64_t done = executor->saving != NULL ? rpi_saving_compute(executor, tile, at)
                                            : executor->compute(executor, tile, at);
    rp_range finished = {tile.begin, tile.begin + done};
    begin = observe_now(executor->pool);
    bool delivered = executor_deliver_tile(executor, finished, at);
    observe_moved(executor->pool, begin);
    if (executor->pool->check)
        executor_poison_tile(executor, tile);
    return delivered ? done : 0;
}

static int64_t executor_run_tiles(struct executor *executor, rp_range chunk)
{
    rp_range tile = {chunk.begin, chunk.begin};
    int64_t done = 0, items = chunk.end - chunk.begin;
    while (done < items && !executor->stopping && !work_queue_stopped(executor->pool->work_queue)) {
        tile.begin = tile.end;
        int64_t most = executor->tile_items;
        if (executor->tile_border > 0 &&
            executor->tile_border - tile.begin % executor->tile_border < most)
            most = executor->tile_border - tile.begin % executor->tile_border;
        tile.end = chunk.end - tile.begin < most ? chunk.end : tile.begin + most;
        done += executor_run_tile(executor, tile);
    }
    return done;
}

/* A chunk lies in one batch, because a lane refills from one batch queue at a time and steals from
 * one lane. */
static int64_t executor_run_chunk(struct executor *executor, rp_range chunk)
{
    if (!staging_needed(&executor->staging))
        return executor_run_tiles(executor, chunk);
    struct work_queue *queue = executor->pool->work_queue;
    struct unit_range units = unit_range_unpack(executor->pool->loop.claimer.chunk);
    executor->stage_slot = rpi_work_queue_batch_of(queue, units.low);
    executor->batch_first =
        units_to_items(&executor->units, rpi_work_queue_batch(queue, executor->stage_slot)).begin;
    int64_t done = executor_run_tiles(executor, chunk);
    if (done == chunk.end - chunk.begin)
        rpi_work_queue_finish(queue, units);
    return done;
}

/* Computes chunks until none is left. False: this rank gave up, with *done items of *chunk done. */
static bool executor_run_chunks(struct executor *executor, rp_range *chunk, int64_t *done)
{
    while (loop_next(&executor->pool->loop, chunk)) {
        *done = executor_run_chunk(executor, *chunk);
        if (executor->stopping || *done < chunk->end - chunk->begin)
            return false;
    }
    return true;
}

/* The loop stays open while tasks run, so that they cannot make other calls on the pool. */
static void executor_run_loop(struct executor *executor, struct agent *agent)
{
    rp_pool *pool = executor->pool;
    rp_range chunk;
    int64_t done = 0;
    rpi_loop_begin(pool, agent, executor->attempts.options);
    pool->loop.task = &executor->task;
    executor->task.attend = pool->loop.claimer.attend;
    executor->task.attend_closure = pool->loop.claimer.attend_closure;
    watchdog_limit(&pool->diag->watchdog, executor->attempts.options->item_seconds);
    bool in_place = executor->run_in_place != NULL && executor_in_place(executor);
    if (!(in_place ? executor->run_in_place : executor_run_chunks)(executor, &chunk, &done)) {
        /* Only whole units count: another round may resume from there. */
        rpi_claim_leave(&pool->loop.claimer, (uint32_t)(done / executor->units.unit_items));
        rpi_work_queue_stop(pool->work_queue);
    }
    pool->loop.task = NULL;
    if (executor->saving != NULL)
        executor->saving->add(executor);
    rpi_work_queue_leave(pool->work_queue);
}

/* Prepares this rank. Collective among the ranks of the node; in rounds, among all ranks. */
static rp_status executor_prepare(struct executor *executor, struct agent **agent, rp_error *error)
{
    rp_pool *pool = executor->pool;
    int count = executor->array_count, status_array = -1;
    executor->staging = staging_none;
    /* This comes first: it may need an agreement, and the leader of the last agreement before the
     * job becomes the node's agent. */
    if (executor->staged) {
        executor->staging = rpi_staging_plan(executor->accesses.access, count, &executor->units);
        rpi_stage_provide(pool, &executor->staging, error);
    }
    if (error->status != RP_OK ||
        rpi_arrays_compare(pool, executor->arrays, count, &executor->accesses, error) != RP_OK)
        return error->status;
    struct job job = rpi_job(pool, executor->units, executor->choice, executor->attempts.options,
                             executor->staged);
    /* An item modifies its input in place only on the root's node; other nodes compute on
     * copies. */
    bool fragile = executor->fragile && pool->world.node == pool->world.root_node;
    job.deaths.limit = fragile ? 1 : job.deaths.limit;
    job.deaths.saved = executor->another_round == NULL || pool->in_rounds;
    job.deaths.stops = !executor->keeps_going;
    rpi_job_prepare(pool, &job);
    if (executor_allocate_buffers(executor, error) != RP_OK)
        return error->status;
    for (int i = 0; i < count; i++)
        status_array = executor->arrays[i].status ? i : status_array;
    if (!job.dispatched)
        return RP_OK;
    return rpi_agent_make(pool,
                          &(struct agent_job){.arrays = executor->arrays,
                                              .count = count,
                                              .status_array = status_array,
                                              .status_wanted = executor->accesses.status_wanted,
                                              .staging = &executor->staging,
                                              .job = &job},
                          agent, error);
}

/* Is another round needed, for work that was lost with dead ranks? Then prepares it. */
static bool executor_next_round(struct executor *executor, struct agent **agent)
{
    rp_pool *pool = executor->pool;
    bool missing = pool->last.status == RP_OK && executor->another_round != NULL &&
                   executor->another_round(executor);
    if (!pool->in_rounds)
        return missing;
    if (!rpi_rounds_follow(pool, missing))
        return false;
    *agent = NULL;
    rpi_error_clear(&pool->last);
    executor_prepare(executor, agent, &pool->last);
    if (rpi_pool_agree_prepared(pool) == RP_OK)
        return true;
    rpi_agent_drop(*agent);
    return false;
}

static void executor_begin_rounds(struct executor *executor, rp_error *error)
{
    rp_pool *pool = executor->pool;
    executor->staged =
        rpi_arrays_staged(pool, executor->arrays, executor->array_count, &executor->accesses);
    if (!job_dispatched(pool, executor->staged))
        return;
    struct round_terms terms = {.delivers = rpi_arrays_delivered(pool, executor->arrays,
                                                                 executor->array_count,
                                                                 &executor->accesses),
                                .partial = executor->another_round != NULL,
                                .keeps_going = executor->keeps_going};
    rpi_rounds_begin(pool, executor->units.count, terms, error);
}

/* Before any rank computes, no item has been begun. */
static void executor_begin_statuses(const struct executor *executor)
{
    const struct world *world = &executor->pool->world;
    uint8_t *statuses = executor->attempts.options->item_status;
    if (statuses != NULL && world->rank == world->root)
        memset(statuses, RP_ERR_CANCELLED, (size_t)executor->units.items);
}

/* If the pool checks: remembers node memory, for executor_check_stores(). */
static struct node_stores *executor_remember_memory(const struct executor *executor)
{
    struct output_bytes outputs[MOST_ARRAYS];
    int count = 0;
    if (!executor->pool->check)
        return NULL;
    for (int i = 0; i < executor->array_count; i++) {
        const struct array *array = &executor->arrays[i];
        if (array->output && array->base != NULL)
            outputs[count++] =
                (struct output_bytes){array->base, array->size * (size_t)executor->units.items};
    }
    return rpi_node_stores_begin(executor->pool, outputs, count);
}

/* Has a task stored to other node memory than its outputs? No rank leaves before that is known,
 * since the program may store there after the job. Preserves the outcome of the job. */
static void executor_check_stores(struct executor *executor, struct node_stores *stores)
{
    rp_pool *pool = executor->pool;
    const rp_error before = pool->last;
    if (!pool->check)
        return;
    rpi_node_stores_end(pool, stores, executor->task.call);
    rpi_error_clear(&pool->last);
    if (rpi_pool_agree_prepared(pool) == RP_OK)
        pool->last = before;
}

/* Runs the job if all ranks are prepared; otherwise no rank computes. */
static rp_status executor_run(struct executor *executor)
{
    rp_pool *pool = executor->pool;
    struct agent *agent = NULL;
    executor_begin_rounds(executor, &pool->last);
    executor_prepare(executor, &agent, &pool->last);
    executor_begin_statuses(executor);
    if (executor->begin != NULL)
        executor->begin(executor, &pool->last);
    struct node_stores *stores = executor_remember_memory(executor);
    if (rpi_pool_agree_prepared(pool) != RP_OK) {
        free(stores);
        rpi_agent_drop(agent);
        return pool->last.status;
    }
    do {
        struct vote vote = rpi_vote(CALL_LOOP_CLOSE);
        executor->stopping = false;
        executor_run_loop(executor, agent);
        if (executor->failures.count > 0)
            vote.error = executor->failures.lowest;
        rpi_loop_end(pool, &vote);
        rpi_loop_agree(pool, &vote);
    } while (executor_next_round(executor, &agent));
    executor_check_stores(executor, stores);
    return replicate(pool, executor->arrays, executor->array_count, &executor->accesses,
                     &executor->units);
}

rp_status rpi_execute(struct executor *executor)
{
    rp_pool *pool = executor->pool;
    rp_status status =
        rpi_arrays_access(pool, executor->arrays, executor->array_count, &executor->accesses);
    if (status == RP_OK)
        status = executor_run(executor);
    executor_free(executor);
    return status;
}
