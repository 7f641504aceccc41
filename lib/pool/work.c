#include "pool/work.h"

#include "base/error.h"
#include "pool/keeping.h"
#include "pool/loop.h"
#include "pool/rounds.h"
#include "pool/sight.h"
#include "pool/spread.h"
#include "pool/survival.h"
#include "pool/watch.h"

#include <inttypes.h>
#include <stdlib.h>

/* A piece's elements are copied, computed with and copied again while they are in a
 * core's cache. */
static const size_t piece_bytes = (size_t)1 << 19;

int64_t rpi_work_piece(const struct array *arrays, int count)
{
    size_t item_bytes = 0;
    for (int i = 0; i < count; i++)
        item_bytes += arrays[i].size;
    if (item_bytes == 0)
        return INT64_MAX;
    return item_bytes < piece_bytes ? (int64_t)(piece_bytes / item_bytes) : 1;
}

static bool with_peer(const struct reach *reach)
{
    return reach->size > 0 && reach->here == NULL && !reach->staged;
}

/* Is every element in its place already, and nothing kept? */
static bool all_at_hand(const struct work *work)
{
    bool at_hand = work->keeping == NULL && !staging_needed(&work->staging);
    for (int i = 0; i < work->array_count && at_hand; i++) {
        const struct reach *reach = &work->reaches.reach[i];
        at_hand = reach->size == 0 || (reach->here != NULL && reach->last_peer < reach->first_peer);
    }
    return at_hand;
}

/* Buffers for what a peer has. Where nothing is, a piece may be as long as a slice. */
static rp_status furnish(struct work *work, rp_error *error)
{
    bool needed = false;
    for (int i = 0; i < work->array_count; i++) {
        const struct reach *reach = &work->reaches.reach[i];
        if (!with_peer(reach))
            continue;
        needed = true;
        if (work->buffers[i] != NULL)
            continue; /* of an earlier round */
        work->buffers[i] = malloc((size_t)work->piece * reach->size);
        if (work->buffers[i] == NULL)
            return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a piece of %" PRId64 " items",
                                 work->piece);
    }
    if (!needed) {
        work->piece = INT64_MAX;
        work->fence = 0;
    }
    return RP_OK;
}

static void release(struct work *work)
{
    for (int i = 0; i < work->array_count; i++)
        free(work->buffers[i]);
    rpi_trials_end(&work->trials);
    rpi_arrays_release(&work->reaches);
}

/* Have so many items failed that the job is given up? The ranks of a node count together; exactly
 * one of them finds that it was enough. */
static bool enough(struct work *work)
{
    const rp_options *options = work->trials.options;
    struct board *board = work->pool->board;
    if (options->on_failure == RP_STOP)
        return true;
    if (options->max_failures == 0)
        return false;
    uint64_t count = atomic_fetch_add_explicit(&board->failed, 1, memory_order_relaxed) + 1;
    if (count == (uint64_t)options->max_failures)
        rpi_failures_give_up(&work->failures, options->max_failures);
    return count >= (uint64_t)options->max_failures;
}

rp_status rpi_work_failed(struct work *work, int code)
{
    if (rpi_trial_cancelled(&work->trials, code)) {
        work->task.failure.status = RP_OK;
        work->stopping = true;
        return RP_ERR_CANCELLED;
    }
    rp_status status = rpi_task_failed(&work->task, code, &work->failures);
    work->stopping = work->stopping || status == RP_ERR_MEMORY || enough(work);
    return status;
}

/* The kernel found no memory where an array should be: it is shorter than the job says. */
static bool missing(struct work *work, int index, rp_range piece)
{
    const struct array *array = &work->arrays[index];
    rpi_error_set(&work->task.failure, RP_ERR_ARGUMENT,
                  "%s: items %" PRId64 " to %" PRId64
                  " are not in the memory of the rank that has it",
                  array->name, piece.begin, piece.end - 1);
    work->task.failure.item = piece.begin;
    rpi_task_failed(&work->task, 0, &work->failures);
    work->stopping = true;
    return false;
}

