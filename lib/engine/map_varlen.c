/* The map whose results have any length, and stay on the ranks that computed them. */
#include "base/error.h"
#include "diag/check.h"
#include "diag/diagnosis.h"
#include "engine/executor.h"
#include "engine/varlen_results.h"

#include <stdlib.h>

enum {
    INPUT,
    STATUSES
};

/* The callbacks' context. */
struct varlen_map {
    const rp_map_varlen_job *job;
    rp_results *results;
    rp_buffer result; /* of the current item */
};

static rp_status varlen_check(const rp_pool *pool, const rp_map_varlen_job *job,
                              const struct array *input, struct schedule_choice *choice,
                              rp_error *error)
{
    if (rpi_job_check(job->n, &job->options, choice, error) != RP_OK)
        return error->status;
    if (job->item == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has no task: set item");
    if (pool->world.rank == pool->world.root &&
        check_array(pool, "item_status", job->options.item_status, (size_t)job->n, error) != RP_OK)
        return error->status;
    return rpi_array_check(pool, input, job->n, error);
}

static void varlen_set_terms(struct vote *vote, const rp_map_varlen_job *job,
                             const struct schedule_choice *choice)
{
    rpi_job_terms(vote, job->n, choice);
    vote->terms[JOB_IN_SIZE] = (int64_t)job->in_size;
    vote->terms[JOB_IN_PLACE] = job->in_place;
    vote->terms[JOB_ON_FAILURE] = job->options.on_failure;
    vote->terms[JOB_SEED] = (int64_t)job->options.seed;
    rpi_attempt_terms(vote, &job->options);
}

/* Every attempt starts with an empty result. */
static int varlen_call_item(const struct attempt *attempt)
{
    struct executor *executor = attempt->closure;
    struct varlen_map *map = executor->closure;
    map->result.size = 0;
    rpi_check_result_before(executor->pool, &map->result);
    int code = map->job->item(&executor->task, attempt->in, &map->result);
    return rpi_check_result_after(&executor->task, &map->result, code);
}

static int varlen_attempt_item(struct executor *executor, int64_t item, const void *in)
{
    struct attempt attempt = {
        .items = {item, item + 1}, .in = in, .call = varlen_call_item, .closure = executor};
    if (executor->careful)
        return rpi_attempt(&executor->attempts, &attempt);
    rpi_task_begin(&executor->task, item);
    return varlen_call_item(&attempt);
}

/* Computes one item and stores its result. Returns its status. */
static rp_status varlen_compute_item(struct executor *executor, int64_t item, const void *in)
{
    struct varlen_map *map = executor->closure;
    int code = varlen_attempt_item(executor, item, in);
    if (code == 0 && rpi_results_add(map->results, item, &map->result))
        return RP_OK;
    if (code == 0) {
        rpi_error_set(&executor->task.failure, RP_ERR_MEMORY, "no memory for a result of %zu bytes",
                      map->result.size);
        executor->task.failure.item = item;
    }
    return rpi_execution_failed(executor, code);
}

static int64_t varlen_compute(struct executor *executor, rp_range tile, void *const *at)
{
    const struct varlen_map *map = executor->closure;
    const rp_map_varlen_job *job = map->job;
    const char *in = at[INPUT];
    uint8_t *status = at[STATUSES];
    for (int64_t item = tile.begin; item < tile.end; item++) {
        if (work_queue_stopped(executor->pool->work_queue)) {
            executor->stopping = true;
            return item - tile.begin;
        }
        rp_status became = varlen_compute_item(executor, item, in);
        if (status != NULL)
            *status++ = (uint8_t)became;
        if (in != NULL)
            in += job->in_size;
        if (executor->stopping)
            return item + (became != RP_ERR_CANCELLED) - tile.begin;
    }
    return tile.end - tile.begin;
}

static rp_status varlen_execute(rp_pool *pool, struct varlen_map *map, const struct array *arrays,
                                struct schedule_choice choice)
{
    const rp_map_varlen_job *job = map->job;
    struct executor executor;
    rpi_executor_begin(&executor, pool, CALL_COLLECT, &job->options, arrays, STATUSES + 1);
    executor.units = rpi_units_cut(job->n);
    executor.choice = choice;
    executor.compute = varlen_compute;
    executor.closure = map;
    rp_status status = rpi_execute(&executor);
    if (status == RP_OK && pool->world.agreement.lost > 0)
        status = rpi_error_set(&pool->last, RP_ERR_LOST, "a rank has died with its results");
    rpi_buffer_free(&map->result);
    rpi_results_sort(map->results);
    return status;
}

/* Hands out the results, also if some items failed, were late or were never begun: then they are
 * those of the other items. */
static rp_status varlen_hand_out(rp_status status, rp_results *made, rp_results **results)
{
    if (status == RP_OK || status == RP_ERR_TASK || status == RP_ERR_TIMEOUT ||
        status == RP_ERR_INTERRUPTED)
        *results = made;
    else
        rp_results_free(&made);
    return status;
}

rp_status rp_map_varlen(rp_pool *pool, const rp_map_varlen_job *job, rp_results **results)
{
    static const rp_map_varlen_job no_job;
    if (results != NULL)
        *results = NULL;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    struct vote vote = rpi_vote(CALL_COLLECT);
    const rp_map_varlen_job *asked = job != NULL ? job : &no_job;
    const struct array arrays[] = {
        [INPUT] = {.name = "in",
                   .base = (void *)(uintptr_t)asked->in,
                   .size = asked->in_size,
                   .place = asked->in_place},
        [STATUSES] = {.name = "item_status",
                      .base = asked->options.item_status,
                      .size = 1,
                      .output = true,
                      .status = true},
    };
    struct schedule_choice choice = {RP_SCHEDULE_ADAPTIVE, 0};
    rp_results *made = calloc(1, sizeof *made);
    if (job == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no job");
    else if (results == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no place to store the results in");
    else if (made == NULL)
        rpi_error_set(&vote.error, RP_ERR_MEMORY, "no memory for results");
    else
        varlen_check(pool, job, &arrays[INPUT], &choice, &vote.error);
    varlen_set_terms(&vote, asked, &choice);
    watchdog_provide(pool, &asked->options, &vote.error);
    if (rpi_pool_agree(pool, &vote) != RP_OK) {
        free(made);
        return pool->last.status;
    }
    *made = (rp_results){.pool = pool, .number = job_number(pool), .items = job->n};
    struct varlen_map map = {.job = job, .results = made};
    return varlen_hand_out(varlen_execute(pool, &map, arrays, choice), made, results);
}
