/* The map whose results have any length, and stay where they are computed. */
#include "base/error.h"
#include "pool/results.h"
#include "pool/work.h"

#include <stdlib.h>
#include <string.h>

enum {
    INPUT,
    STATUSES
};

/* What computing needs beside the work. */
struct collecting {
    const rp_collect_job *job;
    rp_results *results;
    rp_buffer result; /* of the item at hand */
};

static rp_status check(const rp_pool *pool, const rp_collect_job *job, const struct array *input,
                       struct choice *choice, rp_error *error)
{
    if (rpi_job_check(job->n, &job->options, choice, error) != RP_OK)
        return error->status;
    if (job->item == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has no task: set item");
    if ((int)job->options.on_failure < RP_STOP || (int)job->options.on_failure > RP_KEEP_GOING)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "options.on_failure is %d, which is no choice",
                             (int)job->options.on_failure);
    return rpi_array_check(pool, input, job->n, error);
}

static void set_terms(struct ballot *ballot, const rp_collect_job *job, const struct choice *choice)
{
    rpi_job_terms(ballot, job->n, choice);
    ballot->terms[3] = (int64_t)job->in_size;
    ballot->terms[4] = job->in_place;
    ballot->terms[5] = job->options.on_failure;
    ballot->terms[6] = (int64_t)job->options.seed;
}

/* Computes one item, and keeps its result. Returns its status. */
static rp_status compute_item(struct work *work, int64_t item, const void *in)
{
    struct collecting *collecting = work->closure;
    rpi_task_begin(&work->task, item);
    collecting->result.size = 0;
    int code = collecting->job->item(&work->task, in, &collecting->result);
    if (code != 0) {
        rpi_task_failed(&work->task, code, &work->failures);
        return RP_ERR_TASK;
    }
    if (rpi_results_add(collecting->results, item, &collecting->result))
        return RP_OK;
    rpi_error_set(&work->task.failure, RP_ERR_MEMORY, "no memory for a result of %zu bytes",
                  collecting->result.size);
    work->task.failure.item = item;
    rpi_task_failed(&work->task, 0, &work->failures);
    return RP_ERR_MEMORY;
}

static int64_t compute(struct work *work, rp_range piece, void *const *at)
{
    const struct collecting *collecting = work->closure;
    const rp_collect_job *job = collecting->job;
    const char *in = at[INPUT];
    uint8_t *status = at[STATUSES];
    for (int64_t item = piece.begin; item < piece.end; item++) {
        if (board_stopped(work->pool->board)) {
            work->stopping = true;
            return item - piece.begin;
        }
        rp_status became = compute_item(work, item, in);
        if (status != NULL)
            *status++ = (uint8_t)became;
        in += in != NULL ? job->in_size : 0;
        work->stopping = became == RP_ERR_MEMORY ||
                         (became == RP_ERR_TASK && job->options.on_failure == RP_STOP);
        if (work->stopping)
            return item + 1 - piece.begin;
    }
    return piece.end - piece.begin;
}

/* Before anybody computes: no item has been begun. */
static void begin_statuses(struct work *work)
{
    const struct collecting *collecting = work->closure;
    const rp_collect_job *job = collecting->job;
    if (work->pool->world.rank == work->pool->world.root && job->options.item_status != NULL)
        memset(job->options.item_status, RP_ERR_CANCELLED, (size_t)job->n);
}

static rp_status work_off(rp_pool *pool, struct collecting *collecting, const struct array *arrays,
                          struct choice choice)
{
    const rp_collect_job *job = collecting->job;
    struct work work = {
        .pool = pool,
        .units = rpi_units_cut(job->n),
        .choice = choice,
        .call_seconds = job->options.call_seconds,
        .arrays = arrays,
        .array_count = STATUSES + 1,
        .piece = rpi_work_piece(arrays, STATUSES + 1),
        .begin = begin_statuses,
        .compute = compute,
        .closure = collecting,
        .task = {.user = job->options.user, .seed = job->options.seed},
    };
    rp_status status = rpi_work_off(&work);
    rpi_buffer_free(&collecting->result);
    rpi_results_sort(collecting->results);
    return status;
}

/* Results there are also where some items failed: those of the others. */
static rp_status keep(rp_status status, rp_results *made, rp_results **results)
{
    if (status == RP_OK || status == RP_ERR_TASK)
        *results = made;
    else
        rp_results_free(&made);
    return status;
}

rp_status rp_collect(rp_pool *pool, const rp_collect_job *job, rp_results **results)
{
    static const rp_collect_job no_job;
    if (results != NULL)
        *results = NULL;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    struct ballot ballot = rpi_ballot(CALL_COLLECT);
    const rp_collect_job *asked = job != NULL ? job : &no_job;
    const struct array arrays[] = {
        [INPUT] = {"in", (void *)(uintptr_t)asked->in, asked->in_size, asked->in_place, false,
                   false},
        [STATUSES] = {"item_status", asked->options.item_status, 1, RP_ON_ROOT, true, true},
    };
    struct choice choice = {RP_ADAPTIVE, 0};
    rp_results *made = calloc(1, sizeof *made);
    if (job == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no job");
    else if (results == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no place to store the results in");
    else if (made == NULL)
        rpi_error_set(&ballot.error, RP_ERR_MEMORY, "no memory for results");
    else
        check(pool, job, &arrays[INPUT], &choice, &ballot.error);
    set_terms(&ballot, asked, &choice);
    if (rpi_pool_meet(pool, &ballot) != RP_OK) {
        free(made);
        return pool->last.status;
    }
    *made = (rp_results){.pool = pool, .number = job_number(pool), .items = job->n};
    struct collecting collecting = {.job = job, .results = made};
    return keep(work_off(pool, &collecting, arrays, choice), made, results);
}
