/* Submitting calls, and their way into the stream and back. */
#include "base/error.h"
#include "calls/calls.h"
#include "calls/message.h"
#include "calls/worker.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rp_status submit_check_after(const struct rp_control *control,
                                    const rp_call_options *options, rp_error *error)
{
    if (options->after_count < 0 || (options->after_count > 0 && options->after == NULL))
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "options.after_count is %d: give the length of options.after",
                             options->after_count);
    for (int i = 0; i < options->after_count; i++) {
        if (options->after[i] == NULL || options->after[i]->control != control)
            return rpi_error_set(error, RP_ERR_ARGUMENT,
                                 "options.after[%d] is no future of this controller", i);
    }
    return RP_OK;
}

static rp_status submit_check(const struct rp_control *control, int call, const void *in,
                              size_t bytes, const rp_call_options *options, rp_error *error)
{
    if (call < 0 || call >= control->job->call_count)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "call %d: the job has %d functions, numbered from 0", call,
                             control->job->call_count);
    if (in == NULL && bytes > 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "an input of %zu bytes is NULL", bytes);
    if (options->retries < 0 || !isfinite(options->seconds) || options->seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "retries %d and %g seconds: give 0 or more",
                             options->retries, options->seconds);
    if (!rpi_reserved_zero(options->reserved,
                           sizeof options->reserved / sizeof options->reserved[0]))
        return rpi_error_set(error, RP_ERR_VERSION, "options.reserved is not zero");
    return submit_check_after(control, options, error);
}

/* ---- window ---------------------------------------------------------------------------------- */

static bool window_has_room(const struct rp_control *control, const void *closure)
{
    const size_t *bytes = closure;
    return control->open < control->window_items &&
           (control->open_bytes == 0 ||
            control->open_bytes + (int64_t)*bytes <= control->window_bytes);
}

static rp_status await_room(struct rp_control *control, size_t bytes, bool nowait)
{
    if (rpi_calls_stopped(control) != RP_OK)
        return rpi_calls_stopped(control);
    if (window_has_room(control, &bytes))
        return RP_OK;
    if (!nowait) {
        rp_status status = rpi_calls_wait(control, window_has_room, &bytes, INFINITY);
        return status == RP_OK ? rpi_calls_stopped(control) : status;
    }
    rpi_calls_exchange(control);
    if (window_has_room(control, &bytes))
        return RP_OK;
    return rpi_error_set(&control->pool->last, RP_ERR_TIMEOUT,
                         "the window is full: wait for calls before you submit others");
}

/* ---- the call -------------------------------------------------------------------------------- */

static bool dependents_reserve(struct rp_future *first)
{
    if (first->dependent_count < first->dependent_capacity)
        return true;
    int capacity = 2 * first->dependent_capacity + 4;
    struct rp_future **grown =
        realloc(first->dependents, (size_t)capacity * sizeof(struct rp_future *));
    if (grown == NULL)
        return false;
    first->dependents = grown;
    first->dependent_capacity = capacity;
    return true;
}

/* Takes back the first `count` registrations. */
static void future_undepend(const struct rp_future *future, int count)
{
    while (count-- > 0) {
        struct rp_future *first = future->after[count];
        first->references--;
        first->dependent_count -= first->state != FUTURE_DONE;
    }
}

/* Registers the call with those that it depends on. The same call may be given twice. */
static bool future_depend(struct rp_future *future, rp_future *const *after)
{
    int count = future->options.after_count;
    if (count == 0)
        return true;
    future->after = calloc((size_t)count, sizeof(struct rp_future *));
    if (future->after == NULL)
        return false;
    for (int i = 0; i < count; i++) {
        struct rp_future *first = after[i];
        bool waits = first->state != FUTURE_DONE;
        if (waits && !dependents_reserve(first)) {
            future_undepend(future, i);
            return false;
        }
        future->after[i] = first;
        first->references++;
        if (waits) {
            first->dependents[first->dependent_count++] = future;
            future->references++;
            future->unmet++;
        }
    }
    return true;
}

/* Links the call to all others of the controller. */
static void future_link(struct rp_control *control, struct rp_future *future)
{
    future->older = control->newest;
    if (future->older != NULL)
        future->older->newer = future;
    control->newest = future;
}

static struct rp_future *future_make(struct rp_control *control, int call, const void *in,
                                     size_t bytes, const rp_call_options *options)
{
    struct rp_future *future = calloc(1, sizeof *future);
    char *copy = future != NULL ? rpi_future_room(future, bytes) : NULL;
    if (future != NULL) {
        *future = (struct rp_future){.control = control,
                                     .number = control->submitted,
                                     .call = call,
                                     .options = *options,
                                     .in = copy,
                                     .bytes = bytes,
                                     .references = 1};
        future->options.after = NULL;
    }
    if (future == NULL || copy == NULL || !rpi_calls_reserve(control) ||
        !future_depend(future, options->after)) {
        if (future != NULL && copy != future->room)
            free(copy);
        if (future != NULL)
            free(future->after);
        free(future);
        return NULL;
    }
    if (bytes > 0)
        memcpy(copy, in, bytes);
    if (future->options.seconds == 0)
        future->options.seconds = control->job->options.item_seconds;
    if (future->options.retries == 0)
        future->options.retries = control->job->options.retries;
    future_link(control, future);
    return future;
}

