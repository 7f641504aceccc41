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

/* Is the call fine? If it came back late, that is noted as its failure, whatever it returned. */
static bool attempt(const struct trials *trials, const struct trial *trial, int *code)
{
    struct rp_task *task = trials->task;
    double allowed =
        trials->options->item_seconds * (double)(trial->items.end - trial->items.begin);
    rpi_task_begin(task, trial->items.begin);
    if (allowed <= 0) {
        *code = trial->call(trial);
        return *code == 0;
    }
    struct doing *doing = trials->pool->doing;
    double begun = rpi_clock_seconds();
    task->deadline = begun + allowed;
    rpi_doing_call(doing, trial->items, begun, allowed);
    *code = trial->call(trial);
    rpi_doing_return(doing);
    double took = rpi_clock_seconds() - begun;
    if (took > allowed)
        rpi_error_late(&task->failure, trial->items, took, allowed);
    return *code == 0 && took <= allowed;
}

/* Notes what is at `out`, for another attempt. */
static bool keep(struct trials *trials, const struct trial *trial)
{
    if (trials->options->retries == 0 || trial->out_bytes == 0)
        return true;
    if (trial->out_bytes > trials->kept_bytes) {
        void *grown = realloc(trials->kept, trial->out_bytes);
        if (grown == NULL)
            return false;
        trials->kept = grown;
        trials->kept_bytes = trial->out_bytes;
    }
    memcpy(trials->kept, trial->out, trial->out_bytes);
    return true;
}

static int cannot_keep(struct rp_task *task, int64_t item)
{
    rpi_task_begin(task, item);
    rpi_error_set(&task->failure, RP_ERR_MEMORY, "no memory for another attempt at item %" PRId64,
                  item);
    task->failure.item = item;
    return 1;
}

int rpi_trial(struct trials *trials, const struct trial *trial)
{
    struct rp_task *task = trials->task;
    const int before = task->attempt; /* those that ended with their rank */
    int code;
    if (!keep(trials, trial))
        return cannot_keep(task, trial->items.begin);
    bool fine = attempt(trials, trial, &code);
    while (!fine && task->attempt - before < trials->options->retries &&
           !board_stopped(trials->pool->board)) {
        if (trial->out_bytes > 0)
            memcpy(trial->out, trials->kept, trial->out_bytes);
        task->attempt++;
        fine = attempt(trials, trial, &code);
    }
    task->attempt = before;
    return fine || code != 0 ? code : 1;
}

bool rpi_trial_cancelled(const struct trials *trials, int code)
{
    return code != 0 && trials->task->told_to_end && board_stopped(trials->pool->board);
}

void rpi_trials_end(struct trials *trials)
{
    free(trials->kept);
    trials->kept = NULL;
}
