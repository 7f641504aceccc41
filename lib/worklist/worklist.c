/* rp_worklist(): the root puts the seeds into the deques of its node; each rank computes until
 * there are no items, while the nodes lend items to each other; then all results are joined. */
#include "base/error.h"
#include "base/round_up.h"
#include "diag/check.h"
#include "diag/diagnosis.h"
#include "engine/job.h"
#include "observe/hooks.h"
#include "resilience/survival.h"
#include "worklist/by_stream.h"
#include "worklist/join.h"
#include "worklist/save.h"
#include "worklist/worker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const rp_worklist_job no_job; /* in place of NULL */

enum {
    LARGEST_ITEM = 65536
};

/* ---- checks ---------------------------------------------------------------------------------- */

static rp_status worklist_options_check(const rp_options *options, rp_error *error)
{
    struct schedule_choice choice;
    if (rpi_job_check(0, options, &choice, error) != RP_OK)
        return error->status;
    if (options->schedule != RP_SCHEDULE_ADAPTIVE || options->chunk != 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.schedule and options.chunk: a worklist has one schedule, and "
                             "no chunks");
    if (options->on_failure == RP_ON_FAILURE_CONTINUE || options->item_status != NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "on_failure and item_status are for rp_map(): a result without some "
                             "of the items would not be the result");
    return RP_OK;
}

static rp_status worklist_seeds_check(const rp_pool *pool, const rp_worklist_job *job,
                                      rp_error *error)
{
    bool root = pool->world.rank == pool->world.root;
    if (job->n < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "n is %" PRId64 ": give 0 or more", job->n);
    if (job->item_size < 1 || job->item_size > LARGEST_ITEM)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "item_size is %zu: give 1 to %d",
                             job->item_size, LARGEST_ITEM);
    if (job->n > INT32_MAX / 2)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "n is %" PRId64 ": give at most %d seeds, and let tasks add the rest",
                             job->n, INT32_MAX / 2);
    if (root && job->n > 0 && job->seeds == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "seeds must be set on the root");
    return root ? check_array(pool, "seeds", job->seeds, (size_t)job->n * job->item_size, error)
                : RP_OK;
}

static rp_status worklist_result_check(const rp_pool *pool, const rp_worklist_job *job,
                                       rp_error *error)
{
    if (job->goal != RP_GOAL_NONE && job->result_size == 0)
        return RP_OK;
    if (job->combine == NULL || job->identity == NULL || job->result == NULL ||
        job->result_size == 0 || job->result_size > PTRDIFF_MAX / 4)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "combine, identity, result and result_size must be set on every rank");
    if (check_array(pool, "identity", job->identity, job->result_size, error) != RP_OK)
        return error->status;
    return check_array(pool, "result", job->result, job->result_size, error);
}

static rp_status worklist_check(const rp_pool *pool, const rp_worklist_job *job, rp_error *error)
{
    if (job == &no_job)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "no job");
    if (worklist_options_check(&job->options, error) != RP_OK)
        return error->status;
    if (job->work == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has no task: set work");
    if (worklist_result_check(pool, job, error) != RP_OK)
        return error->status;
    if (job->memory < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "memory is %" PRId64 ": give 1 or more bytes, or 0 for the default",
                             job->memory);
    if (rpi_bound_check(pool, job, error) != RP_OK)
        return error->status;
    return worklist_seeds_check(pool, job, error);
}

static void worklist_terms(struct vote *vote, const rp_worklist_job *job)
{
    vote->terms[JOB_N] = job->n;
    vote->terms[JOB_WINDOW_BYTES] = job->memory;
    vote->terms[JOB_IN_SIZE] = (int64_t)job->item_size;
    vote->terms[JOB_SCHEDULE] = (int64_t)job->goal;
    vote->terms[JOB_OUT_SIZE] = (int64_t)job->witness_size;
    vote->terms[JOB_RESULT_SIZE] = (int64_t)job->result_size;
    vote->terms[JOB_SEED] = (int64_t)job->options.seed;
    rpi_attempt_terms(vote, &job->options);
}

/* ---- preparing ------------------------------------------------------------------------------- */

/* One for each rank of the node and, if there are several nodes, one for its link. */
static uint32_t worklist_deques(const struct world *world)
{
    return (uint32_t)world->node_ranks + (world->nodes > 1);
}

/* The deques share the memory; each has room for its seeds, if only one rank is left too. The same
 * on every rank, since all map the memory: it counts those that the last agreement found dead. */
