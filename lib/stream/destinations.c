/* The nodes as destinations of packets: chooses the one that lacks packets most, sends packets, and
 * tracks how many ranks are alive. */
#include "base/clock.h"
#include "stream/root.h"

struct destination *rpi_stream_neediest(const struct stream *stream)
{
    struct destination *found = NULL;
    for (int node = 0; node < stream->pool->world.nodes; node++) {
        struct destination *destination = &stream->destinations[node];
        bool lacks = destination->ranks > 0 && destination->held < destination->depth &&
                     !destination->reserved && !destination->probing;
        if (lacks && (found == NULL || (uint64_t)destination->held * found->ranks <
                                           (uint64_t)found->held * destination->ranks))
            found = destination;
    }
    return found;
}

void rpi_stream_dispatch(struct stream *stream, struct packet *packet)
{
    stream->destinations[packet->node].held++;
    if (packet->node == stream->pool->world.node)
        rpi_feeder_put(&stream->feeder, packet);
    else
        rpi_stream_link_send(stream->stream_link, packet->node, packet);
}

/* ---- liveness -------------------------------------------------------------------------------- */

bool rpi_stream_others_live(const struct stream *stream)
{
    bool live = false;
    for (int node = 0; node < stream->pool->world.nodes; node++)
        live = live || (node != stream->pool->world.node && stream->remote_nodes[node].ranks > 0);
    return live;
}

/* Scales the number of packets with the number of ranks. */
static void set_destination_ranks(struct destination *destination, uint32_t ranks)
{
    if (ranks == destination->ranks)
        return;
    destination->ranks = ranks;
    destination->depth = 2 * ranks < destination->most ? 2 * ranks : destination->most;
}

/* Requeues packets in the root's slot queue when no other rank of the node is left to take
 * them. */
static void recall_waiting(struct stream *stream)
{
    struct packet *packet;
    while ((packet = rpi_feeder_recall(&stream->feeder)) != NULL) {
        stream->destinations[packet->node].held--;
        rpi_packets_add(&stream->requeued, packet);
    }
}

/* The last rank alive computes everything: a root that only served starts to compute, and takes
 * suspects. */
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
    if (stream->stream_link == NULL ||
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
    update_remote_nodes(stream);
    double now = rpi_clock_seconds();
    if (now < stream->next_look)
        return;
    stream->look_again = rpi_feeder_check_liveness(&stream->feeder);
    stream->next_look = now + stream->look_again;
    update_local_ranks(stream);
}
