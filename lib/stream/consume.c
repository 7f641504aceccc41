/* Passes the results of finished packets to the consumer, in item order unless `unordered`. */
#include "base/error.h"
#include "stream/root.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void rpi_stream_end(struct stream *stream)
{
    stream->over = true;
    stream->exhausted = true;
}

/* Passes one result, or its error, to the consumer. Returns the consumer's code. */
static int consume_record(struct stream *stream, const struct packet *packet,
                          const struct record *record, int64_t item)
{
    const rp_stream_job *job = stream->job;
    const char *data = (const char *)(record + 1);
    if (record->elsewhere)
        data = packet->large + *(const uint64_t *)(const void *)data;
    if (!record->failed)
        return job->consume == NULL
                   ? 0
                   : job->consume(job->options.user, item, NULL, data, record->bytes);
    rp_error error;
    memcpy(&error, data, sizeof error);
    if (stream->failures.count++ == 0 || error.item < stream->failures.lowest.item)
        stream->failures.lowest = error;
    int code = job->consume == NULL ? 0 : job->consume(job->options.user, item, &error, NULL, 0);
    if (job->options.on_failure == RP_ON_FAILURE_STOP)
        rpi_stream_end(stream);
    if (job->options.max_failures > 0 && stream->failures.count == job->options.max_failures) {
        rpi_failures_give_up(&stream->failures, job->options.max_failures);
        rpi_stream_end(stream);
    }
    return code;
}

static void consume_packet(struct stream *stream, const struct packet *packet)
{
    const struct record *record;
    size_t position = 0;
    for (int64_t item = packet->first; !stream->over; item++) {
        if ((record = area_next(&packet->area, &position)) == NULL)
            return;
        int code = consume_record(stream, packet, record, item);
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

static void consume_and_free(struct stream *stream, struct packet *packet)
{
    consume_packet(stream, packet);
    stream->items_held -= packet->items;
    stream->bytes_held -= (int64_t)packet->counted;
    stream->outstanding--;
    rpi_packet_free(packet);
}

bool rpi_stream_reserve(struct stream *stream, int64_t count)
{
    if (count <= stream->done_capacity)
        return true;
    int64_t capacity = stream->done_capacity > 0 ? 2 * stream->done_capacity : 64;
    while (capacity < count)
        capacity *= 2;
    struct packet **done = calloc((size_t)capacity, sizeof(struct packet *));
    if (done == NULL)
        return false;
    for (int64_t i = 0; i < stream->done_capacity; i++) {
        struct packet *packet = stream->done[i];
        if (packet != NULL)
            done[packet->serial % capacity] = packet;
    }
    free(stream->done);
    stream->done = done;
    stream->done_capacity = capacity;
    return true;
}

void rpi_stream_consume_due(struct stream *stream)
{
    struct packet **place;
    while (stream->done_capacity > 0 &&
           *(place = &stream->done[stream->due % stream->done_capacity]) != NULL &&
           (*place)->first == stream->due_item && !stream->over) {
        struct packet *packet = *place;
        *place = packet->next;
        stream->due += !packet->split;
        stream->due_item += packet->items;
        consume_and_free(stream, packet);
    }
}

/* Inserts the packet after earlier parts of the same serial number. */
static void insert_done(struct stream *stream, struct packet *packet)
{
    struct packet **place = &stream->done[packet->serial % stream->done_capacity];
    while (*place != NULL && (*place)->first < packet->first)
        place = &(*place)->next;
    packet->next = *place;
    *place = packet;
}

/* An ordered stream keeps the packet until it is due. */
static void consume_or_defer(struct stream *stream, struct packet *packet)
{
    if (stream->job->unordered)
        consume_and_free(stream, packet);
    else
        insert_done(stream, packet);
}

void rpi_stream_accept_done(struct stream *stream, struct packet *packet)
{
    size_t bytes = packet->area.used + packet->large_bytes;
    stream->bytes_held += (int64_t)bytes - (int64_t)packet->counted;
    stream->bytes_expected -= (int64_t)packet->expected;
    packet->counted = bytes;
    packet->expected = 0;
    consume_or_defer(stream, packet);
}

void rpi_stream_accept_saved(struct stream *stream, struct packet *packet)
{
    packet->serial = stream->packets++;
    packet->counted = packet->area.used + packet->large_bytes;
    stream->bytes_held += (int64_t)packet->counted;
    stream->outstanding++;
    consume_or_defer(stream, packet);
}

void rpi_stream_fail(struct stream *stream, const rp_error *error)
{
    stream->failure = *error;
    rpi_stream_end(stream);
}