static bool bring(struct work *work, rp_range piece, void **at)
{
    for (int i = 0; i < work->array_count; i++) {
        const struct reach *reach = &work->reaches.reach[i];
        at[i] = work->buffers[i];
        if (reach->staged)
            at[i] =
                rpi_stage_at(work->pool, &work->staging, work->place, i, piece.begin - work->first);
        else if (reach->here != NULL)
            at[i] = reach->here + (size_t)piece.begin * reach->size;
        else if (with_peer(reach) && !work->arrays[i].output &&
                 !rpi_array_fetch(&work->reaches, i, piece.begin, piece.end - piece.begin, at[i]))
            return missing(work, i, piece);
    }
    return true;
}

static bool deliver(struct work *work, rp_range piece, void *const *at)
{
    for (int i = 0; i < work->array_count; i++) {
        if (work->arrays[i].output && work->arrays[i].size > 0 && piece.begin < piece.end &&
            !rpi_array_deliver(&work->reaches, i, piece.begin, piece.end - piece.begin, at[i]))
            return missing(work, i, piece);
    }
    return true;
}

/* Returns how many items are done, from the first on. So do the next two: all items, unless all
 * ranks are to stop. */
static int64_t do_piece(struct work *work, rp_range piece)
{
    void *at[MOST_ARRAYS] = {NULL};
    double begin = sight_now(work->pool);
    if (!bring(work, piece, at))
        return 0;
    sight_moved(work->pool, begin);
    int64_t done = work->keeping != NULL ? rpi_keeping_compute(work, piece, at)
                                         : work->compute(work, piece, at);
    rp_range finished = {piece.begin, piece.begin + done};
    begin = sight_now(work->pool);
    bool delivered = deliver(work, finished, at);
    sight_moved(work->pool, begin);
    return delivered ? done : 0;
}

static int64_t do_pieces(struct work *work, rp_range slice)
{
    rp_range piece = {slice.begin, slice.begin};
    int64_t done = 0, items = slice.end - slice.begin;
    while (done < items && !work->stopping && !board_stopped(work->pool->board)) {
        piece.begin = piece.end;
        int64_t most = work->piece;
        if (work->fence > 0 && work->fence - piece.begin % work->fence < most)
            most = work->fence - piece.begin % work->fence;
        piece.end = slice.end - piece.begin < most ? slice.end : piece.begin + most;
        done += do_piece(work, piece);
    }
    return done;
}

/* A slice belongs to one batch: lanes draw from one reservoir at a time, and steal
 * from one lane. */
static int64_t do_slice(struct work *work, rp_range slice)
{
    if (!staging_needed(&work->staging))
        return do_pieces(work, slice);
    struct board *board = work->pool->board;
    struct span units = span_unpack(work->pool->loop.claimer.slice);
    work->place = rpi_board_batch_of(board, units.low);
    work->first = units_to_items(&work->units, rpi_board_batch(board, work->place)).begin;
    int64_t done = do_pieces(work, slice);
    if (done == slice.end - slice.begin)
        rpi_board_finish(board, units);
    return done;
}

/* Of the slice at hand, when a rank leaves it. What the job goes on with in another round
 * must be whole. */
static uint32_t units_begun(const struct work *work, int64_t done)
{
    if (work->pool->in_rounds)
        return (uint32_t)(done / work->units.unit_items);
    return done > 0 ? rpi_units_for(&work->units, done) : 0;
}

/* Does slice after slice. False: this rank gave up, with *done items of *slice done. */
static bool do_each(struct work *work, rp_range *slice, int64_t *done)
{
    while (loop_next(&work->pool->loop, slice)) {
        *done = do_slice(work, *slice);
        if (work->stopping || *done < slice->end - slice->begin)
            return false;
    }
    return true;
}

/* The loop is open for as long as tasks may run: no other call on the pool is allowed from them. */
static void do_slices(struct work *work, struct agent *agent)
{
    rp_pool *pool = work->pool;
    rp_range slice;
    int64_t done = 0;
    rpi_loop_begin(pool, agent, work->trials.options);
    pool->task = &work->task;
    work->task.attend = pool->loop.claimer.attend;
    work->task.attend_closure = pool->loop.claimer.attend_closure;
    rpi_watch_limit(&pool->watch, work->trials.options->item_seconds);
    bool at_hand = work->do_at_hand != NULL && all_at_hand(work);
    if (!(at_hand ? work->do_at_hand : do_each)(work, &slice, &done)) {
        rpi_claim_leave(&pool->loop.claimer, units_begun(work, done));
        rpi_board_stop(pool->board);
    }
    pool->task = NULL;
    if (work->keeping != NULL)
        work->keeping->add(work);
    rpi_board_leave(pool->board);
}

