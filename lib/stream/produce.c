/* Produces items on the root and sends them, in packets, to the nodes that need work. */
#include "base/clock.h"
#include "base/error.h"
#include "stream/root.h"

#include <inttypes.h>

/* Counts the expected results of outstanding packets as well. Two packets per rank are always
 * allowed: more would only keep ranks busy while the root is. */
static bool window_open(const struct stream *stream)
{
    int64_t few = 2 * (int64_t)stream->pool->world.ranks;
    return stream->items_held < stream->window_items && stream->bytes_held < stream->window_bytes &&
           (stream->outstanding < few ||
            stream->bytes_held + stream->bytes_expected < stream->window_bytes);
}

static void producer_failed(struct stream *stream, int code)
{
    rpi_error_set(&stream->failure, RP_ERR_TASK,
                  "the producer of a stream failed with code %d at item %" PRId64, code,
                  stream->produced);
    stream->failure.item = stream->produced;
    stream->failure.task_code = code;
    stream->exhausted = true;
}

/* Moves a produced item into the packet. Returns false if the packet is full. */
static bool packet_append(struct stream *stream, struct packet *packet, rp_buffer *item)
{
    packet->items++;
    stream->produced++;
    stream->items_held++;
    if (item->lent || item->size == 0) {
        area_add(&packet->area, false, item->size);
        rpi_buffer_free(item);
        return packet->area.capacity - packet->area.used >= RECORD_LEAST;
    }
    packet->large = item->data;
    packet->large_bytes = item->size;
    return false;
}

/* Lends the free space of the packet to the producer. An item that does not fit goes into a packet
 * of its own, after this one. */
static void lend_input_space(const struct packet *packet, rp_buffer *item)
{
    size_t bytes;
    void *room = area_room(&packet->area, 0, &bytes);
    rpi_buffer_lend(item, room, bytes);
}

/* Calls the producer until the packet holds `most` items, is full, or, unless `all` are required,
 * items come too slowly. Leaves a large item in `item` if the packet holds others already. */
static void packet_fill(struct stream *stream, struct packet *packet, uint32_t most, bool all,
                        rp_buffer *item)
{
    const double backoff = 50e-6;
    const uint32_t looks = 16;
    double begun = rpi_clock_seconds();
    while (packet->items < most) {
        lend_input_space(packet, item);
        int code = stream->job->produce(stream->job->options.user, item);
        if (code != RP_ITEM) {
            rpi_buffer_free(item);
            stream->idle = code == RP_ITEM_LATER;
            stream->exhausted = code == RP_ITEM_LAST;
            if (!stream->idle && !stream->exhausted)
                producer_failed(stream, code);
            return;
        }
        bool large = !item->lent && item->size > 0;
        if (large && packet->items > 0)
            return;
        if (!packet_append(stream, packet, item))
            return;
        bool look = !all && (packet->items < looks || packet->items % looks == 0);
        if (look && rpi_clock_seconds() - begun > backoff)
            return;
    }
}

static struct packet *new_packet(struct stream *stream)
{
    struct packet *packet = rpi_packet_make();
    bool noted =
        stream->job->unordered || rpi_stream_reserve(stream, stream->packets + 1 - stream->due);
    if (packet == NULL || !noted) {
        rp_error error;
        rpi_error_set(&error, RP_ERR_MEMORY, "no memory for the next items of a stream");
        rpi_stream_fail(stream, &error);
        rpi_packet_free(packet);
        return NULL;
    }
    packet->first = stream->produced;
    return packet;
}

static void packet_send(struct stream *stream, struct packet *packet,
                        struct destination *destination)
{
    rpi_stream_saving_note(stream->saving, packet);
    packet->serial = stream->packets++;
    packet->node = (int)(destination - stream->destinations);
    packet->counted = packet->area.used + packet->large_bytes;
    stream->bytes_held += (int64_t)packet->counted;
    packet->expected = (size_t)(packet->items * stream->item_bytes);
    stream->bytes_expected += (int64_t)packet->expected;
    stream->outstanding++;
    rpi_stream_dispatch(stream, packet);
}

