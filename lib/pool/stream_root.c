#include "pool/stream_root.h"

#include "base/clock.h"
#include "base/error.h"
#include "pool/sight.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- consuming ----------------------------------------------------------------------------------- */

static void end(struct stream *stream)
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
        end(stream);
    if (job->options.max_failures > 0 && stream->failures.count == job->options.max_failures) {
        rpi_failures_give_up(&stream->failures, job->options.max_failures);
        end(stream);
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
            end(stream);
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

/* Makes room to note so many parcels that are done and not due. */
static bool reserve(struct stream *stream, int64_t count)
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

static void consume_due(struct stream *stream)
{
    struct parcel **place;
    while (stream->done_capacity > 0 &&
           *(place = &stream->done[stream->due % stream->done_capacity]) != NULL && !stream->over) {
        struct parcel *parcel = *place;
        *place = NULL;
        stream->due++;
        consume_and_free(stream, parcel);
    }
}

/* A parcel has come back. */
static void accept(struct stream *stream, struct parcel *parcel, bool hungry)
{
    struct outlet *outlet = &stream->outlets[parcel->node];
    outlet->held--;
    if (hungry && outlet->depth + outlet->ranks <= outlet->most)
        outlet->depth += outlet->ranks;
    if (parcel->done > 0)
        rpi_pace_learn(&stream->pace, parcel->done, parcel->seconds);
    size_t bytes = parcel->area.used + parcel->large_bytes;
    stream->bytes_held += (int64_t)bytes - (int64_t)parcel->counted;
    parcel->counted = bytes;
    if (stream->job->unordered)
        consume_and_free(stream, parcel);
    else
        stream->done[parcel->serial % stream->done_capacity] = parcel;
}

static void fail(struct stream *stream, const rp_error *error)
{
    stream->failure = *error;
    end(stream);
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
            fail(stream, &error);
        if (parcel == NULL)
            break;
        any = true;
        accept(stream, parcel,
               atomic_exchange_explicit(&station->hungry, 0, memory_order_relaxed) != 0);
    }
    return any;
}

static bool collect(struct stream *stream)
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

/* ---- producing ----------------------------------------------------------------------------------- */

/* The outlet that lacks most, or NULL if none does. */
static struct outlet *neediest(const struct stream *stream)
{
    struct outlet *found = NULL;
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        struct outlet *outlet = &stream->outlets[node];
        bool lacks = outlet->held < outlet->depth;
        if (lacks && (found == NULL || (uint64_t)outlet->held * found->ranks <
                                           (uint64_t)found->held * outlet->ranks))
            found = outlet;
    }
    return found;
}

static bool window_open(const struct stream *stream)
{
    return stream->items_held < stream->window_items && stream->bytes_held < stream->window_bytes;
}

static void producer_failed(struct stream *stream, int code)
{
    rpi_error_set(&stream->failure, RP_ERR_TASK,
                  "the producer of a stream failed with code %d at item %" PRId64, code,
                  stream->produced);
    stream->failure.item = stream->produced;
    stream->failure.task_code = code;
    stream->dry = true;
}

/* What the producer made goes into the parcel. False: it holds no more. */
static bool pack(struct stream *stream, struct parcel *parcel, rp_buffer *item)
{
    parcel->items++;
    stream->produced++;
    stream->items_held++;
    if (item->lent || item->size == 0) {
        area_add(&parcel->area, false, item->size);
        rpi_buffer_free(item);
        return parcel->area.capacity - parcel->area.used >= RECORD_LEAST;
    }
    parcel->large = item->data;
    parcel->large_bytes = item->size;
    return false;
}

/* Bytes for an item that fits; one that is larger goes alone, so a parcel that has others already is
 * sent first. */
static void lend(const struct parcel *parcel, rp_buffer *item)
{
    size_t bytes;
    void *room = area_room(&parcel->area, 0, &bytes);
    rpi_buffer_lend(item, room, bytes);
}

/* Asks the producer for items until the parcel holds `most` of them, or what it can, or they are slow
 * to come. A large item that finds others before it is left in `item`. */
static void fill(struct stream *stream, struct parcel *parcel, uint32_t most, rp_buffer *item)
{
    const double patience = 50e-6;
    const uint32_t looks = 16;
    double begun = rpi_clock_seconds();
    while (parcel->items < most) {
        lend(parcel, item);
        int code = stream->job->produce(stream->job->options.user, item);
        if (code != RP_PRODUCED) {
            rpi_buffer_free(item);
            stream->idle = code == RP_PRODUCED_NONE;
            stream->dry = code == RP_PRODUCED_LAST;
            if (!stream->idle && !stream->dry)
                producer_failed(stream, code);
            return;
        }
        bool large = !item->lent && item->size > 0;
        if (large && parcel->items > 0)
            return;
        if (!pack(stream, parcel, item))
            return;
        bool look = parcel->items < looks || parcel->items % looks == 0;
        if (look && rpi_clock_seconds() - begun > patience)
            return;
    }
}

static struct parcel *new_parcel(struct stream *stream)
{
    struct parcel *parcel = rpi_parcel_make();
    bool noted = stream->job->unordered || reserve(stream, stream->parcels + 1 - stream->due);
    if (parcel == NULL || !noted) {
        rp_error error;
        rpi_error_set(&error, RP_ERR_MEMORY, "no memory for the next items of a stream");
        fail(stream, &error);
        rpi_parcel_free(parcel);
        return NULL;
    }
    parcel->first = stream->produced;
    return parcel;
}