static struct deque_shape worklist_shape(const rp_pool *pool, const rp_worklist_job *job)
{
    const size_t default_memory = (size_t)16 << 20;
    const struct world *world = &pool->world;
    size_t memory = job->memory > 0 ? (size_t)job->memory : default_memory;
    /* On several nodes that survive deaths, the lost are not counted by node, and the root keeps
     * the seeds. */
    int lost = world->nodes == 1 ? world->agreement.lost : 0;
    uint32_t alive = (uint32_t)(world->node_ranks - lost);
    uint32_t seeds = world->node == world->root_node ? (uint32_t)job->n / alive + 1 : 0;
    size_t entry_size = rpi_deque_entry_bytes(rpi_bound_item_bytes(job));
    struct deque_shape shape = {.entry_size = (uint32_t)entry_size,
                                .result_size = rpi_bound_result_bytes(job)};
    shape.capacity = rpi_deque_capacity(&shape, memory / worklist_deques(world), seeds);
    return shape;
}

/* The place of the next seed: on the next living rank with room. NULL: none has any, since ranks
 * have died after the agreement that counted them. */
static struct deque_entry *worklist_next_place(rp_pool *pool, struct deque_group *group,
                                               uint32_t *rank)
{
    struct deque_entry *entry = NULL;
    for (uint32_t i = 0; i < group->ranks && entry == NULL; i++) {
        if (!lane_lost(pool->work_queue, *rank))
            entry = rpi_deque_seed(rpi_deque_group_at(group, *rank));
        *rank = (*rank + 1) % group->ranks;
    }
    return entry;
}

/* Deals the seeds to the living ranks in turn. */
static void worklist_deal(rp_pool *pool, const rp_worklist_job *job, struct deque_group *group)
{
    const char *seed = job->seeds;
    uint32_t rank = 0;
    for (int64_t i = 0; i < job->n; i++, seed += job->item_size) {
        struct deque_entry *entry = worklist_next_place(pool, group, &rank);
        if (entry == NULL) {
            rpi_error_set(&pool->last, RP_ERR_LOST,
                          "ranks died while the seeds were dealt to them: call again");
            return;
        }
        *entry = (struct deque_entry){.origin.number = (uint64_t)i, .seed = (uint32_t)i};
        rpi_bound_store_seed(job, entry->item, seed);
    }
}

/* The deques of this node. On the root's node they have the seeds. */
static void worklist_make_group(rp_pool *pool, const rp_worklist_job *job,
                                const struct deque_shape *shape)
{
    const struct world *world = &pool->world;
    struct deque_group *group = pool->memory.stage.base;
    void *identity = rpi_bound_identity(job);
    if (identity == NULL) {
        rpi_error_set(&pool->last, RP_ERR_MEMORY, "no memory for a worklist");
        return;
    }
    rpi_deque_group_make(group, pool->work_queue, worklist_deques(world),
                         (uint32_t)world->node_ranks, shape, identity);
    rpi_bound_make(job, group);
    if (world->rank == world->root)
        worklist_deal(pool, job, group);
    free(identity);
}

/* Makes the deques, the node's link, and a work queue without units, which has the signal and the
 * word `stop`. All ranks prepare that, storing the same values. Collective. */
static rp_status worklist_prepare(rp_pool *pool, const rp_worklist_job *job, struct lend **lend)
{
    const struct unit_range none = {0, 0};
    const struct world *world = &pool->world;
    struct node_memory *memory = &pool->memory.stage;
    struct deque_shape shape = worklist_shape(pool, job);
    bool makes = world->node == world->root_node ? world->rank == world->root : leads_node(pool);
    rpi_work_queue_prepare(pool->work_queue, none, none, true);
    size_t bytes =
        rpi_deque_group_bytes(worklist_deques(world), &shape) + rpi_bound_shared_bytes(job);
    if (pool_memory_grow(pool, bytes, memory, &pool->last) == RP_OK && makes) {
        worklist_make_group(pool, job, &shape);
        if (pool->last.status == RP_OK)
            rpi_lend_make(pool, job, memory->base, lend, &pool->last);
    }
    return rpi_pool_agree_prepared(pool);
}

/* ---- running --------------------------------------------------------------------------------- */

