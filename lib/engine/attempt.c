#include "engine/attempt.h"

#include "base/clock.h"
#include "base/error.h"
#include "diag/check.h"
#include "diag/diagnosis.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

rp_status rpi_attempt_check(const rp_options *options, rp_error *error)
{
    if ((int)options->on_failure < RP_ON_FAILURE_STOP ||
        (int)options->on_failure > RP_ON_FAILURE_CONTINUE)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "options.on_failure is %d, which is no choice",
                             (int)options->on_failure);
    if (options->retries < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "options.retries is %d: give 0 or more",
                             options->retries);
    if (options->max_failures < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.max_failures is %" PRId64 ": give 0 or more",
                             options->max_failures);
    if (options->max_failures > 0 && options->on_failure != RP_ON_FAILURE_CONTINUE)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.max_failures is for RP_ON_FAILURE_CONTINUE: "
                             "RP_ON_FAILURE_STOP stops at the first");
    if (!isfinite(options->item_seconds) || options->item_seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.item_seconds is %g: give 0 or more seconds",
                             options->item_seconds);
    return RP_OK;
}

/* Vote terms are integers; equal times have equal bits. */
static int64_t attempt_time_bits(double seconds)
{
    int64_t bits;
    memcpy(&bits, &seconds, sizeof bits);
    return bits;
}

void rpi_attempt_terms(struct vote *vote, const rp_options *options)
{
    vote->terms[JOB_RETRIES] = options->retries;
    vote->terms[JOB_MAX_FAILURES] = options->max_failures;
    vote->terms[JOB_ITEM_SECONDS] = attempt_time_bits(options->item_seconds);
}

bool rpi_attempt_needed(const rp_pool *pool, const rp_options *options)
{
    return pool->check || options->retries > 0 || options->item_seconds > 0;
}

/* True if the call succeeded in time. A late call counts as a failure, whatever it returned. */
static bool attempt_call(const struct attempts *attempts, const struct attempt *attempt, int *code)
{
    struct rp_task *task = attempts->task;
    double allowed =
        attempts->options->item_seconds * (double)(attempt->items.end - attempt->items.begin);
    rpi_task_begin(task, attempt->items.begin);
    if (allowed <= 0) {
        *code = attempt->call(attempt);
        return *code == 0;
    }
    struct rank_activity *activity = attempts->pool->diag->activity;
    double begun = rpi_clock_seconds();
    task->deadline = begun + allowed;
    rpi_activity_call(activity, attempt->items, begun, allowed);
    *code = attempt->call(attempt);
    activity_return(activity);
    double took = rpi_clock_seconds() - begun;
    if (took > allowed)
        rpi_error_late(&task->failure, attempt->items, took, allowed);
    return *code == 0 && took <= allowed;
}

/* Saves what the call may change, so that the next attempt can start from it. */
static bool attempt_save_output(struct attempts *attempts, const struct attempt *attempt)
{
    size_t bytes = attempt->out_bytes + attempt->partial_bytes;
    if (attempts->options->retries == 0 || bytes == 0)
        return true;
    if (bytes > attempts->saved_bytes) {
        void *grown = realloc(attempts->saved, bytes);
        if (grown == NULL)
            return false;
        attempts->saved = grown;
        attempts->saved_bytes = bytes;
    }
    if (attempt->out_bytes > 0)
        memcpy(attempts->saved, attempt->out, attempt->out_bytes);
    if (attempt->partial_bytes > 0)
        memcpy((char *)attempts->saved + attempt->out_bytes, attempt->partial,
               attempt->partial_bytes);
    return true;
}

static void attempt_restore_output(const struct attempts *attempts, const struct attempt *attempt)
{
    if (attempt->out_bytes > 0)
        memcpy(attempt->out, attempts->saved, attempt->out_bytes);
    if (attempt->partial_bytes > 0)
        memcpy(attempt->partial, (char *)attempts->saved + attempt->out_bytes,
               attempt->partial_bytes);
}

static int attempt_no_memory(struct rp_task *task, int64_t item)
{
    rpi_task_begin(task, item);
    rpi_error_set(&task->failure, RP_ERR_MEMORY, "no memory for another attempt at item %" PRId64,
                  item);
    task->failure.item = item;
    return 1;
}

static int attempt_repeat(struct attempts *attempts, const struct attempt *attempt)
{
    struct rp_task *task = attempts->task;
    const int before = task->attempt; /* earlier attempts, cut short by the death of their rank */
    int code;
    if (!attempt_save_output(attempts, attempt))
        return attempt_no_memory(task, attempt->items.begin);
    bool fine = attempt_call(attempts, attempt, &code);
    while (!fine && task->attempt - before < attempts->options->retries &&
           !work_queue_stopped(attempts->pool->work_queue) && !task_withdrawn(task)) {
        attempt_restore_output(attempts, attempt);
        task->attempt++;
        fine = attempt_call(attempts, attempt, &code);
    }
    task->attempt = before;
    return fine || code != 0 ? code : 1;
}

int rpi_attempt(struct attempts *attempts, const struct attempt *attempt)
{
    if (attempts->pool->check && attempt->fresh && attempt->out_bytes > 0)
        return rpi_check_attempt(attempts, attempt, attempt_repeat);
    return attempt_repeat(attempts, attempt);
}

bool rpi_attempt_cancelled(const struct attempts *attempts, int code)
{
    return code != 0 && attempts->task->cancelled && work_queue_stopped(attempts->pool->work_queue);
}

void rpi_attempts_end(struct attempts *attempts)
{
    free(attempts->saved);
    free(attempts->checked);
    attempts->saved = attempts->checked = NULL;
}
