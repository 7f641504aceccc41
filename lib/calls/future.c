/* Futures: their lives, what follows when one is done, and what the program may ask of them. */
#include "base/error.h"
#include "calls/calls.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *rpi_future_room(struct rp_future *future, size_t bytes)
{
    return bytes <= FUTURE_ROOM ? future->room : malloc(bytes);
}

static void room_free(const struct rp_future *future, char *memory)
{
    if (memory != future->room)
        free(memory);
}

void rpi_future_drop_inputs(struct rp_future *future)
{
    room_free(future, future->in);
    future->in = NULL;
    for (int i = 0; future->after != NULL && i < future->options.after_count; i++)
        rpi_future_release(future->after[i]);
    free(future->after);
    future->after = NULL;
}

static void future_free(struct rp_future *future)
{
    struct rp_control *control = future->control;
    if (future->newer != NULL)
        future->newer->older = future->older;
    else
        control->newest = future->older;
    if (future->older != NULL)
        future->older->newer = future->newer;
    room_free(future, future->in);
    free(future->after);
    free(future->dependents);
    free(future->error);
    room_free(future, future->result);
    free(future);
}

/* What it holds was released before, when it was sent or done. */
void rpi_future_release(struct rp_future *future)
{
    if (--future->references == 0)
        future_free(future);
}

void rpi_calls_free(struct rp_control *control)
{
    while (control->newest != NULL)
        future_free(control->newest);
    free(control->ready);
    free(control->sent);
}

/* ---- the end of a call ----------------------------------------------------------------------- */

static void queue_add(struct future_queue *queue, struct rp_future *future)
{
    future->next_settled = NULL;
    if (queue->tail != NULL)
        queue->tail->next_settled = future;
    else
        queue->head = future;
    queue->tail = future;
}

static struct rp_future *queue_take(struct future_queue *queue)
{
    struct rp_future *first = queue->head;
    if (first != NULL && (queue->head = first->next_settled) == NULL)
        queue->tail = NULL;
    return first;
}

static void future_done(struct rp_future *future)
{
    struct rp_control *control = future->control;
    future->state = FUTURE_DONE;
    rpi_future_drop_inputs(future);
    control->open--;
    control->open_held -= future->held;
    control->open_bytes -= (int64_t)future->bytes;
    queue_add(&control->settling, future);
}

static const rp_error out_of_memory = {.status = RP_ERR_MEMORY,
                                       .rank = -1,
                                       .item = -1,
                                       .text = "no memory for the result or error of a call"};

void rpi_future_fail(struct rp_future *future, const rp_error *error)
{
    future->error = malloc(sizeof *error);
    if (future->error != NULL) {
        *future->error = *error;
        future->error->item = future->number;
    }
    future_done(future);
}

void rpi_future_succeed(struct rp_future *future, const void *data, size_t bytes)
{
    future->result = rpi_future_room(future, bytes);
    future->result_bytes = future->result != NULL ? bytes : 0;
    if (future->result != NULL && bytes > 0)
        memcpy(future->result, data, bytes);
    future_done(future);
}

static bool future_failed(const struct rp_future *future)
{
    return future->result == NULL;
}

static const rp_error *future_error(const struct rp_future *future)
{
    return future->error != NULL ? future->error : &out_of_memory;
}

/* Fails a call that depends on one that has failed. */
static void future_fail_after(struct rp_future *future, const struct rp_future *failed)
{
    rp_error error = *future_error(failed);
    char text[sizeof error.text];
    snprintf(text, sizeof text, "call %" PRId64 " depends on call %" PRId64 ": %.400s",
             future->number, failed->number, error.text);
    memcpy(error.text, text, sizeof text);
    rpi_future_fail(future, &error);
}

void rpi_future_begin(struct rp_future *future)
{
    for (int i = 0; i < future->options.after_count; i++) {
        if (future->after[i]->state == FUTURE_DONE && future_failed(future->after[i])) {
            future_fail_after(future, future->after[i]);
            return;
        }
    }
    if (future->unmet > 0)
        return;
    size_t bytes;
    const void *saved = rpi_call_saving_find(&future->control->saving, future, &bytes);
    if (saved != NULL)
        rpi_future_succeed(future, saved, bytes);
    else
        rpi_ready_add(future->control, future);
}