/* For the root's display: what is in the deques of its node, and what other nodes have reported. */
static void worklist_read_counts(void *closure, int64_t *done, int64_t *waiting)
{
    const struct worklist_worker *worker = closure;
    rpi_deque_group_count(worker->search.group, done, waiting);
    if (worker->others == NULL)
        return;
    *done += atomic_load(&worker->others->done);
    *waiting += atomic_load(&worker->others->waiting);
}

/* From here to worklist_end() tasks run, so no other call on the pool is allowed. */
static void worklist_begin(rp_pool *pool, struct worklist_worker *worker)
{
    const rp_options *options = &worker->job->options;
    pool->loop.open = true;
    pool->loop.worker = pthread_self();
    pool->enough = 0;
    pool->loop.task = &worker->task;
    interruption_begin(pool->work_queue);
    rpi_activity_begin_worklist(pool->diag->activity);
    rpi_observe_stream(pool, options,
                       (struct progress_job){
                           .window = NO_WINDOW, .read = worklist_read_counts, .closure = worker});
    watchdog_limit(&pool->diag->watchdog, options->item_seconds);
}

static void worklist_end(rp_pool *pool)
{
    rpi_observe_stream_end(pool);
    watchdog_limit(&pool->diag->watchdog, 0);
    pool->loop.task = NULL;
    activity_end_job(pool->diag->activity);
}

/* Runs this rank's part. Collective; every rank gets the same status. */
static rp_status worklist_compute(rp_pool *pool, struct worklist_worker *worker, struct lend *lend)
{
    struct vote outcome = rpi_vote(CALL_LOOP_CLOSE);
    worker->others = lend;
    worklist_begin(pool, worker);
    if (lend != NULL)
        rpi_lend_begin(lend);
    rpi_worklist_worker_attend(worker);
    rpi_worklist_worker_run(worker);
    worklist_end(pool);
    if (worker->failures.count > 0)
        outcome.error = worker->failures.lowest;
    else if (work_queue_enough(pool->work_queue) >= 0)
        rpi_enough_vote(&outcome, work_queue_enough(pool->work_queue));
    if (atomic_load(&worker->search.group->over) == 0)
        rpi_interruption_vote(pool->work_queue, &outcome);
    if (lend != NULL)
        rpi_lend_end(lend, &outcome);
    rp_status status = rpi_pool_agree(pool, &outcome);
    pool->loop.open = false;
    return status;
}

static rp_status worklist_run_prepared(rp_pool *pool, const rp_worklist_job *job, struct lend *lend)
{
    struct deque_group *group = pool->memory.stage.base;
    struct worklist_worker worker;
    void *joined = malloc(rpi_bound_result_bytes(job));
    if (joined == NULL)
        rpi_error_set(&pool->last, RP_ERR_MEMORY, "no memory for the result of a worklist");
    rpi_worklist_worker_make(&worker, pool, job, group, &pool->last);
    rp_status status = rpi_pool_agree_prepared(pool);
    if (status == RP_OK)
        status = worklist_compute(pool, &worker, lend);
    rpi_worklist_worker_drop(&worker);
    if (status == RP_OK) {
        /* The agreement also keeps the memory until all ranks have read it. */
        rpi_worklist_join(pool, job, group, lend, joined);
        status = rpi_pool_agree_prepared(pool);
    }
    free(joined);
    return status;
}

static rp_status worklist_run(rp_pool *pool, const rp_worklist_job *job)
{
    struct vote vote = rpi_vote(CALL_WORKLIST);
    struct lend *lend = NULL;
    if (worklist_check(pool, job, &vote.error) == RP_OK)
        rpi_worklist_saving_check(pool, job, &vote.error);
    worklist_terms(&vote, job);
    watchdog_provide(pool, &job->options, &vote.error);
    if (rpi_pool_agree(pool, &vote) != RP_OK)
        return pool->last.status;
    if (pool->in_rounds || pool->checkpoint != NULL) {
        struct deque_shape shape = worklist_shape(pool, job);
        return rpi_worklist_by_stream(pool, job, &shape);
    }
    rp_status status = worklist_prepare(pool, job, &lend);
    if (status == RP_OK)
        status = worklist_run_prepared(pool, job, lend);
    rpi_lend_drop(lend);
    return status;
}

rp_status rp_worklist(rp_pool *pool, const rp_worklist_job *job)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_survival_enter(pool);
    rp_status status = worklist_run(pool, job != NULL ? job : &no_job);
    rpi_survival_leave(pool);
    return status;
}
