/* The root's side of a stream that sees to what ranks leave that die. Its slot says which item a
 * rank had at hand: that one comes alone from then on, so the next death accuses it again, or
 * clears it. What lay before it in the packet, and what lies behind, are packets like any other.
 *
 * When the stream link of another node dies, nobody can say that: all that was with the node is
 * suspected, packet by packet, and if a packet is so another time, item by item. */
#include "base/clock.h"
#include "base/error.h"
#include "resilience/survival.h"
#include "stream/root.h"

#include <string.h>

/* ---- who is there ---------------------------------------------------------------------------- */

bool rpi_stream_others_live(const struct stream *stream)
{
    bool live = false;
    for (int node = 0; stream->remote_nodes != NULL && node < stream->pool->world.nodes; node++)
        live = live || (node != stream->pool->world.node && stream->remote_nodes[node].ranks > 0);
    return live;
}

/* Fewer ranks need fewer packets. */
static void note_ranks(struct outlet *outlet, uint32_t ranks)
{
    if (ranks == outlet->ranks)
        return;
    outlet->ranks = ranks;
    outlet->depth = 2 * ranks < outlet->most ? 2 * ranks : outlet->most;
}

/* What waits here for a rank other than the root has none any more. */
static void recall_all(struct stream *stream)
{
    struct packet *packet;
    while ((packet = rpi_feeder_recall(&stream->feeder)) != NULL) {
        stream->outlets[packet->node].held--;
        rpi_stream_redo(stream, packet);
    }
}

/* The last rank computes, also if it was only to serve, and whatever it is. */
static void note_alive(struct stream *stream)
{
    struct outlet *outlet = &stream->outlets[stream->pool->world.node];
    uint32_t others = stream->feeder.slot_queue->lanes - 1 - stream->feeder.reaped;
    bool elsewhere = rpi_stream_others_live(stream);
    stream->stand_in->cautious = others > 0 || elsewhere;
    if (others == 0 && !elsewhere)
        stream->worker = stream->stand_in;
    if (others == 0 && elsewhere && !stream->deserted)
        recall_all(stream);
    stream->deserted = others == 0;
    note_ranks(outlet, others + (stream->worker != NULL));
}

static void hear_of_nodes(struct stream *stream)
{
    if (stream->remote_nodes == NULL ||
        !rpi_stream_link_peer_info(stream->stream_link, stream->remote_nodes))
        return;
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        const struct remote_node *remote_node = &stream->remote_nodes[node];
        if (node == stream->pool->world.node)
            continue;
        note_ranks(&stream->outlets[node],
                   remote_node->state == REMOTE_NODE_SERVED ? remote_node->ranks : 0);
        stream->regroups = stream->regroups || remote_node->state == REMOTE_NODE_WAITS;
    }
    stream->next_look = 0;
}

void rpi_stream_look(struct stream *stream)
{
    if (stream->stand_in == NULL)
        return;
    hear_of_nodes(stream);
    double now = rpi_clock_seconds();
    if (now < stream->next_look)
        return;
    stream->next_look = now + rpi_feeder_look(&stream->feeder);
    note_alive(stream);
}

/* ---- packets --------------------------------------------------------------------------------- */

/* Leaves the first items to the packet. Returns a new one with those behind; NULL: no memory. */
static struct packet *cut(struct stream *stream, struct packet *packet, uint32_t items)
{
    struct packet *behind = rpi_packet_make();
    if (behind == NULL)
        return NULL;
    size_t position = 0;
    for (uint32_t i = 0; i < items; i++)
        area_next(&packet->area, &position);
    behind->area.used = packet->area.used - position;
    memcpy(behind->area.base, packet->area.base + position, behind->area.used);
    behind->serial = packet->serial;
    behind->first = packet->first + items;
    behind->items = packet->items - items;
    behind->node = packet->node;
    behind->attempt = packet->attempt;
    behind->deaths = packet->deaths;
    behind->continued = packet->continued;
    behind->counted = behind->area.used;
    packet->counted -= behind->counted;
    packet->area.used = position;
    packet->items = items;
    packet->continued = true;
    stream->flying++;
    return behind;
}

