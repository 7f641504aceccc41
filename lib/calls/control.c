/* rp_control_run(): the controller drives a stream on the root. */
#include "base/error.h"
#include "calls/calls.h"
#include "calls/worker.h"
#include "resilience/survival.h"

#include <inttypes.h>
#include <stdlib.h>

static const int64_t default_window_items = 65536, default_window_bytes = (int64_t)16 << 20;

static rp_status control_check_options(const rp_options *options, rp_error *error)
{
    if (options->schedule != RP_SCHEDULE_ADAPTIVE || options->chunk != 0 ||
        options->call_overhead != 0 || options->expected_seconds != 0 ||
        options->on_failure != RP_ON_FAILURE_STOP || options->max_failures != 0 ||
        options->item_status != NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "rp_control_run() honours user, seed, retries, item_seconds, name and "
                             "unit of the options: leave the others 0");
    struct schedule_choice choice;
    return rpi_job_check(0, options, &choice, error);
}

static rp_status control_check(const rp_pool *pool, const rp_control_job *job, rp_error *error)
{
    if (job == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "no job");
    if (job->controller == NULL && pool->world.rank == pool->world.root)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "the job has no controller");
    if (job->call_count < 1 || job->calls == NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "the job has no functions: set calls and call_count");
    for (int i = 0; i < job->call_count; i++)
        if (job->calls[i] == NULL)
            return rpi_error_set(error, RP_ERR_ARGUMENT, "calls[%d] is NULL", i);
    if (job->window_items < 0 || job->window_bytes < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "window_items %" PRId64 ", window_bytes %" PRId64
                             ": give 1 or more, or 0 for the default",
                             job->window_items, job->window_bytes);
    return control_check_options(&job->options, error);
}

/* ---- the controller's end -------------------------------------------------------------------- */

/* Ends the calls that are open, on all ranks. An interruption is the cause of what the controller
 * returns, so it stays the error of the job. */
static void control_fail(struct rp_control *control, int code)
{
    rp_error error;
    if (rpi_calls_stopped(control) != RP_OK)
        return;
    if (code != 0)
        rpi_error_set(&error, RP_ERR_TASK,
                      "the controller failed with code %d, with %" PRId64 " calls open", code,
                      control->open);
    else
        rpi_error_set(&error, RP_ERR_CANCELLED,
                      "the controller returned with %" PRId64 " calls open, which are cancelled: "
                      "call rp_wait_all() first",
                      control->open);
    error.task_code = code;
    rpi_stream_fail(control->stream, &error);
}

/* Takes back what the stream still has: items whose calls were cancelled. */
static void control_drain(struct stream *stream)
{
    stream->exhausted = true;
    do
        rpi_stream_serve(stream);
    while (!rpi_stream_finished(stream) && rpi_stream_next_round(stream));
}

static void control_begin(void *closure)
{
    struct rp_control *control = closure;
    rpi_call_saving_begin(&control->saving, control->pool, control->job);
}

static void control_drive(struct stream *stream, void *closure)
{
    struct rp_control *control = closure;
    control->stream = stream;
    int code = control->job->controller(control, control->job->options.user);
    if (control->stream == NULL)
        control->pool->last = control->ended; /* which the controller may have overwritten */
    else if (code != 0 || control->open > 0)
        control_fail(control, code);
    else if (rpi_calls_stopped(control) == RP_OK)
        control_drain(stream);
}

/* ---- the job --------------------------------------------------------------------------------- */

/* The time limit that calls may have is not known: the watchdog looks four times a second. */
static double control_watch_seconds(const rp_control_job *job)
{
    const double least = 1;
    double seconds = job->options.item_seconds;
    return seconds > 0 && seconds < least ? seconds : least;
}

static rp_status control_run(rp_pool *pool, const rp_control_job *job)
{
    static const rp_control_job no_job;
    struct rp_control control = {.pool = pool};
    struct call_worker worker;
    rp_error error;
    rpi_error_clear(&error);
    control_check(pool, job, &error);
    control.job = job = job != NULL ? job : &no_job;
    control.window_items = job->window_items > 0 ? job->window_items : default_window_items;
    control.window_bytes = job->window_bytes > 0 ? job->window_bytes : default_window_bytes;
    rpi_call_worker_begin(&worker, pool, job);
    worker.control = &control;
    rp_stream_job stream = {.produce = rpi_calls_produce,
                            .work = rpi_call_work,
                            .consume = rpi_calls_consume,
                            .unordered = true,
                            .dedicated_root = job->dedicated_root,
                            .window_items = job->window_items,
                            .window_bytes = job->window_bytes,
                            .options = job->options};
    stream.options.user = &worker;
    stream.options.on_failure = RP_ON_FAILURE_CONTINUE;
    rpi_call_saving_check(pool, job, &error);
    struct stream_driver driver = {.call = CALL_CONTROL,
                                   .error = error,
                                   .n = job->call_count,
                                   .seconds = control_watch_seconds(job),
                                   .begin = control_begin,
                                   .drive = control_drive,
                                   .closure = &control};
    rpi_stream_run(pool, &stream, &driver);
    rpi_job_saving_end(&control.saving, pool->last.status);
    rpi_calls_free(&control);
    rpi_call_worker_end(&worker);
    return pool->last.status;
}

rp_status rp_control_run(rp_pool *pool, const rp_control_job *job)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_survival_enter(pool);
    rp_status status = control_run(pool, job);
    rpi_survival_leave(pool);
    return status;
}
