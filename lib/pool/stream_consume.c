/* The root's side of a stream that takes what has been done, and has it consumed. */
#include "base/error.h"
#include "pool/stream_root.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void rpi_stream_end(struct stream *stream)
{
    stream->over = true;
    stream->dry = true;
}

/* The result of a record, or its error. */
static int consume_record(struct stream *stream, const struct parcel *parcel,
                          const struct record *record, int64_t item)
{
    const rp_stream_job *job = stream->job;
    const char *data = (const char *)(record + 1);
    if (record->elsewhere)
        data = parcel->large + *(const uint64_t *)(const void *)data;
    if (!record->failed)
        return job->consume == NULL
                   ? 0
                   : job->consume(job->options.user, item, NULL, data, record->bytes);
    rp_error error;
    memcpy(&error, data, sizeof error);
    if (stream->failures.count++ == 0 || error.item < stream->failures.lowest.item)
        stream->failures.lowest = error;
    int code = job->consume == NULL ? 0 : job->consume(job->options.user, item, &error, NULL, 0);
    if (job->options.on_failure == RP_STOP)
        rpi_stream_end(stream);
    if (job->options.max_failures > 0 && stream->failures.count == job->options.max_failures) {
        rpi_failures_give_up(&stream->failures, job->options.max_failures);
        rpi_stream_end(stream);
    }
    return code;
}

static void consume(struct stream *stream, const struct parcel *parcel)
{
    const struct record *record;
    size_t position = 0;
    for (int64_t item = parcel->first; !stream->over; item++) {
        if ((record = area_next(&parcel->area, &position)) == NULL)
            return;
        int code = consume_record(stream, parcel, record, item);
        if (code != 0)
            rpi_stream_end(stream);
        if (code < 0) {
            rpi_error_set(&stream->failure, RP_ERR_TASK,
                          "the consumer of a stream failed with code %d at item %" PRId64, code,
                          item);
            stream->failure.item = item;
            stream->failure.task_code = code;
        }
    }
}

static void consume_and_free(struct stream *stream, struct parcel *parcel)
{
    consume(stream, parcel);
    stream->items_held -= parcel->items;
    stream->bytes_held -= (int64_t)parcel->counted;
    stream->flying--;
    rpi_parcel_free(parcel);
}

bool rpi_stream_reserve(struct stream *stream, int64_t count)
{
    if (count <= stream->done_capacity)
        return true;
    int64_t capacity = stream->done_capacity > 0 ? 2 * stream->done_capacity : 64;
    while (capacity < count)
        capacity *= 2;
    struct parcel **done = calloc((size_t)capacity, sizeof(struct parcel *));
    if (done == NULL)
        return false;
    for (int64_t i = 0; i < stream->done_capacity; i++) {
        struct parcel *parcel = stream->done[i];
        if (parcel != NULL)
            done[parcel->serial % capacity] = parcel;
    }
    free(stream->done);
    stream->done = done;
    stream->done_capacity = capacity;
    return true;
}

/* What has come of the parcel that is due, up to the first item that has not. */
static void consume_due(struct stream *stream)
{
    struct parcel **place;
    while (stream->done_capacity > 0 &&
           *(place = &stream->done[stream->due % stream->done_capacity]) != NULL &&
           (*place)->first == stream->due_item && !stream->over) {
        struct parcel *parcel = *place;
        *place = parcel->next;
        stream->due += !parcel->continued;
        stream->due_item += parcel->items;
        consume_and_free(stream, parcel);
    }
}

/* Behind those of the same serial number that come before it. */
static void note_done(struct stream *stream, struct parcel *parcel)
{
    struct parcel **place = &stream->done[parcel->serial % stream->done_capacity];
    while (*place != NULL && (*place)->first < parcel->first)
        place = &(*place)->next;
    parcel->next = *place;
    *place = parcel;
}

/* What is not due yet waits for that. */
static void put_done(struct stream *stream, struct parcel *parcel)
{
    if (stream->job->unordered)
        consume_and_free(stream, parcel);
    else
        note_done(stream, parcel);
}

void rpi_stream_accept_done(struct stream *stream, struct parcel *parcel)
{
    size_t bytes = parcel->area.used + parcel->large_bytes;
    stream->bytes_held += (int64_t)bytes - (int64_t)parcel->counted;
    parcel->counted = bytes;
    put_done(stream, parcel);
}

/* A parcel has come back. */
static void accept(struct stream *stream, struct parcel *parcel, bool hungry)
{
    struct outlet *outlet = &stream->outlets[parcel->node];
    outlet->held--;
    outlet->tries = outlet->tries && outlet->held > 0;
    if (parcel->fate != PARCEL_DONE) {
        rpi_stream_redo(stream, parcel);
        return;
    }
    if (hungry && outlet->depth + outlet->ranks <= outlet->most)
        outlet->depth += outlet->ranks;
    if (parcel->done > 0)
        rpi_pace_learn(&stream->pace, parcel->done, parcel->seconds);
    rpi_stream_keeping_add(stream->keeping, parcel);
    rpi_stream_accept_done(stream, parcel);
}

void rpi_stream_accept_kept(struct stream *stream, struct parcel *parcel)
{
    parcel->serial = stream->parcels++;
    parcel->counted = parcel->area.used + parcel->large_bytes;
    stream->bytes_held += (int64_t)parcel->counted;
    stream->flying++;
    put_done(stream, parcel);
}

void rpi_stream_fail(struct stream *stream, const rp_error *error)
{
    stream->failure = *error;
    rpi_stream_end(stream);
}

/* Takes what has been done on this node. */
static bool collect_here(struct stream *stream)
{
    struct station *station = stream->supplier.station;
    struct parcel *parcel;
    rp_error error;
    bool any = false;
    while (!stream->over) {
        if (rpi_supplier_take(&stream->supplier, &parcel, &error) != RP_OK)
            rpi_stream_fail(stream, &error);
        if (parcel == NULL)
            break;
        any = true;
        accept(stream, parcel,
               atomic_exchange_explicit(&station->hungry, 0, memory_order_relaxed) != 0);
    }
    return any;
}

bool rpi_stream_collect(struct stream *stream)
{
    bool any = collect_here(stream);
    struct parcel *parcel;
    while (stream->courier != NULL && !stream->over &&
           (parcel = rpi_courier_take(stream->courier)) != NULL) {
        any = true;
        accept(stream, parcel, parcel->hungry);
    }
    consume_due(stream);
    return any;
}
