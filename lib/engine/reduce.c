/* The reduction: joins the partial results of all leaves in a fixed tree. */
#include "base/error.h"
#include "base/poison.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "diag/check.h"
#include "diag/diagnosis.h"
#include "engine/executor.h"
#include "engine/reduce_collect.h"
#include "engine/reduce_gather.h"
#include "engine/save_reduce.h"
#include "observe/hooks.h"
#include "resilience/survival.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUT,
    RESULTS,  /* one per item, if the job wants them */
    STATUSES, /* of these, for other nodes' agents */
    ARRAYS
};

static const rp_reduce_job no_job; /* in place of NULL */

struct reduction {
    rp_pool *pool;
    const rp_reduce_job *job;
    struct schedule_choice choice;
    int64_t leaf;
    /* Items in one call of the body: a leaf, or less if its input is large. It depends on the job
     * alone, because the calls determine the bits of the result. */
    int64_t part;
    void *partial; /* of the current leaf */
    void *buffer;  /* for rpi_gather_trees() */
    struct tree tree;
};

/* Enough leaves to balance the load of any number of ranks, each long enough to hide its
 * overhead. */
static int64_t reduce_leaf_length(int64_t n)
{
    const int64_t leaves = INT64_C(1) << 16, longest = INT64_C(1) << 20;
    int64_t leaf = n / leaves + (n % leaves != 0);
    return leaf < 1 ? 1 : leaf > longest ? longest : leaf;
}

/* The partial results of a dead rank are lost, so items that it had finished are computed again. On
 * several nodes, the results of a node may be lost while its partial results are not. */
static rp_status reduce_check_survival(const rp_pool *pool, const rp_reduce_job *job,
                                       rp_error *error)
{
    if (job->out_size > 0 && pool->in_rounds)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "out is not possible in a reduction while ranks of several nodes "
                             "survive deaths: use rp_map(), then rp_reduce()");
    if (job->out_size > 0 && job->out == job->in && pool->survives)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "out is in, but while ranks survive deaths a reduction may compute "
                             "an item twice: give two arrays");
    return RP_OK;
}

static rp_status reduce_check(const rp_pool *pool, const rp_reduce_job *job,
                              const struct array *arrays, struct schedule_choice *choice,
                              rp_error *error)
{
    if (job == &no_job)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "no job");
    if (rpi_job_check(job->n, &job->options, choice, error) != RP_OK)
        return error->status;
    if (job->body == NULL || job->combine == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has no task: set body and combine");
    if (job->identity == NULL || job->result == NULL || job->result_size == 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "identity, result and result_size must be set on every rank");
    if (job->result_size > PTRDIFF_MAX)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "result_size is %zu", job->result_size);
    if (job->leaf < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "leaf is %" PRId64 ": give 0 or more",
                             job->leaf);
    if (job->options.on_failure == RP_ON_FAILURE_CONTINUE || job->options.item_status != NULL)
        return rpi_error_set(
            error, RP_ERR_ARGUMENT,
            "on_failure and item_status are for rp_map(): a sum without some of its "
            "items would not be the sum");
    if (check_array(pool, "identity", job->identity, job->result_size, error) != RP_OK ||
        check_array(pool, "result", job->result, job->result_size, error) != RP_OK ||
        reduce_check_survival(pool, job, error) != RP_OK)
        return error->status;
    return rpi_job_check_arrays(pool, job->n, &arrays[INPUT], &arrays[RESULTS], error);
}

static void reduce_set_terms(struct vote *vote, const rp_reduce_job *job,
                             const struct schedule_choice *choice)
{
    rpi_job_terms(vote, job->n, choice);
    vote->terms[JOB_IN_SIZE] = (int64_t)job->in_size;
    vote->terms[JOB_IN_PLACE] = job->in_place;
    vote->terms[JOB_OUT_SIZE] = (int64_t)job->out_size;
    vote->terms[JOB_OUT_PLACE] = job->out_place;
    vote->terms[JOB_RESULT_SIZE] = (int64_t)job->result_size;
    vote->terms[JOB_LEAF] = job->leaf;
    vote->terms[JOB_SEED] = (int64_t)job->options.seed;
    rpi_attempt_terms(vote, &job->options);
}

