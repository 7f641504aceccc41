/* Requeues the items of ranks that died. The slot of a dead rank says which item the rank was
 * computing. That item is sent alone from then on, so that another death either confirms or clears
 * it. The items before and after it become ordinary packets.
 *
 * When the stream link of another node dies, no slot can be read: every packet that the node held
 * becomes a suspect, first as a whole, and item by item if its node is lost again.
 *
 * A suspected packet goes to the root's node while other ranks than the root live there, since the
 * root can see in the slot which item ends a rank. Otherwise it goes to a node that holds nothing
 * else, so that the death of that node identifies it. */
#include "base/error.h"
#include "resilience/survival.h"
#include "stream/root.h"

#include <string.h>

/* ---- requeue --------------------------------------------------------------------------------- */

/* Moves the marks of withdrawn items from number `from` on to another packet. */
static void move_withdrawn(const struct packet *packet, uint32_t from, struct packet *rest)
{
    for (uint32_t number = from; number < packet->items; number++) {
        if (packet_withdrawn(packet, number))
            rpi_packet_withdraw(rest, packet->first + number);
    }
}

/* Keeps the first `items` in the packet and returns a new packet with the rest; NULL: no memory. */
static struct packet *packet_split(struct stream *stream, struct packet *packet, uint32_t items)
{
    struct packet *rest = rpi_packet_make();
    if (rest == NULL)
        return NULL;
    size_t position = 0;
    for (uint32_t i = 0; i < items; i++)
        area_next(&packet->area, &position);
    rest->area.used = packet->area.used - position;
    memcpy(rest->area.base, packet->area.base + position, rest->area.used);
    rest->serial = packet->serial;
    rest->first = packet->first + items;
    rest->items = packet->items - items;
    rest->node = packet->node;
    rest->attempt = packet->attempt;
    rest->deaths = packet->deaths;
    rest->split = packet->split;
    rest->counted = rest->area.used;
    move_withdrawn(packet, items, rest);
    packet->counted -= rest->counted;
    packet->area.used = position;
    packet->items = items;
    packet->split = true;
    stream->outstanding++;
    return rest;
}

/* Replaces the packet's only item by an error for the consumer, after too many deaths of its
 * ranks. */
static void give_up_item(struct stream *stream, struct packet *packet)
{
    rp_error error;
    rpi_survival_error(&error, packet->first, packet->deaths);
    rpi_packet_drop_large(packet);
    packet->area.used = 0;
    memcpy(packet->area.base + sizeof(struct record), &error, sizeof error);
    area_add(&packet->area, true, sizeof error);
    if (stream->job->options.on_failure == RP_ON_FAILURE_STOP)
        rpi_slot_queue_lower_limit(stream->feeder.slot_queue,
                                   stream->job->unordered ? 0 : packet->first + 1);
    rpi_stream_accept_done(stream, packet);
}

/* Counts a death. `accused`: the packet has one item, which was being computed. */
static void count_death(struct packet *packet, bool accused)
{
    packet->attempt++;
    packet->deaths = deaths_counted(packet->deaths + 1, accused, DEATHS_IN_A_ROW);
}

static void requeue_suspect(struct stream *stream, struct packet *packet)
{
    count_death(packet, true);
    if (packet->deaths >= DEATHS_IN_A_ROW)
        give_up_item(stream, packet);
    else
        rpi_packets_add(&stream->requeued, packet);
}

/* All items of the packet had been computed when the rank died; their results are lost. */
static void requeue_computed(struct stream *stream, struct packet *packet)
{
    packet->attempt++;
    packet->deaths = 0;
    rpi_packets_add(&stream->requeued, packet);
}

static void redo_out_of_memory(struct stream *stream, struct packet *packet)
{
    rp_error error;
    rpi_error_set(&error, RP_ERR_MEMORY, "no memory to requeue the items of a rank that died");
    rpi_stream_fail(stream, &error);
    rpi_packets_add(&stream->requeued, packet);
}

/* Splits the packet into the finished items, the item that was being computed, and the items not
 * started. Only the second is suspect; the others are cleared of earlier deaths. */
static void requeue_interrupted(struct stream *stream, struct packet *packet)
{
    uint32_t done = packet->done;
    struct packet *running = packet, *rest = NULL;
    if (done > 0 && (running = packet_split(stream, packet, done)) == NULL) {
        redo_out_of_memory(stream, packet);
        return;
    }
    if (running != packet)
        requeue_computed(stream, packet);
    if (running->items > 1 && (rest = packet_split(stream, running, 1)) == NULL) {
        redo_out_of_memory(stream, running);
        return;
    }
    requeue_suspect(stream, running);
    if (rest != NULL) {
        rest->deaths = 0;
        rpi_packets_add(&stream->requeued, rest);
    }
}

