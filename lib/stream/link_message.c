/* Messages between stream links: sending and validation, and what both sides do when one fails. */
#include "base/error.h"
#include "stream/link.h"

#include <math.h>
#include <string.h>

int rpi_stream_link_notify(struct stream_link *stream_link, int to, struct packet_message message)
{
    message.job = stream_link->job;
    return rpi_channel_message(&stream_link->channel, to, &message);
}

void rpi_stream_link_out_of_memory(struct stream_link *stream_link, size_t bytes)
{
    rpi_error_set(&stream_link->error, RP_ERR_MEMORY,
                  "no memory for an item or result of %zu bytes of a stream", bytes);
}

void rpi_stream_link_stop_node(struct stream_link *stream_link)
{
    rpi_work_queue_stop(stream_link->pool->work_queue);
    rpi_eventcount_notify_all(&stream_link->slot_queue->worker_event);
    rpi_eventcount_notify_all(&stream_link->slot_queue->feeder_event);
}

/* ---- validation ------------------------------------------------------------------------------ */

static bool packet_lengths_valid(const struct packet_message *message)
{
    return message->bytes <= SLOT_QUEUE_AREA && message->large_bytes <= SIZE_MAX / 2;
}

/* A large input has a packet of its own. */
static bool packet_out_valid(const struct packet_message *message, uint32_t slots)
{
    bool large = message->large_bytes > 0;
    return packet_lengths_valid(message) && message->place < slots && message->first >= 0 &&
           message->items >= 1 && message->items <= SLOT_QUEUE_ITEMS &&
           message->first <= INT64_MAX - message->items &&
           (!large || (message->items == 1 && message->bytes == 0));
}

static bool to_node_valid(const struct stream_link *stream_link,
                          const struct packet_message *message)
{
    switch (message->kind) {
    case PACKET_OUT:
        return packet_out_valid(message, stream_link->slot_queue->slots);
    case PACKET_LIMIT:
        return message->limit >= 0;
    case PACKET_CLOSED:
        return !message->stop ||
               (message->lost >= -1 && message->lost < stream_link->pool->world.nodes);
    case PACKET_HEARTBEAT:
    case PACKET_OVER:
        return true;
    default:
        return false;
    }
}

/* Whether the node holds that packet and its results are not arriving already. */
static bool packet_back_valid(const struct served_node *node, const struct packet_message *message)
{
    if (message->place >= node->slots || node->packets[message->place] == NULL ||
        node->packets[message->place]->results_arriving)
        return false;
    const struct packet *packet = node->packets[message->place];
    bool lost = message->fate == PACKET_INTERRUPTED || message->fate == PACKET_RESULTS_LOST ||
                message->fate == PACKET_NOT_STARTED;
    if (message->fate == PACKET_DONE)
        return packet_lengths_valid(message) && message->done <= packet->items &&
               message->limit >= 0 && message->seconds >= 0;
    return lost && (message->done < packet->items || message->fate != PACKET_INTERRUPTED);
}

static bool to_root_valid(const struct stream_link *stream_link, int from,
                          const struct packet_message *message)
{
    int ranks = world_ranks_on(&stream_link->pool->world, from);
    const struct served_node *node = &stream_link->nodes[from];
    switch (message->kind) {
    case PACKET_HELLO:
        return stream_link->survives;
    case PACKET_RANKS_ALIVE:
        return stream_link->survives && message->ranks >= 1 && message->ranks <= (uint32_t)ranks;
    case PACKET_BACK:
        return packet_back_valid(node, message);
    case PACKET_FINISHED:
        return stream_link->survives || !node->finished || !isinf(stream_link->lost_at);
    case PACKET_HEARTBEAT:
    case PACKET_STOP:
        return true;
    default:
        return false;
    }
}

bool rpi_stream_link_message_valid(const struct stream_link *stream_link, int from,
                                   const struct packet_message *message)
{
    const struct world *world = &stream_link->pool->world;
    unsigned char flags[2];
    memcpy(&flags[0], &message->starved, 1);
    memcpy(&flags[1], &message->stop, 1);
    if (flags[0] > 1 || flags[1] > 1)
        return false;
    if (world->rank == world->root)
        return from != world->node && to_root_valid(stream_link, from, message);
    return from == world->root_node && to_node_valid(stream_link, message);
}