static void send(struct stream *stream, struct parcel *parcel, struct outlet *outlet)
{
    int node = (int)(outlet - stream->outlets);
    parcel->serial = stream->parcels++;
    parcel->node = node;
    parcel->counted = parcel->area.used + parcel->large_bytes;
    stream->bytes_held += (int64_t)parcel->counted;
    stream->flying++;
    outlet->held++;
    if (node == stream->pool->world.node)
        rpi_supplier_put(&stream->supplier, parcel);
    else
        rpi_courier_send(stream->courier, node, parcel);
}

/* A large item that came behind others goes alone. */
static void send_alone(struct stream *stream, rp_buffer *item, struct outlet *outlet)
{
    struct parcel *parcel = new_parcel(stream);
    if (parcel == NULL) {
        rpi_buffer_free(item);
        return;
    }
    pack(stream, parcel, item);
    send(stream, parcel, outlet);
}

static uint32_t items_wanted(const struct stream *stream)
{
    const rp_options *options = &stream->job->options;
    int64_t most = stream->window_items - stream->items_held;
    if (most > STATION_ITEMS)
        most = STATION_ITEMS;
    if (options->slice > 0 || options->schedule == RP_DYNAMIC) {
        int64_t slice = options->slice > 0 ? options->slice : 1;
        return (uint32_t)(slice < most ? slice : most);
    }
    uint32_t paced = rpi_pace_next(&stream->pace, UINT32_MAX, true);
    return paced < (uint32_t)most ? paced : (uint32_t)most;
}

static bool supply_one(struct stream *stream, struct outlet *outlet)
{
    struct parcel *parcel = new_parcel(stream);
    rp_buffer item;
    if (parcel == NULL)
        return false;
    rpi_buffer_init(&item);
    fill(stream, parcel, items_wanted(stream), &item);
    bool any = parcel->items > 0;
    if (any)
        send(stream, parcel, outlet);
    else
        rpi_parcel_free(parcel);
    if (!item.lent && item.size > 0 && parcel->large != item.data)
        send_alone(stream, &item, outlet);
    return any;
}

/* Has the nodes supplied as long as they lack parcels, and there is something for them. */
static bool supply(struct stream *stream)
{
    struct outlet *outlet;
    bool any = false;
    stream->idle = false;
    while (!stream->dry && !stream->idle && window_open(stream) &&
           station_limit(stream->supplier.station) == INT64_MAX &&
           (outlet = neediest(stream)) != NULL)
        any = supply_one(stream, outlet) || any;
    return any;
}

/* ---- the whole ----------------------------------------------------------------------------------- */

/* An item failed somewhere: what lies behind it is not wanted, and the nodes learn where that is. */
static void heed_limit(struct stream *stream)
{
    int64_t limit = station_limit(stream->supplier.station);
    if (limit == INT64_MAX)
        return;
    stream->dry = true;
    if (stream->courier != NULL)
        rpi_courier_limit(stream->courier, limit);
}

static bool finished(const struct stream *stream)
{
    return stream->over || (stream->dry && stream->flying == 0) ||
           board_stopped(stream->pool->board);
}

/* Waits until something is done, but not longer than the producer may be left alone. */
static void wait_for_news(struct stream *stream, uint32_t seen)
{
    const double longest = 50e-3, ask_again = 1e-3;
    double most = stream->idle ? ask_again : longest;
    if (stream->courier != NULL) {
        double attend = rpi_courier_attend(stream->courier);
        most = attend < most ? attend : most;
    }
    double begin = sight_now(stream->pool);
    rpi_signal_wait(&stream->supplier.station->news, seen, stream->pool->world.crowding <= 1, most);
    rpi_sight_wait(stream->pool, begin);
}

static void close_stations(struct stream *stream)
{
    bool stop = stream->over || board_stopped(stream->pool->board);
    stream->complete = stream->over || (stream->dry && stream->flying == 0);
    if (stop) {
        rpi_board_stop(stream->pool->board);
        rpi_signal_all(&stream->supplier.station->work);
    }
    rpi_station_close(stream->supplier.station);
    if (stream->courier != NULL)
        rpi_courier_close(stream->courier, stop);
}

void rpi_stream_serve(struct stream *stream)
{
    while (!finished(stream)) {
        uint32_t seen = rpi_signal_seen(&stream->supplier.station->news);
        bool moved = collect(stream);
        heed_limit(stream);
        if (!stream->over)
            moved = supply(stream) || moved;
        if (finished(stream))
            break;
        if (stream->courier != NULL)
            rpi_courier_attend(stream->courier);
        bool worked = stream->worker != NULL && rpi_stream_work(stream->worker);
        if (!moved && !worked)
            wait_for_news(stream, seen);
    }
    close_stations(stream);
}

void rpi_stream_drop(struct stream *stream)
{
    for (int64_t i = 0; i < stream->done_capacity; i++)
        rpi_parcel_free(stream->done[i]);
    free(stream->done);
    free(stream->outlets);
    rpi_supplier_drop(&stream->supplier);
}
