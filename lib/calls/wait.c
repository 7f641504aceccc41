/* Waiting for calls. A wait takes steps of the stream, in which the root sends and receives, and
 * computes calls itself. */
#include "base/clock.h"
#include "base/error.h"
#include "calls/calls.h"

#include <math.h>

rp_status rpi_calls_stopped(const struct rp_control *control)
{
    rp_pool *pool = control->pool;
    if (control->stream == NULL) {
        pool->last = control->ended;
        return pool->last.status != RP_OK
                   ? pool->last.status
                   : rpi_error_set(&pool->last, RP_ERR_CANCELLED, "the calls have ended");
    }
    if (control->stream->failure.status != RP_OK) {
        pool->last = control->stream->failure;
        return pool->last.status;
    }
    if (!work_queue_stopped(pool->work_queue))
        return RP_OK;
    if (work_queue_interruption(pool->work_queue) != 0)
        return rpi_error_set(&pool->last, RP_ERR_INTERRUPTED, "the calls were interrupted");
    return rpi_error_set(&pool->last, RP_ERR_CANCELLED, "the calls were stopped by another rank");
}

void rpi_calls_exchange(struct rp_control *control)
{
    control->stream->ready = (int64_t)control->ready_count;
    rpi_stream_exchange(control->stream);
}

/* Sends, receives and calls back. Returns false if the job has been stopped. */
static bool calls_step(struct rp_control *control, bool *moved)
{
    if (rpi_calls_stopped(control) != RP_OK)
        return false;
    control->stream->ready = (int64_t)control->ready_count;
    *moved = rpi_stream_exchange(control->stream);
    rpi_calls_back(control);
    if (rpi_calls_stopped(control) != RP_OK)
        return false;
    if (!rpi_stream_round_drained(control->stream))
        return true;
    *moved = true; /* what the last round left is to be sent */
    if (rpi_stream_next_round(control->stream))
        return true;
    control->stream = NULL;
    control->ended = control->pool->last;
    return false;
}

/* Whether no other rank makes progress while the root does something else. */
static bool root_is_last(const struct rp_control *control)
{
    const struct stream *stream = control->stream;
    bool last = stream->root_alone;
    for (int node = 0; node < control->pool->world.nodes; node++)
        last = last && (node == control->pool->world.node || stream->destinations[node].ranks == 0);
    return last;
}

static bool seconds_valid(const struct rp_control *control, double seconds)
{
    if (seconds >= 0)
        return true;
    rpi_error_set(&control->pool->last, RP_ERR_ARGUMENT,
                  "a wait of %g seconds: give 0 or more, or INFINITY", seconds);
    return false;
}

rp_status rpi_calls_wait(struct rp_control *control,
                         bool (*met)(const struct rp_control *, const void *), const void *closure,
                         double seconds)
{
    if (!seconds_valid(control, seconds))
        return RP_ERR_ARGUMENT;
    if (control->callbacks.head == NULL && met(control, closure))
        return RP_OK;
    double until = isinf(seconds) ? INFINITY : rpi_clock_seconds() + seconds, left = seconds;
    bool moved, tried = false;
    for (;;) {
        uint32_t seen = control->stream != NULL
                            ? rpi_eventcount_key(&control->stream->feeder.slot_queue->feeder_event)
                            : 0;
        bool goes_on = calls_step(control, &moved);
        if (met(control, closure))
            return RP_OK;
        if (!goes_on)
            return rpi_calls_stopped(control);
        left = isinf(until) ? INFINITY : until - rpi_clock_seconds();
        if (left <= 0 && (tried || !root_is_last(control)))
            return RP_ERR_TIMEOUT;
        tried = left <= 0;
        rpi_stream_work(control->stream, moved, seen, fmax(left, 0));
    }
}

/* ---- public ---------------------------------------------------------------------------------- */

static bool met_future(const struct rp_control *control, const void *closure)
{
    (void)control;
    return rp_future_done(closure);
}

static bool met_any(const struct rp_control *control, const void *closure)
{
    (void)closure;
    return control->done_first != NULL || control->open_held == 0;
}

struct some_futures {
    rp_future *const *futures;
    int n;
};

/* The first that is done, or -1; n: all are NULL. */
static int some_done(const struct some_futures *some)
{
    int left = 0;
    for (int i = 0; i < some->n; i++) {
        if (some->futures[i] != NULL && rp_future_done(some->futures[i]))
            return i;
        left += some->futures[i] != NULL;
    }
    return left > 0 ? -1 : some->n;
}

static bool met_some(const struct rp_control *control, const void *closure)
{
    (void)control;
    return some_done(closure) >= 0;
}

static bool met_all(const struct rp_control *control, const void *closure)
{
    (void)closure;
    return control->open == 0 && (control->callbacks.head == NULL || control->calls_back);
}

/* A callback may free the future that is waited for. */
rp_status rp_wait(rp_future *future, double seconds)
{
    struct rp_control *control = future->control;
    future->references++;
    rp_status status = rpi_calls_wait(control, met_future, future, seconds);
    rpi_future_release(future);
    return status;
}

rp_status rp_wait_any(rp_control *control, double seconds, rp_future **done)
{
    *done = NULL;
    rp_status status = rpi_calls_wait(control, met_any, NULL, seconds);
    if (status == RP_OK && control->done_first != NULL) {
        *done = control->done_first;
        rpi_done_list_remove(control, *done);
    }
    return status;
}

/* The controller of the calls; NULL: there is none. */
static struct rp_control *some_control(const struct some_futures *some)
{
    for (int i = 0; i < some->n; i++)
        if (some->futures[i] != NULL)
            return some->futures[i]->control;
    return NULL;
}

rp_status rp_wait_any_of(rp_future *const *futures, int n, double seconds, int *which)
{
    struct some_futures some = {futures, n};
    struct rp_control *control = some_control(&some);
    *which = -1;
    if (control == NULL)
        return RP_OK;
    rp_status status = rpi_calls_wait(control, met_some, &some, seconds);
    int done = some_done(&some);
    if (status == RP_OK && done < n)
        *which = done;
    return status;
}

rp_status rp_wait_all(rp_control *control, double seconds)
{
    return rpi_calls_wait(control, met_all, NULL, seconds);
}
