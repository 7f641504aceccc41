/* The root's side of a stream that sends out again what came back without results. What ranks may
 * have died of goes to the root's node, as long as others than the root live there: the root itself
 * sees which item ends one. Otherwise it goes to a node that has nothing else, so that the end of
 * that node tells as much. */
#include "stream/root.h"

static bool suspected(const struct packet *packet)
{
    return packet->deaths > 0;
}

static uint32_t count_suspects(const struct stream *stream)
{
    uint32_t count = 0;
    for (const struct packet *packet = stream->again.head; packet != NULL; packet = packet->next)
        count += suspected(packet);
    return count;
}

/* May the root's node have what is suspected? If nobody else is left, even the root itself. */
static bool here(const struct stream *stream)
{
    return !stream->deserted || !rpi_stream_others_live(stream);
}

/* As many nodes are to become empty as there are packets that need one. */
static void reserve(struct stream *stream)
{
    uint32_t wanted = here(stream) ? 0 : count_suspects(stream);
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        struct outlet *outlet = &stream->outlets[node];
        bool may = node != stream->pool->world.node && outlet->ranks > 0 && !outlet->tries;
        outlet->reserved = may && wanted > 0;
        wanted -= outlet->reserved;
    }
}

/* An outlet for what is suspected; NULL: there is none right now. */
static struct outlet *find_place(const struct stream *stream)
{
    struct outlet *own = &stream->outlets[stream->pool->world.node];
    if (here(stream))
        return own->held < own->depth ? own : NULL;
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        struct outlet *outlet = &stream->outlets[node];
        if (outlet->reserved && outlet->held == 0)
            return outlet;
    }
    return NULL;
}

static void put(struct stream *stream, struct packet *packet, struct outlet *outlet)
{
    rpi_packets_remove(&stream->again, packet);
    outlet->tries = outlet->reserved;
    outlet->reserved = false;
    packet->node = (int)(outlet - stream->outlets);
    rpi_stream_saving_note(stream->saving, packet);
    rpi_stream_put(stream, packet);
}

bool rpi_stream_supply_again(struct stream *stream)
{
    bool any = false;
    reserve(stream);
    for (struct packet *packet = stream->again.head, *next; packet != NULL; packet = next) {
        next = packet->next;
        struct outlet *outlet =
            suspected(packet) ? find_place(stream) : rpi_stream_neediest(stream);
        if (outlet == NULL)
            continue;
        put(stream, packet, outlet);
        any = true;
    }
    return any;
}