/* Restores the packet's results from the journal entry, or sends the packet to be computed. */
static void restore_or_send(struct stream *stream, struct packet *packet, const struct saved *entry,
                            struct destination *destination)
{
    if (entry != NULL && rpi_stream_saving_restore(stream->saving, packet, entry))
        rpi_stream_accept_saved(stream, packet);
    else
        packet_send(stream, packet, destination);
}

/* Sends a large item that came after others. */
static void send_large_item(struct stream *stream, rp_buffer *item, struct destination *destination)
{
    int64_t most;
    struct packet *packet = new_packet(stream);
    if (packet == NULL) {
        rpi_buffer_free(item);
        return;
    }
    const struct saved *entry = rpi_stream_saving_find(stream->saving, stream->produced, &most);
    packet_append(stream, packet, item);
    restore_or_send(stream, packet, entry, destination);
}

/* A driven stream shares out what it has: its items may differ much in length. */
static int64_t driven_share(const struct stream *stream)
{
    int64_t ranks = stream->pool->world.ranks;
    return stream->ready > ranks ? stream->ready / ranks : 1;
}

static uint32_t items_wanted(const struct stream *stream)
{
    const rp_options *options = &stream->job->options;
    int64_t most = stream->window_items - stream->items_held;
    if (most > SLOT_QUEUE_ITEMS)
        most = SLOT_QUEUE_ITEMS;
    if (stream->driven && driven_share(stream) < most)
        most = driven_share(stream);
    if (options->chunk > 0 || options->schedule == RP_SCHEDULE_DYNAMIC) {
        int64_t chunk = options->chunk > 0 ? options->chunk : 1;
        return (uint32_t)(chunk < most ? chunk : most);
    }
    uint32_t paced = rpi_chunk_policy_next(&stream->pace, UINT32_MAX, true);
    return paced < (uint32_t)most ? paced : (uint32_t)most;
}

/* Returns the number of items for the next packet, and the journal entry that holds their results,
 * or NULL. 0: wait until items are consumed. */
static uint32_t plan_packet(const struct stream *stream, const struct saved **entry)
{
    int64_t most, room = stream->window_items - stream->items_held;
    uint32_t wanted = items_wanted(stream);
    *entry = rpi_stream_saving_find(stream->saving, stream->produced, &most);
    if (*entry != NULL && most <= room)
        return (uint32_t)most;
    if (*entry != NULL && most <= stream->window_items)
        return 0;
    *entry = NULL;
    return most < wanted ? (uint32_t)most : wanted;
}

static bool supply_packet(struct stream *stream, struct destination *destination)
{
    const struct saved *entry;
    rp_buffer item;
    uint32_t wanted = plan_packet(stream, &entry);
    struct packet *packet = wanted > 0 ? new_packet(stream) : NULL;
    if (packet == NULL)
        return false;
    rpi_buffer_init(&item);
    packet_fill(stream, packet, wanted, entry != NULL, &item);
    bool any = packet->items > 0;
    bool left = !item.lent && item.size > 0 && packet->large != item.data;
    if (any)
        restore_or_send(stream, packet, entry, destination);
    else
        rpi_packet_free(packet);
    if (left && !stream->over)
        send_large_item(stream, &item, destination);
    else if (left)
        rpi_buffer_free(&item);
    return any;
}

bool rpi_stream_supply(struct stream *stream)
{
    struct destination *destination;
    bool any = rpi_stream_resend(stream);
    stream->idle = false;
    while (!stream->exhausted && !stream->idle && window_open(stream) &&
           slot_queue_limit(stream->feeder.slot_queue) == INT64_MAX &&
           (destination = rpi_stream_neediest(stream)) != NULL &&
           supply_packet(stream, destination))
        any = true;
    return any;
}
