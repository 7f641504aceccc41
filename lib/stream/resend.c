/* Resends requeued packets from the root. A suspected packet goes to the root's node while other
 * ranks than the root live there, since the root can see in the slot which item ends a rank.
 * Otherwise it goes to a node that holds nothing else, so that the death of that node identifies
 * it. */
#include "stream/root.h"

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
