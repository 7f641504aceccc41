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
static void set_destination_ranks(struct destination *destination, uint32_t ranks)
{
    if (ranks == destination->ranks)
        return;
    destination->ranks = ranks;
    destination->depth = 2 * ranks < destination->most ? 2 * ranks : destination->most;
}

/* What waits here for a rank other than the root has none any more. */
static void recall_waiting(struct stream *stream)
{
    struct packet *packet;
    while ((packet = rpi_feeder_recall(&stream->feeder)) != NULL) {
        stream->destinations[packet->node].held--;
        rpi_stream_redo(stream, packet);
    }
}

/* The last rank computes, also if it was only to serve, and whatever it is. */
static void update_local_ranks(struct stream *stream)
{
    struct destination *destination = &stream->destinations[stream->pool->world.node];
    uint32_t others = stream->feeder.slot_queue->lanes - 1 - stream->feeder.reaped;
    bool elsewhere = rpi_stream_others_live(stream);
    stream->fallback_worker->cautious = others > 0 || elsewhere;
    if (others == 0 && !elsewhere)
        stream->worker = stream->fallback_worker;
    if (others == 0 && elsewhere && !stream->root_alone)
        recall_waiting(stream);
    stream->root_alone = others == 0;
    set_destination_ranks(destination, others + (stream->worker != NULL));
}

static void update_remote_nodes(struct stream *stream)
{
    if (stream->remote_nodes == NULL ||
        !rpi_stream_link_poll_nodes(stream->stream_link, stream->remote_nodes))
        return;
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        const struct remote_node *remote_node = &stream->remote_nodes[node];
        if (node == stream->pool->world.node)
            continue;
        set_destination_ranks(&stream->destinations[node],
                              remote_node->state == REMOTE_NODE_SERVED ? remote_node->ranks : 0);
        stream->round_ending = stream->round_ending || remote_node->state == REMOTE_NODE_ROUND_OVER;
    }
    stream->next_look = 0;
}

void rpi_stream_check_liveness(struct stream *stream)
{
    if (stream->fallback_worker == NULL)
        return;
    update_remote_nodes(stream);
    double now = rpi_clock_seconds();
    if (now < stream->next_look)
        return;
    stream->next_look = now + rpi_feeder_check_liveness(&stream->feeder);
    update_local_ranks(stream);
}

/* ---- packets --------------------------------------------------------------------------------- */

/* Leaves the first items to the packet. Returns a new one with those behind; NULL: no memory. */
static struct packet *packet_split(struct stream *stream, struct packet *packet, uint32_t items)
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
    behind->split = packet->split;
    behind->counted = behind->area.used;
    packet->counted -= behind->counted;
    packet->area.used = position;
    packet->items = items;
    packet->split = true;
    stream->outstanding++;
    return behind;
}

/* Too many ranks have died of it, or so it seems: the consumer gets an error in its place. */
static void give_up_item(struct stream *stream, struct packet *packet)
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
static void requeue_suspect(struct stream *stream, struct packet *packet)
{
    packet->attempt++;
    packet->deaths++;
    if (packet->deaths >= DEATHS_IN_A_ROW)
        give_up_item(stream, packet);
    else
        rpi_packets_add(&stream->requeued, packet);
}

/* Its items, or those that are left of them, were all done, though in vain. */
static void requeue_computed(struct stream *stream, struct packet *packet)
{
    packet->attempt++;
    packet->deaths = 0;
    rpi_packets_add(&stream->requeued, packet);
}

static void redo_out_of_memory(struct stream *stream, struct packet *packet)
{
    rp_error error;
    rpi_error_set(&error, RP_ERR_MEMORY, "no memory for what a rank left that died");
    rpi_stream_fail(stream, &error);
    rpi_packets_add(&stream->requeued, packet);
}

/* Tells the items apart: done, at hand, and not begun. The one at hand explains whatever the packet
 * was suspected of. */
static void requeue_interrupted(struct stream *stream, struct packet *packet)
{
    uint32_t done = packet->done;
    struct packet *at_hand = packet, *behind = NULL;
    if (done > 0 && (at_hand = packet_split(stream, packet, done)) == NULL) {
        redo_out_of_memory(stream, packet);
        return;
    }
    if (at_hand != packet)
        requeue_computed(stream, packet);
    if (at_hand->items > 1 && (behind = packet_split(stream, at_hand, 1)) == NULL) {
        redo_out_of_memory(stream, at_hand);
        return;
    }
    requeue_suspect(stream, at_hand);
    if (behind != NULL) {
        behind->deaths = 0;
        rpi_packets_add(&stream->requeued, behind);
    }
}

/* Each of its items comes alone. */
static void requeue_one_by_one(struct stream *stream, struct packet *packet)
{
    while (packet->items > 1) {
        struct packet *behind = packet_split(stream, packet, 1);
        if (behind == NULL) {
            redo_out_of_memory(stream, packet);
            return;
        }
        rpi_packets_add(&stream->requeued, packet);
        packet = behind;
    }
    rpi_packets_add(&stream->requeued, packet);
}

/* It was with a node whose stream link died. That alone gives up no item, unless the node died as a
 * whole, with nothing else to die of. Where they are few its items come alone at once, so that the
 * next death tells of one; where they are many that would take too long. */
static void requeue_lost_with_node(struct stream *stream, struct packet *packet)
{
    const uint32_t few = 32;
    if (packet->alone && packet->items == 1) {
        requeue_suspect(stream, packet);
        return;
    }
    packet->attempt++;
    if (packet->deaths < DEATHS_IN_A_ROW - 1)
        packet->deaths++;
    if (packet->deaths > 1 || packet->items <= few)
        requeue_one_by_one(stream, packet);
    else
        rpi_packets_add(&stream->requeued, packet);
}

/* The slot of a rank that died in the middle of a packet is not used any more. */
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