/* Requeues each item in a packet of its own. */
static void requeue_one_by_one(struct stream *stream, struct packet *packet)
{
    while (packet->items > 1) {
        struct packet *rest = packet_split(stream, packet, 1);
        if (rest == NULL) {
            redo_out_of_memory(stream, packet);
            return;
        }
        rpi_packets_add(&stream->requeued, packet);
        packet = rest;
    }
    rpi_packets_add(&stream->requeued, packet);
}

/* Requeues a packet of a node whose stream link died. Gives an item up only if the whole node died
 * and the item was the only one there. A small packet is split into single items at once, so that
 * the next death identifies one; a large one would take too long. */
static void requeue_lost_with_node(struct stream *stream, struct packet *packet)
{
    const uint32_t few = 32;
    if (packet->alone && packet->items == 1) {
        requeue_suspect(stream, packet);
        return;
    }
    count_death(packet, false);
    if (packet->deaths > 1 || packet->items <= few)
        requeue_one_by_one(stream, packet);
    else
        rpi_packets_add(&stream->requeued, packet);
}

/* Stops using the slot of a rank that died while it computed a packet. */
static void retire_slot(struct stream *stream, const struct packet *packet)
{
    struct destination *destination = &stream->destinations[packet->node];
    destination->most--;
    if (destination->depth > destination->most)
        destination->depth = destination->most;
}

void rpi_stream_redo(struct stream *stream, struct packet *packet)
{
    if (packet->fate == PACKET_INTERRUPTED)
        retire_slot(stream, packet);
    if (packet->fate == PACKET_NODE_LOST)
        requeue_lost_with_node(stream, packet);
    else if (packet->fate == PACKET_NOT_STARTED)
        rpi_packets_add(&stream->requeued, packet);
    else if (packet->fate == PACKET_INTERRUPTED && packet->done < packet->items)
        requeue_interrupted(stream, packet);
    else
        requeue_computed(stream, packet);
}

/* ---- resend ---------------------------------------------------------------------------------- */

static bool packet_suspected(const struct packet *packet)
{
    return packet->deaths > 0;
}

static uint32_t count_suspects(const struct stream *stream)
{
    uint32_t count = 0;
    for (const struct packet *packet = stream->requeued.head; packet != NULL; packet = packet->next)
        count += packet_suspected(packet);
    return count;
}

/* Whether suspects go to the root's node. If no other rank is left anywhere, the root itself
 * computes them. */
static bool root_node_takes_suspects(const struct stream *stream)
{
    return !stream->root_alone || !rpi_stream_others_live(stream);
}

/* Lets as many nodes drain as there are suspects. */
static void reserve_destinations(struct stream *stream)
{
    uint32_t wanted = root_node_takes_suspects(stream) ? 0 : count_suspects(stream);
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        struct destination *destination = &stream->destinations[node];
        bool may =
            node != stream->pool->world.node && destination->ranks > 0 && !destination->probing;
        destination->reserved = may && wanted > 0;
        wanted -= destination->reserved;
    }
}

/* Returns a destination for a suspect, or NULL if none is available yet. */
static struct destination *destination_for_suspect(const struct stream *stream)
{
    struct destination *own = &stream->destinations[stream->pool->world.node];
    if (root_node_takes_suspects(stream))
        return own->held < own->depth ? own : NULL;
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        struct destination *destination = &stream->destinations[node];
        if (destination->reserved && destination->held == 0)
            return destination;
    }
    return NULL;
}

static void resend_packet(struct stream *stream, struct packet *packet,
                          struct destination *destination)
{
    rpi_packets_remove(&stream->requeued, packet);
    destination->probing = destination->reserved;
    destination->reserved = false;
    packet->node = (int)(destination - stream->destinations);
    rpi_stream_saving_note(stream->saving, packet);
    rpi_stream_dispatch(stream, packet);
}

bool rpi_stream_resend(struct stream *stream)
{
    bool any = false;
    reserve_destinations(stream);
    for (struct packet *packet = stream->requeued.head, *next; packet != NULL; packet = next) {
        next = packet->next;
        struct destination *destination = packet_suspected(packet) ? destination_for_suspect(stream)
                                                                   : rpi_stream_neediest(stream);
        if (destination == NULL)
            continue;
        resend_packet(stream, packet, destination);
        any = true;
    }
    return any;
}