static void future_open(struct rp_future *future, bool held)
{
    struct rp_control *control = future->control;
    future->held = held;
    future->references += held;
    control->submitted++;
    control->open++;
    control->open_held += held;
    control->open_bytes += (int64_t)future->bytes;
    rpi_future_begin(future);
    rpi_calls_settle(control);
}

rp_status rp_submit(rp_control *control, int call, const void *in, size_t bytes,
                    const rp_call_options *options, rp_future **future)
{
    static const rp_call_options none;
    rp_error *error = &control->pool->last;
    if (future != NULL)
        *future = NULL;
    if (options == NULL)
        options = &none;
    if (submit_check(control, call, in, bytes, options, error) != RP_OK)
        return error->status;
    rp_status status = await_room(control, bytes, options->nowait);
    if (status != RP_OK)
        return status;
    struct rp_future *made = future_make(control, call, in, bytes, options);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for a call with %zu bytes", bytes);
    future_open(made, future != NULL);
    if (future != NULL)
        *future = made;
    rpi_calls_exchange(control);
    rpi_calls_back(control);
    return RP_OK;
}

/* ---- stream ---------------------------------------------------------------------------------- */

static size_t message_bytes(const struct rp_future *future)
{
    size_t after = (size_t)future->options.after_count;
    size_t bytes = sizeof(struct call_message) + after * sizeof(struct message_result) +
                   message_padded(future->bytes);
    for (size_t i = 0; i < after; i++)
        bytes += message_padded(future->after[i]->result_bytes);
    return bytes;
}

/* Copies a part, and clears the bytes that pad it. */
static char *message_append(char *to, const void *part, size_t bytes)
{
    size_t padded = message_padded(bytes);
    if (padded > 0)
        memset(to + padded - 16, 0, 16);
    if (bytes > 0)
        memcpy(to, part, bytes);
    return to + padded;
}

static bool message_write(const struct rp_future *future, rp_buffer *item)
{
    char *message = rp_buffer_resize(item, message_bytes(future)), *to = message;
    size_t after = (size_t)future->options.after_count;
    if (message == NULL)
        return false;
    *(struct call_message *)(void *)to =
        (struct call_message){.number = future->number,
                              .seconds = future->options.seconds,
                              .bytes = future->bytes,
                              .call = (uint32_t)future->call,
                              .retries = (uint32_t)future->options.retries,
                              .after = (uint32_t)after};
    struct message_result *results = (void *)(to + sizeof(struct call_message));
    to = message_append((char *)(results + after), future->in, future->bytes);
    for (size_t i = 0; i < after; i++) {
        const struct rp_future *first = future->after[i];
        results[i] = (struct message_result){(uint64_t)(to - message), first->result_bytes};
        to = message_append(to, first->result, first->result_bytes);
    }
    return true;
}

int rpi_calls_produce(void *user, rp_buffer *item)
{
    struct rp_control *control = ((const struct call_worker *)user)->control;
    struct rp_future *future = rpi_ready_take(control);
    if (future == NULL)
        return RP_ITEM_LATER;
    control->stream->ready = (int64_t)control->ready_count;
    if (!message_write(future, item)) {
        rp_error error;
        rpi_ready_add(control, future);
        rpi_error_set(&error, RP_ERR_MEMORY, "no memory for call %" PRId64 " with %zu bytes",
                      future->number, message_bytes(future));
        rpi_stream_fail(control->stream, &error);
        return RP_ITEM_LATER;
    }
    future->item = control->next_item++;
    rpi_sent_add(control, future);
    rpi_future_drop_inputs(future);
    return RP_ITEM;
}

/* The library's own texts have the number of the item, which is not that of the call. */
static void future_fail(struct rp_future *future, const rp_error *error)
{
    rp_error own = *error;
    if (error->status == RP_ERR_CANCELLED)
        snprintf(own.text, sizeof own.text, "call %" PRId64 " was cancelled", future->number);
    else if (error->status == RP_ERR_LOST)
        snprintf(own.text, sizeof own.text,
                 "call %" PRId64 " was in progress when several ranks in a row died: given up",
                 future->number);
    rpi_future_fail(future, &own);
}

int rpi_calls_consume(void *user, int64_t item, const rp_error *error, const void *data,
                      size_t bytes)
{
    struct rp_control *control = ((const struct call_worker *)user)->control;
    struct rp_future *future = rpi_sent_take(control, item);
    if (future == NULL)
        return 0; /* it was cancelled */
    if (error != NULL)
        future_fail(future, error);
    else
        rpi_future_succeed(future, data, bytes);
    rpi_call_saving_add(&control->saving, future);
    rpi_calls_settle(control);
    return 0;
}
