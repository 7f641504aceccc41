/* What the root's stream link and the others have in common: messages and the pace of steps. */
#include "base/error.h"
#include "stream/link.h"

#include <math.h>
#include <string.h>

int rpi_stream_link_send_message(struct stream_link *stream_link, int node,
                                 enum packet_message_kind kind, struct packet_message message)
{
    message.link.kind = (int)kind;
    return rpi_node_link_send(&stream_link->link, node, &message.link);
}

void rpi_stream_link_out_of_memory(struct stream_link *stream_link, size_t bytes)
{
    rpi_error_set(&stream_link->link.error, RP_ERR_MEMORY,
                  "no memory for an item or result of %zu bytes of a stream", bytes);
}

/* Seconds between steps: after one that moved something, and at most. Each wakeup costs about 8 us
 * of a core that computes. */
static const double shortest_sleep = 0.1e-3, longest_sleep = 1e-3;

void rpi_stream_link_pace(struct stream_link *stream_link)
{
    struct node_link *link = &stream_link->link;
    double longer = fmax(shortest_sleep, link->sleep * 1.5);
    link->sleep = stream_link->moved ? shortest_sleep : fmin(longer, longest_sleep);
    stream_link->moved = false;
}

void rpi_stream_link_stopped(struct node_link *link)
{
    struct stream_link *stream_link = (struct stream_link *)link;
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
    switch (message->link.kind) {
    case PACKET_OUT:
        return packet_out_valid(message, stream_link->slot_queue->slots);
    case PACKET_LIMIT:
        return message->limit >= 0;
    case PACKET_WITHDRAW:
        return message->place < stream_link->slot_queue->slots && message->first >= 0;
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

bool rpi_stream_link_message_valid(const struct node_link *link, int from, const void *message,
                                   bool to_root, bool to_node)
{
    const struct stream_link *stream_link = (const struct stream_link *)link;
    const struct packet_message *received = message;
    unsigned char starved; /* as raw bytes: the received bool may be neither 0 nor 1 */
    memcpy(&starved, &received->starved, 1);
    bool back = to_root && received->link.kind == PACKET_BACK;
    return starved <= 1 && ((back && packet_back_valid(&stream_link->nodes[from], received)) ||
                            (to_node && to_node_valid(stream_link, received)));
}