/* The loop is open meanwhile, because the program's combine() must not call the pool. */
static int reduce_join(void *left, const void *right, void *closure)
{
    const struct reduction *reduction = closure;
    rp_loop *loop = &reduction->pool->loop;
    bool open = loop->open;
    loop->open = true;
    int code = reduction->job->combine(left, right, reduction->job->options.user);
    loop->open = open;
    return code;
}

static bool reduce_add_leaf(struct executor *executor, int64_t leaf_index)
{
    struct reduction *reduction = executor->closure;
    if (rpi_tree_add(&reduction->tree, (struct tree_node){leaf_index, 0}, reduction->partial))
        return true;
    rpi_tree_explain(&reduction->tree, &executor->task.failure);
    executor->task.failure.item = leaf_index * reduction->leaf;
    rpi_task_failed(&executor->task, reduction->tree.code, &executor->failures);
    return false;
}

static int reduce_call_body(const struct attempt *attempt)
{
    struct executor *executor = attempt->closure;
    const struct reduction *reduction = executor->closure;
    executor->task.out = attempt->out;
    return reduction->job->body(&executor->task, attempt->items, attempt->in, attempt->partial);
}

static int reduce_attempt_body(struct executor *executor, rp_range part, const void *in, void *out)
{
    const struct reduction *reduction = executor->closure;
    const rp_reduce_job *job = reduction->job;
    struct attempt attempt = {.items = part,
                              .in = in,
                              .out = out,
                              .out_bytes = (size_t)(part.end - part.begin) * job->out_size,
                              .fresh = true,
                              .partial = reduction->partial,
                              .partial_bytes = job->result_size,
                              .call = reduce_call_body,
                              .closure = executor};
    return rpi_attempt(&executor->attempts, &attempt);
}

/* Folds a part into the partial result. */
static bool reduce_fold(struct executor *executor, rp_range part, const void *in, void *out)
{
    const struct reduction *reduction = executor->closure;
    int code;
    if (executor->careful) {
        code = reduce_attempt_body(executor, part, in, out);
    } else {
        rpi_task_begin(&executor->task, part.begin);
        executor->task.out = out;
        code = reduction->job->body(&executor->task, part, in, reduction->partial);
    }
    return code == 0 || rpi_execution_failed(executor, code) == RP_OK;
}

/* A tile is a part of a leaf, a leaf, or several leaves. The first part of a leaf starts from the
 * identity; the last one adds the leaf to the tree. */
static bool reduce_compute_part(struct executor *executor, rp_range part, const void *in, void *out)
{
    struct reduction *reduction = executor->closure;
    const rp_reduce_job *job = reduction->job;
    if (part.begin % reduction->leaf == 0)
        memcpy(reduction->partial, job->identity, job->result_size);
    if (!reduce_fold(executor, part, in, out))
        return false;
    bool complete = part.end % reduction->leaf == 0 || part.end == job->n ||
                    executor->pool->loop.enough; /* then the rest of the leaf is not computed */
    bool added = !complete || reduce_add_leaf(executor, part.begin / reduction->leaf);
    if (complete && executor->pool->check)
        rpi_poison(reduction->partial, 0, job->result_size, 0);
    return added;
}

/* The end of the part at `begin`, but at most `most`. Parts are counted from the start of their
 * leaf. */
static int64_t reduce_part_end(const struct reduction *reduction, int64_t begin, int64_t most)
{
    int64_t within = begin % reduction->leaf;
    int64_t to_leaf = reduction->leaf - within;
    int64_t to_part = reduction->part - within % reduction->part;
    int64_t length = to_leaf < to_part ? to_leaf : to_part;
    return most - begin < length ? most : begin + length;
}