/* Too many ranks have died of it, or so it seems: the consumer gets an error in its place. */
static void give_up(struct stream *stream, struct packet *packet)
{
    rp_error error;
    rpi_survival_accuse(&error, packet->first, packet->deaths);
    rpi_packet_drop_large(packet);
    packet->area.used = 0;
    memcpy(packet->area.base + sizeof(struct record), &error, sizeof error);
    area_add(&packet->area, true, sizeof error);
    if (stream->job->options.on_failure == RP_ON_FAILURE_STOP)
        rpi_slot_queue_lower_limit(stream->feeder.slot_queue,
                                   stream->job->unordered ? 0 : packet->first + 1);
    rpi_stream_accept_done(stream, packet);
}

/* The only item of the packet was at hand when its rank died. */
static void suspect(struct stream *stream, struct packet *packet)
{
    packet->attempt++;
    packet->deaths++;
    if (packet->deaths >= DEATHS_IN_A_ROW)
        give_up(stream, packet);
    else
        rpi_packets_add(&stream->again, packet);
}

/* Its items, or those that are left of them, were all done, though in vain. */
static void repeat(struct stream *stream, struct packet *packet)
{
    packet->attempt++;
    packet->deaths = 0;
    rpi_packets_add(&stream->again, packet);
}

static void out_of_memory(struct stream *stream, struct packet *packet)
{
    rp_error error;
    rpi_error_set(&error, RP_ERR_MEMORY, "no memory for what a rank left that died");
    rpi_stream_fail(stream, &error);
    rpi_packets_add(&stream->again, packet);
}

/* Tells the items apart: done, at hand, and not begun. The one at hand explains whatever the packet
 * was suspected of. */
static void take_apart(struct stream *stream, struct packet *packet)
{
    uint32_t done = packet->done;
    struct packet *at_hand = packet, *behind = NULL;
    if (done > 0 && (at_hand = cut(stream, packet, done)) == NULL) {
        out_of_memory(stream, packet);
        return;
    }
    if (at_hand != packet)
        repeat(stream, packet);
    if (at_hand->items > 1 && (behind = cut(stream, at_hand, 1)) == NULL) {
        out_of_memory(stream, at_hand);
        return;
    }
    suspect(stream, at_hand);
    if (behind != NULL) {
        behind->deaths = 0;
        rpi_packets_add(&stream->again, behind);
    }
}

/* Each of its items comes alone. */
static void single_out(struct stream *stream, struct packet *packet)
{
    while (packet->items > 1) {
        struct packet *behind = cut(stream, packet, 1);
        if (behind == NULL) {
            out_of_memory(stream, packet);
            return;
        }
        rpi_packets_add(&stream->again, packet);
        packet = behind;
    }
    rpi_packets_add(&stream->again, packet);
}

/* It was with a node whose stream link died. That alone gives up no item, unless the node died as a
 * whole, with nothing else to die of. Where they are few its items come alone at once, so that the
 * next death tells of one; where they are many that would take too long. */
static void miss(struct stream *stream, struct packet *packet)
{
    const uint32_t few = 32;
    if (packet->alone && packet->items == 1) {
        suspect(stream, packet);
        return;
    }
    packet->attempt++;
    if (packet->deaths < DEATHS_IN_A_ROW - 1)
        packet->deaths++;
    if (packet->deaths > 1 || packet->items <= few)
        single_out(stream, packet);
    else
        rpi_packets_add(&stream->again, packet);
}

/* The slot of a rank that died in the middle of a packet is not used any more. */
static void lose_slot(struct stream *stream, const struct packet *packet)
{
    struct outlet *outlet = &stream->outlets[packet->node];
    outlet->most--;
    if (outlet->depth > outlet->most)
        outlet->depth = outlet->most;
}

void rpi_stream_redo(struct stream *stream, struct packet *packet)
{
    if (packet->fate == PACKET_IN_HAND)
        lose_slot(stream, packet);
    if (packet->fate == PACKET_MISSING)
        miss(stream, packet);
    else if (packet->fate == PACKET_UNTOUCHED)
        rpi_packets_add(&stream->again, packet);
    else if (packet->fate == PACKET_IN_HAND && packet->done < packet->items)
        take_apart(stream, packet);
    else
        repeat(stream, packet);
}
