#include "pool/trial.h"

#include "base/clock.h"
#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

rp_status rpi_trial_check(const rp_options *options, rp_error *error)
{
    if ((int)options->on_failure < RP_STOP || (int)options->on_failure > RP_KEEP_GOING)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "options.on_failure is %d, which is no choice",
                             (int)options->on_failure);
    if (options->retries < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "options.retries is %d: give 0 or more",
                             options->retries);
    if (options->max_failures < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.max_failures is %" PRId64 ": give 0 or more",
                             options->max_failures);
    if (options->max_failures > 0 && options->on_failure != RP_KEEP_GOING)
        return rpi_error_set(
            error, RP_ERR_ARGUMENT,
            "options.max_failures is for RP_KEEP_GOING: RP_STOP stops at the first");
    if (!isfinite(options->item_seconds) || options->item_seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.item_seconds is %g: give 0 or more seconds",
                             options->item_seconds);
    return RP_OK;
}

/* The bits of a time, since terms are whole numbers: equal times are equal. */
static int64_t bits_of(double seconds)
{
    int64_t bits;
    memcpy(&bits, &seconds, sizeof bits);
    return bits;
}

void rpi_trial_terms(struct ballot *ballot, int first, const rp_options *options)
{
    ballot->terms[first] = options->retries;
    ballot->terms[first + 1] = options->max_failures;
    ballot->terms[first + 2] = bits_of(options->item_seconds);
}

bool rpi_trial_needed(const rp_options *options)
{
    return options->retries > 0 || options->item_seconds > 0;
}

/* ---- failures ---------------------------------------------------------------------------------- */

/* The call returned because it heard that the job has been stopped: its items failed no more than those
 * that nobody began. */
static bool cancelled(const struct work *work, int code)
{
    return code != 0 && work->task.told_to_end && board_stopped(work->pool->board);
}

/* Ranks of a node count together; exactly one of them finds that it was enough. */
static bool enough(struct work *work)
{
    const rp_options *options = work->options;
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

rp_status rpi_trial_failed(struct work *work, int code)
{
    if (cancelled(work, code)) {
        work->task.failure.status = RP_OK;
        work->stopping = true;
        return RP_ERR_CANCELLED;
    }
    rp_status status = rpi_task_failed(&work->task, code, &work->failures);
    work->stopping = work->stopping || enough(work);
    return status;
}

/* ---- attempts ---------------------------------------------------------------------------------- */

/* Is the call fine? If it came back late, that is noted as its failure, whatever it returned. */
static bool attempt(struct work *work, const struct trial *trial, int *code)
{
    struct rp_task *task = &work->task;
    double allowed = work->options->item_seconds * (double)(trial->items.end - trial->items.begin);
    rpi_task_begin(task, trial->items.begin);
    if (allowed <= 0) {
        *code = work->call(work, trial);
        return *code == 0;
    }
    struct doing *doing = work->pool->doing;
    double begun = rpi_clock_seconds();
    task->deadline = begun + allowed;
    rpi_doing_call(doing, trial->items, begun, allowed);
    *code = work->call(work, trial);
    rpi_doing_return(doing);
    double took = rpi_clock_seconds() - begun;
    if (took > allowed)
        rpi_error_late(&task->failure, trial->items, took, allowed);
    return *code == 0 && took <= allowed;
}

/* Notes what is at `out`, for another attempt. */
static bool keep(struct work *work, const struct trial *trial)
{
    if (work->options->retries == 0 || trial->out == NULL || trial->out_bytes == 0)
        return true;
    if (trial->out_bytes > work->kept_bytes) {
        void *grown = realloc(work->kept, trial->out_bytes);
        if (grown == NULL)
            return false;
        work->kept = grown;
        work->kept_bytes = trial->out_bytes;
    }
    memcpy(work->kept, trial->out, trial->out_bytes);
    return true;
}

static rp_status cannot_keep(struct work *work, const struct trial *trial)
{
    rpi_task_begin(&work->task, trial->items.begin);
    rpi_error_set(&work->task.failure, RP_ERR_MEMORY,
                  "no memory for another attempt at item %" PRId64, trial->items.begin);
    work->task.failure.item = trial->items.begin;
    work->stopping = true;
    return rpi_task_failed(&work->task, 0, &work->failures);
}

rp_status rpi_trial(struct work *work, const struct trial *trial)
{
    struct rp_task *task = &work->task;
    int code;
    if (!keep(work, trial))
        return cannot_keep(work, trial);
    bool fine = attempt(work, trial, &code);
    while (!fine && task->attempt < work->options->retries && !board_stopped(work->pool->board)) {
        if (trial->out != NULL && trial->out_bytes > 0)
            memcpy(trial->out, work->kept, trial->out_bytes);
        task->attempt++;
        fine = attempt(work, trial, &code);
    }
    rp_status status = fine ? RP_OK : rpi_trial_failed(work, code);
    task->attempt = 0;
    return status;
}
