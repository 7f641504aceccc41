/* The root's side of a stream that has items produced, and sends them where they are needed. */
#include "base/clock.h"
#include "base/error.h"
#include "pool/stream_root.h"

#include <inttypes.h>

struct outlet *rpi_stream_neediest(const struct stream *stream)
{
    struct outlet *found = NULL;
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        struct outlet *outlet = &stream->outlets[node];
        bool lacks = outlet->ranks > 0 && outlet->held < outlet->depth && !outlet->reserved &&
                     !outlet->tries;
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

/* Bytes for an item that fits; one that is larger goes alone, so a parcel that has others already
 * is sent first. */
static void lend(const struct parcel *parcel, rp_buffer *item)
{
    size_t bytes;
    void *room = area_room(&parcel->area, 0, &bytes);
    rpi_buffer_lend(item, room, bytes);
}

/* Asks the producer for items until the parcel holds `most` of them, or what it can, or, unless all
 * of them are wanted, they are slow to come. A large item that finds others before it is left in
 * `item`. */
static void fill(struct stream *stream, struct parcel *parcel, uint32_t most, bool all,
                 rp_buffer *item)
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
        bool look = !all && (parcel->items < looks || parcel->items % looks == 0);
        if (look && rpi_clock_seconds() - begun > patience)
            return;
    }
}

static struct parcel *new_parcel(struct stream *stream)
{
    struct parcel *parcel = rpi_parcel_make();
    bool noted =
        stream->job->unordered || rpi_stream_reserve(stream, stream->parcels + 1 - stream->due);
    if (parcel == NULL || !noted) {
        rp_error error;
        rpi_error_set(&error, RP_ERR_MEMORY, "no memory for the next items of a stream");
        rpi_stream_fail(stream, &error);
        rpi_parcel_free(parcel);
        return NULL;
    }
    parcel->first = stream->produced;
    return parcel;
}

void rpi_stream_put(struct stream *stream, struct parcel *parcel)
{
    stream->outlets[parcel->node].held++;
    if (parcel->node == stream->pool->world.node)
        rpi_supplier_put(&stream->supplier, parcel);
    else
        rpi_courier_send(stream->courier, parcel->node, parcel);
}

static void send(struct stream *stream, struct parcel *parcel, struct outlet *outlet)
{
    rpi_stream_keeping_note(stream->keeping, parcel);
    parcel->serial = stream->parcels++;
    parcel->node = (int)(outlet - stream->outlets);
    parcel->counted = parcel->area.used + parcel->large_bytes;
    stream->bytes_held += (int64_t)parcel->counted;
    stream->flying++;
    rpi_stream_put(stream, parcel);
}

/* The parcel has its items. If their results are kept, nobody computes them. */
static void deliver(struct stream *stream, struct parcel *parcel, const struct kept *entry,
                    struct outlet *outlet)
{
    if (entry != NULL && rpi_stream_keeping_restore(stream->keeping, parcel, entry))
        rpi_stream_accept_kept(stream, parcel);
    else
        send(stream, parcel, outlet);
}

/* A large item that came behind others goes alone. */
static void send_alone(struct stream *stream, rp_buffer *item, struct outlet *outlet)
{
    int64_t most;
    struct parcel *parcel = new_parcel(stream);
    if (parcel == NULL) {
        rpi_buffer_free(item);
        return;
    }
    const struct kept *entry = rpi_stream_keeping_find(stream->keeping, stream->produced, &most);
    pack(stream, parcel, item);
    deliver(stream, parcel, entry, outlet);
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

/* How many items the next parcel should have, and the entry in which their results are kept, or
 * NULL. 0: it has to wait until others are consumed. */
static uint32_t plan(const struct stream *stream, const struct kept **entry)
{
    int64_t most, room = stream->window_items - stream->items_held;
    uint32_t wanted = items_wanted(stream);
    *entry = rpi_stream_keeping_find(stream->keeping, stream->produced, &most);
    if (*entry != NULL && most <= room)
        return (uint32_t)most;
    if (*entry != NULL && most <= stream->window_items)
        return 0;
    *entry = NULL;
    return most < wanted ? (uint32_t)most : wanted;
}

static bool supply_one(struct stream *stream, struct outlet *outlet)
{
    const struct kept *entry;
    rp_buffer item;
    uint32_t wanted = plan(stream, &entry);
    struct parcel *parcel = wanted > 0 ? new_parcel(stream) : NULL;
    if (parcel == NULL)
        return false;
    rpi_buffer_init(&item);
    fill(stream, parcel, wanted, entry != NULL, &item);
    bool any = parcel->items > 0;
    bool left = !item.lent && item.size > 0 && parcel->large != item.data;
    if (any)
        deliver(stream, parcel, entry, outlet);
    else
        rpi_parcel_free(parcel);
    if (left && !stream->over)
        send_alone(stream, &item, outlet);
    else if (left)
        rpi_buffer_free(&item);
    return any;
}

bool rpi_stream_supply(struct stream *stream)
{
    struct outlet *outlet;
    bool any = rpi_stream_supply_again(stream);
    stream->idle = false;
    while (!stream->dry && !stream->idle && window_open(stream) &&
           station_limit(stream->supplier.station) == INT64_MAX &&
           (outlet = rpi_stream_neediest(stream)) != NULL && supply_one(stream, outlet))
        any = true;
    return any;
}