/* Prepares everything on this rank. Among the ranks of a node collective. */
static rp_status prepare(struct work *work, struct agent **agent, rp_error *error)
{
    rp_pool *pool = work->pool;
    int count = work->array_count, status_array = -1;
    if (pool->in_rounds &&
        rpi_arrays_compare(pool, work->arrays, count, &work->reaches, error) != RP_OK)
        return error->status;
    bool staged = rpi_arrays_staged(pool, work->arrays, count, &work->reaches);
    struct job job = rpi_job(pool, work->units, work->choice, work->call_seconds, staged);
    /* On another node, what an item may have changed is not its input. */
    bool fragile = work->fragile && pool->world.node == pool->world.root_node;
    job.deaths.limit = fragile ? 1 : job.deaths.limit;
    job.deaths.kept = work->again == NULL || pool->in_rounds;
    job.deaths.stops = !work->keeps_going;
    work->staging = rpi_staging_plan(work->reaches.reach, count, &work->units);
    rpi_job_prepare(pool, &job);
    if (rpi_stage_provide(pool, &work->staging, error) != RP_OK || furnish(work, error) != RP_OK)
        return error->status;
    for (int i = 0; i < count; i++)
        status_array = work->arrays[i].status ? i : status_array;
    if (!job.dispatched)
        return RP_OK;
    return rpi_agent_make(pool,
                          &(struct agent_job){.arrays = work->arrays,
                                              .count = count,
                                              .status_array = status_array,
                                              .status_wanted = work->reaches.status_wanted,
                                              .staging = &work->staging,
                                              .job = &job},
                          agent, error);
}

/* Is there another round, for what ranks took with them that died? */
static bool goes_on(struct work *work, struct agent **agent)
{
    rp_pool *pool = work->pool;
    bool missing = pool->last.status == RP_OK && work->again != NULL && work->again(work);
    if (!pool->in_rounds)
        return missing;
    if (!rpi_rounds_follow(pool, missing))
        return false;
    *agent = NULL;
    rpi_error_clear(&pool->last);
    prepare(work, agent, &pool->last);
    if (rpi_survival_agree(pool) == RP_OK)
        return true;
    rpi_agent_drop(*agent);
    return false;
}

static void begin_rounds(struct work *work, rp_error *error)
{
    rp_pool *pool = work->pool;
    struct round_terms terms = {.delivers = rpi_arrays_delivered(pool, work->arrays,
                                                                 work->array_count, &work->reaches),
                                .partial = work->again != NULL,
                                .keeps_going = work->keeps_going};
    rpi_rounds_begin(pool, work->units.count, terms, error);
}

/* Works the job off when all are prepared; otherwise nobody computes. */
static rp_status begin_and_end(struct work *work)
{
    rp_pool *pool = work->pool;
    struct agent *agent = NULL;
    begin_rounds(work, &pool->last);
    prepare(work, &agent, &pool->last);
    if (work->begin != NULL)
        work->begin(work, &pool->last);
    if (rpi_survival_agree(pool) != RP_OK) {
        rpi_agent_drop(agent);
        return pool->last.status;
    }
    do {
        struct ballot ballot = rpi_ballot(CALL_LOOP_CLOSE);
        work->stopping = false;
        do_slices(work, agent);
        if (work->failures.count > 0)
            ballot.error = work->failures.lowest;
        rpi_loop_end(pool, &ballot);
        rpi_loop_meet(pool, &ballot);
    } while (goes_on(work, &agent));
    return rpi_spread(pool, work->arrays, work->array_count, &work->reaches, &work->units);
}

rp_status rpi_work_off(struct work *work)
{
    rp_pool *pool = work->pool;
    rp_status status =
        rpi_arrays_reach(pool, work->arrays, work->array_count, &work->reaches, &pool->last);
    if (status == RP_OK)
        status = begin_and_end(work);
    release(work);
    return status;
}