static int64_t reduce_compute(struct executor *executor, rp_range tile, void *const *at)
{
    struct reduction *reduction = executor->closure;
    const rp_reduce_job *job = reduction->job;
    const char *in = at[INPUT];
    char *out = at[RESULTS];
    uint8_t *statuses = at[STATUSES];
    rp_range part = {tile.begin, tile.begin};
    while (part.end < tile.end && !executor->stopping &&
           !work_queue_stopped(executor->pool->work_queue)) {
        part.begin = part.end;
        part.end = reduce_part_end(reduction, part.begin, tile.end);
        if (!reduce_compute_part(executor, part, in, out)) {
            executor->stopping = true;
            return part.begin - tile.begin; /* its leaf is not in the tree */
        }
        if (statuses != NULL)
            memset(statuses + (part.begin - tile.begin), RP_OK, (size_t)(part.end - part.begin));
        in += in != NULL ? (size_t)(part.end - part.begin) * job->in_size : 0;
        out += out != NULL ? (size_t)(part.end - part.begin) * job->out_size : 0;
    }
    return part.end - tile.begin;
}

static int64_t reduce_leaves(const struct reduction *reduction)
{
    int64_t n = reduction->job->n;
    return n / reduction->leaf + (n % reduction->leaf != 0);
}

/* Where ranks do not survive: joins the result on the root, agrees on whether that worked, and
 * broadcasts the result. Leaves the outcome in the pool's last error. */
static bool reduce_publish(struct executor *executor)
{
    struct reduction *reduction = executor->closure;
    rp_pool *pool = executor->pool;
    const struct world *world = &pool->world;
    const rp_reduce_job *job = reduction->job;
    struct vote vote = rpi_vote(CALL_REDUCED);
    rpi_gather_trees(world, &reduction->tree, reduce_leaves(reduction), reduction->buffer,
                     &vote.error);
    if (rpi_pool_agree(pool, &vote) != RP_OK)
        return false;
    if (world->rank == world->root)
        memcpy(job->result,
               reduction->tree.count > 0 ? rpi_tree_value(&reduction->tree, 0) : job->identity,
               job->result_size);
    int code = rpi_message_broadcast(job->result, job->result_size, world->root, world->comm);
    rpi_record_until_now(pool->observe->recorder, COMMUNICATING);
    rpi_mpi_check(code, "MPI_Bcast", &pool->last);
    return false;
}

/* The same where they survive. Leaves the outcome in the pool's last error. */
static bool reduce_collect(struct executor *executor)
{
    struct reduction *reduction = executor->closure;
    const rp_reduce_job *job = reduction->job;
    struct partial_results partial_results = {
        .pool = executor->pool,
        .leaves = reduce_leaves(reduction),
        .leaf = reduction->leaf,
        .units = executor->units,
        .tree = &reduction->tree,
        .identity = job->identity,
        .result = job->result,
    };
    bool again;
    return rpi_collect_partial_results(&partial_results, &again) == RP_OK && again;
}

/* Before any rank computes: puts the saved partial results into the tree. */
static void reduce_restore(struct executor *executor, rp_error *error)
{
    if (error->status == RP_OK)
        rpi_reduce_saving_restore((struct reduce_saving *)executor->saving, error);
}

static rp_status reduce_execute(rp_pool *pool, const struct array *arrays,
                                struct reduction *reduction, struct saving *saving)
{
    struct executor executor;
    rpi_executor_begin(&executor, pool, CALL_REDUCE, &reduction->job->options, arrays, ARRAYS);
    executor.tile_items = rpi_execute_tile(arrays, STATUSES);
    executor.units = rpi_units_cut_leaves(reduction->job->n, reduction->leaf);
    executor.choice = reduction->choice;
    executor.tile_border = reduction->leaf;
    executor.begin = saving != NULL ? reduce_restore : NULL;
    executor.compute = reduce_compute;
    executor.another_round = pool->survives ? reduce_collect : reduce_publish;
    executor.closure = reduction;
    executor.saving = saving;
    /* Use whole leaves if at least one fits into a tile. */
    if (executor.tile_items >= reduction->leaf) {
        executor.tile_items -= executor.tile_items % reduction->leaf;
        executor.tile_border = 0;
    }
    return rpi_execute(&executor);
}