/* Begins what depends on this call alone. */
static void begin_dependents(struct rp_future *future)
{
    for (int i = 0; i < future->dependent_count; i++) {
        struct rp_future *dependent = future->dependents[i];
        dependent->unmet--;
        if (dependent->state == FUTURE_WAITS && future_failed(future))
            future_fail_after(dependent, future);
        else if (dependent->state == FUTURE_WAITS && dependent->unmet == 0)
            rpi_future_begin(dependent);
        rpi_future_release(dependent);
    }
    future->dependent_count = 0;
}

static void done_list_add(struct rp_control *control, struct rp_future *future)
{
    future->listed = true;
    future->next = NULL;
    future->previous = control->done_last;
    if (control->done_last != NULL)
        control->done_last->next = future;
    else
        control->done_first = future;
    control->done_last = future;
}

void rpi_done_list_remove(struct rp_control *control, struct rp_future *future)
{
    future->listed = false;
    if (future->previous != NULL)
        future->previous->next = future->next;
    else
        control->done_first = future->next;
    if (future->next != NULL)
        future->next->previous = future->previous;
    else
        control->done_last = future->previous;
}

void rpi_calls_settle(struct rp_control *control)
{
    struct rp_future *future;
    if (control->settles)
        return;
    control->settles = true;
    while ((future = queue_take(&control->settling)) != NULL) {
        begin_dependents(future);
        if (future->held)
            done_list_add(control, future);
        if (future->options.done != NULL)
            queue_add(&control->callbacks, future);
        else
            rpi_future_release(future);
    }
    control->settles = false;
    if (control->stream != NULL)
        control->stream->ready = (int64_t)control->ready_count;
}

void rpi_calls_back(struct rp_control *control)
{
    struct rp_future *future;
    if (control->calls_back)
        return;
    control->calls_back = true;
    while ((future = queue_take(&control->callbacks)) != NULL) {
        future->options.done(control, future, future->options.closure);
        rpi_future_release(future);
    }
    control->calls_back = false;
}

/* ---- the program's questions ----------------------------------------------------------------- */

bool rp_future_done(const rp_future *future)
{
    return future->state == FUTURE_DONE;
}

rp_status rp_future_result(const rp_future *future, const void **data, size_t *bytes)
{
    bool there = future->state == FUTURE_DONE && !future_failed(future);
    *data = there ? future->result : NULL;
    *bytes = there ? future->result_bytes : 0;
    if (future->state != FUTURE_DONE)
        return RP_ERR_STATE;
    return there ? RP_OK : future_error(future)->status;
}

const rp_error *rp_future_error(const rp_future *future)
{
    bool failed = future->state == FUTURE_DONE && future_failed(future);
    return failed ? future_error(future) : NULL;
}

int64_t rp_future_number(const rp_future *future)
{
    return future->number;
}

void *rp_future_closure(const rp_future *future)
{
    return future->options.closure;
}

/* The stream delivers something for the item all the same, which is dropped. */
static bool sent_cancelled(struct rp_future *future)
{
    struct rp_control *control = future->control;
    return control->stream != NULL && rpi_stream_withdraw(control->stream, future->item) &&
           rpi_sent_take(control, future->item) == future;
}

bool rp_future_cancel(rp_future *future)
{
    rp_error error;
    if (future->state == FUTURE_DONE || (future->state == FUTURE_SENT && !sent_cancelled(future)))
        return false;
    if (future->state == FUTURE_READY)
        rpi_ready_remove(future->control, future);
    rpi_error_set(&error, RP_ERR_CANCELLED, "call %" PRId64 " was cancelled", future->number);
    rpi_future_fail(future, &error);
    rpi_calls_settle(future->control);
    return true;
}

void rp_future_free(rp_future **future)
{
    struct rp_future *freed = future != NULL ? *future : NULL;
    if (freed == NULL || !freed->held)
        return;
    *future = NULL;
    freed->held = false;
    if (freed->state != FUTURE_DONE)
        freed->control->open_held--;
    if (freed->listed)
        rpi_done_list_remove(freed->control, freed);
    rpi_future_release(freed);
}
