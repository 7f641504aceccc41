/* The stream link of a node other than the root's: feeds the slot queue of the node and returns
 * results to the root. */
#include "base/clock.h"
#include "stream/link.h"

#include <stdlib.h>

static int receive_packet(struct stream_link *stream_link, const struct packet_message *message)
{
    struct packet *packet = rpi_packet_make();
    if (packet != NULL && message->large_bytes > 0)
        packet->large = malloc(message->large_bytes);
    if (packet == NULL || (message->large_bytes > 0 && packet->large == NULL)) {
        rpi_packet_free(packet);
        rpi_stream_link_out_of_memory(stream_link, message->large_bytes);
        return MPI_ERR_NO_MEM;
    }
    packet->first = message->first;
    packet->items = message->items;
    packet->place = message->place;
    packet->attempt = message->attempt;
    packet->deaths = message->deaths;
    packet->area.used = message->bytes;
    packet->large_bytes = message->large_bytes;
    rpi_packets_add(&stream_link->arriving, packet);
    int root = stream_link->pool->world.root_node;
    int code = rpi_node_link_expect(&stream_link->link, root, CHANNEL_FROM_ROOT, packet->area.base,
                                    message->bytes, &packet->in_flight);
    if (code == MPI_SUCCESS)
        code = rpi_node_link_expect(&stream_link->link, root, CHANNEL_FROM_ROOT, packet->large,
                                    message->large_bytes, &packet->in_flight);
    return code;
}

static int close_slot_queue(struct stream_link *stream_link)
{
    rpi_slot_queue_close(stream_link->slot_queue);
    struct packet_message message = {.link = {.kind = LINK_FINISHED}};
    return rpi_node_link_finish(&stream_link->link, &message.link);
}

/* The packet may be on its way back. */
static void withdraw_item(struct stream_link *stream_link, int64_t item)
{
    bool never;
    for (struct packet *packet = stream_link->arriving.head; packet != NULL; packet = packet->next)
        if (packet_has(packet, item))
            rpi_packet_withdraw(packet, item);
    rpi_feeder_withdraw(&stream_link->feeder, item, &never);
}

static int read_on_node(struct node_link *link, int from, const void *message)
{
    struct stream_link *stream_link = (struct stream_link *)link;
    const struct packet_message *received = message;
    (void)from; /* the root */
    stream_link->moved = true;
    switch (received->link.kind) {
    case LINK_CLOSED:
        return close_slot_queue(stream_link);
    case PACKET_OUT:
        return receive_packet(stream_link, received);
    case PACKET_WITHDRAW:
        withdraw_item(stream_link, received->first);
        return MPI_SUCCESS;
    case PACKET_LIMIT:
        rpi_slot_queue_lower_limit(stream_link->slot_queue, received->limit);
        return MPI_SUCCESS;
    default:
        return MPI_SUCCESS;
    }
}

/* Feeds packets in the order in which they were sent; in MPI, a later one may arrive first. */
static void feed_arrived(struct stream_link *stream_link)
{
    struct packet *packet;
    while ((packet = stream_link->arriving.head) != NULL && packet->in_flight == 0 &&
           !feeder_full(&stream_link->feeder)) {
        rpi_packets_remove(&stream_link->arriving, packet);
        if (packet->large == NULL &&
            !rpi_records_valid(&packet->area, packet->items, NULL, 0, RECORDS_OF_INPUTS)) {
            rpi_packet_free(packet);
            rpi_node_link_reject(&stream_link->link, stream_link->pool->world.root_node);
            return;
        }
        rpi_feeder_put(&stream_link->feeder, packet);
        stream_link->moved = true;
    }
}

static int send_back(struct stream_link *stream_link, struct packet *packet)
{
    int root = stream_link->pool->world.root_node;
    bool done = packet->fate == PACKET_DONE; /* otherwise the root keeps the inputs */
    size_t bytes = done ? packet->area.used : 0, large_bytes = done ? packet->large_bytes : 0;
    uint32_t starved =
        atomic_exchange_explicit(&stream_link->slot_queue->starved, 0, memory_order_relaxed);
    rpi_packets_add(&stream_link->leaving, packet);
    stream_link->moved = true;
    int code = rpi_stream_link_send_message(stream_link, root, PACKET_BACK,
                                            (struct packet_message){.place = packet->place,
                                                                    .done = packet->done,
                                                                    .fate = packet->fate,
                                                                    .bytes = bytes,
                                                                    .large_bytes = large_bytes,
                                                                    .seconds = packet->seconds,
                                                                    .limit = packet->limit,
                                                                    .starved = starved != 0});
    if (code == MPI_SUCCESS)
        code = rpi_node_link_payload(&stream_link->link, root, CHANNEL_TO_ROOT, packet->area.base,
                                     bytes, &packet->in_flight);
    if (code == MPI_SUCCESS)
        code = rpi_node_link_payload(&stream_link->link, root, CHANNEL_TO_ROOT, packet->large,
                                     large_bytes, &packet->in_flight);
    return code;
}

static int send_all_back(struct stream_link *stream_link)
{
    int code = MPI_SUCCESS;
    struct packet *packet;
    while (code == MPI_SUCCESS && !stream_link->link.finish_sent) {
        if (rpi_feeder_take(&stream_link->feeder, &packet, &stream_link->link.error) != RP_OK)
            return MPI_ERR_NO_MEM;
        if (packet == NULL)
            break;
        code = send_back(stream_link, packet);
    }
    return code;
}

static void free_sent(struct stream_link *stream_link)
{
    for (struct packet *packet = stream_link->leaving.head, *next; packet != NULL; packet = next) {
        next = packet->next;
        if (packet->in_flight > 0)
            continue;
        rpi_packets_remove(&stream_link->leaving, packet);
        rpi_packet_free(packet);
    }
}

/* Detects deaths on this node, whose packets the feeder then returns. Once this rank is the last,
 * its death is that of the node, so it may take suspects. */
static void check_node_ranks(struct stream_link *stream_link)
{
    struct slot_queue *slot_queue = stream_link->slot_queue;
    double now = rpi_clock_seconds();
    if (now < stream_link->next_look || stream_link->link.finish_sent)
        return;
    stream_link->next_look = now + rpi_feeder_check_liveness(&stream_link->feeder);
    if (slot_queue_last_rank(slot_queue) || stream_link->feeder.reaped + 1 < slot_queue->lanes)
        return;
    atomic_store_explicit(&slot_queue->last_rank, 1, memory_order_relaxed);
    rpi_eventcount_notify_all(&slot_queue->worker_event);
}

static int step_on_node(struct node_link *link)
{
    struct stream_link *stream_link = (struct stream_link *)link;
    check_node_ranks(stream_link);
    free_sent(stream_link);
    feed_arrived(stream_link);
    int code = send_all_back(stream_link);
    rpi_stream_link_pace(stream_link);
    return code;
}

const struct node_link_ops rpi_stream_link_node_ops = {
    .message_bytes = sizeof(struct packet_message),
    .valid = rpi_stream_link_message_valid,
    .read = read_on_node,
    .step = step_on_node,
    .stopped = rpi_stream_link_stopped,
};