static rp_status reduce_execute_saving(rp_pool *pool, const struct array *arrays,
                                       struct reduction *reduction, const struct job_form *form)
{
    struct reduce_saving saving;
    rpi_reduce_saving_begin(&saving, pool, form, &reduction->tree);
    rp_status status = reduce_execute(pool, arrays, reduction, &saving.saving);
    rpi_reduce_saving_end(&saving, status);
    return status;
}

/* Identifies the job in the journal. */
static struct job_form reduce_form(const rp_pool *pool, const struct reduction *reduction)
{
    const rp_reduce_job *job = reduction->job;
    return (struct job_form){.kind = JOURNAL_LEAVES,
                             .n = job->n,
                             .in_bytes = (int64_t)job->in_size,
                             .out_bytes = (int64_t)job->result_size,
                             .leaf = reduction->leaf,
                             .seed = job->options.seed,
                             .inputs = rpi_saving_inputs(pool, job->in, job->n, job->in_size)};
}

/* Results per item would have to be saved with every partial result, and are not. */
static bool reduce_is_saved(const rp_pool *pool, const rp_reduce_job *job)
{
    return pool->checkpoint != NULL && job->out_size == 0;
}

/* Agrees to open the job. On RP_OK, `reduction` is complete, and `form` too if the job is saved for
 * a checkpoint. */
static rp_status reduce_open(rp_pool *pool, const rp_reduce_job *job, const struct array *arrays,
                             struct reduction *reduction, struct job_form *form)
{
    struct schedule_choice *choice = &reduction->choice;
    struct vote vote = rpi_vote(CALL_REDUCE);
    int64_t tile_items = rpi_execute_tile(arrays, STATUSES);
    reduce_check(pool, job, arrays, choice, &vote.error);
    if (vote.error.status == RP_OK) {
        reduction->leaf = job->leaf > 0 ? job->leaf : reduce_leaf_length(job->n);
        reduction->part = tile_items < reduction->leaf ? tile_items : reduction->leaf;
        reduction->tree = rpi_tree_begin(job->result_size, reduce_join, reduction);
        reduction->partial = malloc(job->result_size);
        reduction->buffer = malloc(rpi_gather_buffer_bytes(job->result_size));
        if (reduction->partial == NULL || reduction->buffer == NULL)
            rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for a partial result");
    }
    if (reduce_is_saved(pool, job) && vote.error.status == RP_OK) {
        *form = reduce_form(pool, reduction);
        rpi_checkpoint_check(pool, form, &vote.error);
    }
    reduce_set_terms(&vote, job, choice);
    watchdog_provide(pool, &job->options, &vote.error);
    return rpi_pool_agree(pool, &vote);
}

rp_status rp_reduce(rp_pool *pool, const rp_reduce_job *job)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    if (job == NULL)
        job = &no_job;
    const struct array arrays[ARRAYS] = {
        [INPUT] = {.name = "in",
                   .base = (void *)(uintptr_t)job->in,
                   .size = job->in_size,
                   .place = job->in_place},
        [RESULTS] = {.name = "out",
                     .base = job->out,
                     .size = job->out_size,
                     .place = job->out_place,
                     .output = true},
        [STATUSES] = {.name = "item_status",
                      .size = job->out_size > 0,
                      .output = true,
                      .status = true},
    };
    struct reduction reduction = {.pool = pool, .job = job, .choice = {RP_SCHEDULE_ADAPTIVE, 0}};
    struct job_form form;
    rpi_survival_enter(pool);
    rp_status status = reduce_open(pool, job, arrays, &reduction, &form);
    if (status == RP_OK)
        status = reduce_is_saved(pool, job) ? reduce_execute_saving(pool, arrays, &reduction, &form)
                                            : reduce_execute(pool, arrays, &reduction, NULL);
    rpi_tree_end(&reduction.tree);
    free(reduction.partial);
    free(reduction.buffer);
    rpi_survival_leave(pool);
    return status;
}
