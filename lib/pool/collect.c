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
    return rpi_array_check(pool, input, job->n, error);
}

static void set_terms(struct ballot *ballot, const rp_collect_job *job, const struct choice *choice)
{
    rpi_job_terms(ballot, job->n, choice);
    ballot->terms[3] = (int64_t)job->in_size;
    ballot->terms[4] = job->in_place;
    ballot->terms[5] = job->options.on_failure;
    ballot->terms[6] = (int64_t)job->options.seed;
    rpi_trial_terms(ballot, 7, &job->options);
}

/* Every attempt begins with an empty result. */
static int call_item(const struct trial *trial)
{
    struct work *work = trial->closure;
    struct collecting *collecting = work->closure;
    collecting->result.size = 0;
    return collecting->job->item(&work->task, trial->in, &collecting->result);
}

static int try_item(struct work *work, int64_t item, const void *in)
{
    struct trial trial = {.items = {item, item + 1}, .in = in, .call = call_item, .closure = work};
    if (work->careful)
        return rpi_trial(&work->trials, &trial);
    rpi_task_begin(&work->task, item);
    return call_item(&trial);
}

/* Computes one item, and keeps its result. Returns its status. */
static rp_status compute_item(struct work *work, int64_t item, const void *in)
{
    struct collecting *collecting = work->closure;
    int code = try_item(work, item, in);
    if (code == 0 && rpi_results_add(collecting->results, item, &collecting->result))
        return RP_OK;
    if (code == 0) {
        rpi_error_set(&work->task.failure, RP_ERR_MEMORY, "no memory for a result of %zu bytes",
                      collecting->result.size);
        work->task.failure.item = item;
    }
    return rpi_work_failed(work, code);
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
        if (in != NULL)
            in += job->in_size;
        if (work->stopping)
            return item + (became != RP_ERR_CANCELLED) - piece.begin;
    }
    return piece.end - piece.begin;
}

/* Before anybody computes: no item has been begun. */
static void begin_statuses(struct work *work, rp_error *error)
{
    (void)error;
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
        .task = {.user = job->options.user, .seed = job->options.seed, .pool = pool},
        .careful = rpi_trial_needed(&job->options),
        .trials = {.pool = pool, .options = &job->options, .task = &work.task},
    };
    rp_status status = rpi_work_off(&work);
    if (status == RP_OK && pool->world.meeting.lost > 0)
        status = rpi_error_set(&pool->last, RP_ERR_LOST, "a rank has died with its results");
    rpi_buffer_free(&collecting->result);
    rpi_results_sort(collecting->results);
    return status;
}

/* Results there are also where some items failed, were late or never begun: those of the others. */
static rp_status keep(rp_status status, rp_results *made, rp_results **results)
{
    if (status == RP_OK || status == RP_ERR_TASK || status == RP_ERR_TIMEOUT ||
        status == RP_ERR_INTERRUPTED)
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
                   false, RP_ON_ROOT},
        [STATUSES] = {"item_status", asked->options.item_status, 1, RP_ON_ROOT, true, true,
                      RP_ON_ROOT},
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
    rpi_watch_provide(pool, &asked->options, &ballot.error);
    if (rpi_pool_meet(pool, &ballot) != RP_OK) {
        free(made);
        return pool->last.status;
    }
    *made = (rp_results){.pool = pool, .number = job_number(pool), .items = job->n};
    struct collecting collecting = {.job = job, .results = made};
    return keep(work_off(pool, &collecting, arrays, choice), made, results);
}
