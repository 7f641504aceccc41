/* The stream link of the root: sends packets to the nodes and receives their results. */
#include "stream/link.h"

#include <stdlib.h>

bool rpi_stream_link_nodes_init(struct stream_link *stream_link)
{
    const struct world *world = &stream_link->pool->world;
    size_t nodes = (size_t)world->nodes;
    stream_link->exchange.remote_nodes = calloc(nodes, sizeof *stream_link->exchange.remote_nodes);
    stream_link->nodes = calloc(nodes, sizeof *stream_link->nodes);
    bool noted = stream_link->nodes != NULL && stream_link->exchange.remote_nodes != NULL;
    for (int node = 0; noted && node < world->nodes; node++) {
        struct served_node *served = &stream_link->nodes[node];
        stream_link->exchange.remote_nodes[node] = rpi_stream_link_remote_node(stream_link, node);
        served->slots = rpi_slot_queue_slots((uint32_t)world_ranks_on(world, node));
        served->packets = calloc(served->slots, sizeof(struct packet *));
        noted = served->packets != NULL;
    }
    stream_link->exchange.nodes_changed = noted;
    return noted;
}

void rpi_stream_link_nodes_free(struct stream_link *stream_link)
{
    for (int node = 0; stream_link->nodes != NULL && node < stream_link->pool->world.nodes; node++)
        free(stream_link->nodes[node].packets);
    free(stream_link->nodes);
    free(stream_link->exchange.remote_nodes);
}

void rpi_stream_link_send(struct stream_link *stream_link, int node, struct packet *packet)
{
    struct link_exchange *exchange = &stream_link->exchange;
    packet->node = node;
    pthread_mutex_lock(&exchange->lock);
    rpi_packets_add(&exchange->out, packet);
    pthread_mutex_unlock(&exchange->lock);
}

struct packet *rpi_stream_link_take(struct stream_link *stream_link)
{
    struct link_exchange *exchange = &stream_link->exchange;
    pthread_mutex_lock(&exchange->lock);
    struct packet *packet = rpi_packets_take(&exchange->back);
    pthread_mutex_unlock(&exchange->lock);
    return packet;
}

void rpi_stream_link_limit(struct stream_link *stream_link, int64_t limit)
{
    struct link_exchange *exchange = &stream_link->exchange;
    pthread_mutex_lock(&exchange->lock);
    if (limit < exchange->limit)
        exchange->limit = limit;
    pthread_mutex_unlock(&exchange->lock);
}

void rpi_stream_link_withdraw(struct stream_link *stream_link, int64_t item)
{
    struct link_exchange *exchange = &stream_link->exchange;
    pthread_mutex_lock(&exchange->lock);
    if (exchange->withdrawn_count == exchange->withdrawn_capacity) {
        size_t capacity = 2 * exchange->withdrawn_capacity + 64;
        int64_t *grown = realloc(exchange->withdrawn, capacity * sizeof *grown);
        if (grown != NULL) {
            exchange->withdrawn = grown;
            exchange->withdrawn_capacity = capacity;
        }
    }
    if (exchange->withdrawn_count < exchange->withdrawn_capacity)
        exchange->withdrawn[exchange->withdrawn_count++] = item;
    pthread_mutex_unlock(&exchange->lock);
}

void rpi_stream_link_close(struct stream_link *stream_link, bool stop)
{
    struct link_exchange *exchange = &stream_link->exchange;
    pthread_mutex_lock(&exchange->lock);
    exchange->close = true;
    exchange->stop = stop;
    pthread_mutex_unlock(&exchange->lock);
}

static int send_withdrawal(struct stream_link *stream_link, const struct packet *packet,
                           int64_t item)
{
    return rpi_stream_link_send_message(stream_link, packet->node, PACKET_WITHDRAW,
                                        (struct packet_message){.place = packet->place,
                                                                .first = item});
}

/* A packet that is sent again, after a death, may have items withdrawn before. */
static int send_withdrawals(struct stream_link *stream_link, const struct packet *packet)
{
    int code = MPI_SUCCESS;
    for (uint32_t number = 0; number < packet->items && code == MPI_SUCCESS; number++)
        if (packet_withdrawn(packet, number))
            code = send_withdrawal(stream_link, packet, packet->first + number);
    return code;
}

/* The packet keeps its inputs until its results have arrived. */
static int send_packet(struct stream_link *stream_link, struct packet *packet)
{
    struct served_node *node = &stream_link->nodes[packet->node];
    for (packet->place = 0; node->packets[packet->place] != NULL;)
        packet->place++;
    node->packets[packet->place] = packet;
    int code =
        rpi_stream_link_send_message(stream_link, packet->node, PACKET_OUT,
                                     (struct packet_message){.place = packet->place,
                                                             .first = packet->first,
                                                             .items = packet->items,
                                                             .attempt = packet->attempt,
                                                             .deaths = packet->deaths,
                                                             .bytes = packet->area.used,
                                                             .large_bytes = packet->large_bytes});
    if (code == MPI_SUCCESS)
        code = rpi_node_link_payload(&stream_link->link, packet->node, CHANNEL_FROM_ROOT,
                                     packet->area.base, packet->area.used, &packet->in_flight);
    if (code == MPI_SUCCESS)
        code = rpi_node_link_payload(&stream_link->link, packet->node, CHANNEL_FROM_ROOT,
                                     packet->large, packet->large_bytes, &packet->in_flight);
    if (code == MPI_SUCCESS)
        code = send_withdrawals(stream_link, packet);
    stream_link->moved = true;
    return code;
}

/* Returns a packet to the root that no stream link is left to receive. */
static void return_unsent(struct stream_link *stream_link, struct packet *packet)
{
    packet->fate = PACKET_NOT_STARTED;
    rpi_packets_add(&stream_link->returning, packet);
}

static int send_packets(struct stream_link *stream_link)
{
    struct link_exchange *exchange = &stream_link->exchange;
    int code = MPI_SUCCESS;
    pthread_mutex_lock(&exchange->lock);
    struct packet_list out = exchange->out;
    exchange->out = (struct packet_list){NULL, NULL};
    pthread_mutex_unlock(&exchange->lock);
    for (struct packet *packet; (packet = rpi_packets_take(&out)) != NULL;) {
        if (code != MPI_SUCCESS || stream_link->close_sent || stream_link->link.stopped)
            rpi_packet_free(packet);
        else if (stream_link->link.peers[packet->node].gone ||
                 !node_link_registered(&stream_link->link, packet->node))
            return_unsent(stream_link, packet);
        else
            code = send_packet(stream_link, packet);
    }
    return code;
}

static int withdraw_from_nodes(struct stream_link *stream_link, int64_t item)
{
    for (int node = 0; node < stream_link->pool->world.nodes; node++) {
        const struct served_node *served = &stream_link->nodes[node];
        for (uint32_t place = 0; place < served->slots; place++) {
            struct packet *packet = served->packets[place];
            if (!packet_has(packet, item))
                continue;
            rpi_packet_withdraw(packet, item);
            return send_withdrawal(stream_link, packet, item);
        }
    }
    return MPI_SUCCESS;
}

/* Sends what the root has withdrawn since the last step to the nodes that have it. */
static int send_withdrawn(struct stream_link *stream_link)
{
    struct link_exchange *exchange = &stream_link->exchange;
    int code = MPI_SUCCESS;
    pthread_mutex_lock(&exchange->lock);
    int64_t *withdrawn = exchange->withdrawn;
    size_t count = exchange->withdrawn_count;
    exchange->withdrawn = NULL;
    exchange->withdrawn_count = exchange->withdrawn_capacity = 0;
    pthread_mutex_unlock(&exchange->lock);
    bool over = stream_link->close_sent || stream_link->link.stopped;
    for (size_t i = 0; i < count && !over && code == MPI_SUCCESS; i++)
        code = withdraw_from_nodes(stream_link, withdrawn[i]);
    free(withdrawn);
    return code;
}

/* A node whose leader has not registered gets the limit when it does. */
static int send_limit(struct stream_link *stream_link, int64_t limit)
{
    const struct node_link *link = &stream_link->link;
    int nodes = stream_link->pool->world.nodes, code = MPI_SUCCESS;
    bool lower = limit < stream_link->limit_sent && !stream_link->close_sent && !link->stopped;
    for (int node = 0; node < nodes && lower && code == MPI_SUCCESS; node++) {
        if (node != stream_link->pool->world.node && !link->peers[node].finished &&
            node_link_registered(link, node))
            code = rpi_stream_link_send_message(stream_link, node, PACKET_LIMIT,
                                                (struct packet_message){.limit = limit});
    }
    stream_link->limit_sent = limit;
    return code;
}

static int send_limit_and_close(struct stream_link *stream_link)
{
    struct link_exchange *exchange = &stream_link->exchange;
    pthread_mutex_lock(&exchange->lock);
    int64_t limit = exchange->limit;
    bool close = exchange->close, stop = exchange->stop;
    pthread_mutex_unlock(&exchange->lock);
    int code = send_limit(stream_link, limit);
    if (!close || stream_link->close_sent || stream_link->link.stopped || code != MPI_SUCCESS)
        return code;
    stream_link->close_sent = stream_link->link.dismissed = true;
    return stop ? rpi_node_link_stop_all(&stream_link->link)
                : rpi_node_link_close_all(&stream_link->link);
}

/* Whether no transfer uses the packet. With MPI, the results may arrive before the send of the
 * inputs completes. */
static bool has_arrived(const struct packet *packet)
{
    return packet->in_flight == 0 &&
           (packet->results_for == NULL || packet->results_for->in_flight == 0);
}

static struct packet *settle_packet(struct stream_link *stream_link, struct packet *arrived)
{
    if (arrived->results_for == NULL)
        return arrived;
    rpi_slot_queue_lower_limit(stream_link->slot_queue, arrived->limit);
    stream_link->nodes[arrived->node].packets[arrived->place] = NULL;
    return rpi_packet_take_results(arrived);
}

/* Whether the records are well-formed. Inputs that come back need no check. */
static bool results_valid(const struct packet *packet)
{
    return packet->results_for == NULL ||
           rpi_records_valid(&packet->area, packet->done, packet->large, packet->large_bytes,
                             RECORDS_OF_RESULTS);
}

/* Passes packets whose transfers are complete to the root and wakes it. */
static void deliver_returned(struct stream_link *stream_link)
{
    struct link_exchange *exchange = &stream_link->exchange;
    bool any = false;
    for (struct packet *packet = stream_link->returning.head, *next; packet != NULL;
         packet = next) {
        next = packet->next;
        if (!has_arrived(packet))
            continue;
        rpi_packets_remove(&stream_link->returning, packet);
        if (!results_valid(packet)) {
            rpi_node_link_reject(&stream_link->link, packet->node);
            rpi_packet_free(packet); /* the inputs come back when the node is dropped */
            continue;
        }
        packet = settle_packet(stream_link, packet);
        pthread_mutex_lock(&exchange->lock);
        rpi_packets_add(&exchange->back, packet);
        pthread_mutex_unlock(&exchange->lock);
        any = true;
    }
    if (any)
        rpi_eventcount_notify_all(&stream_link->slot_queue->feeder_event);
    stream_link->moved = stream_link->moved || any;
}

static int step_on_root(struct node_link *link)
{
    struct stream_link *stream_link = (struct stream_link *)link;
    int code = send_packets(stream_link);
    if (code == MPI_SUCCESS)
        code = send_withdrawn(stream_link);
    deliver_returned(stream_link);
    if (code == MPI_SUCCESS)
        code = send_limit_and_close(stream_link);
    rpi_stream_link_pace(stream_link);
    return code;
}

/* Receives the results into a packet of their own: if they do not arrive, the inputs are needed
 * again. */
static struct packet *expect_results(struct stream_link *stream_link, struct packet *packet,
                                     const struct packet_message *message)
{
    struct packet *results = rpi_packet_make();
    if (results != NULL && message->large_bytes > 0)
        results->large = malloc(message->large_bytes);
    if (results == NULL || (message->large_bytes > 0 && results->large == NULL)) {
        rpi_packet_free(results);
        rpi_stream_link_out_of_memory(stream_link, message->large_bytes);
        return NULL;
    }
    results->results_for = packet;
    packet->results_arriving = true;
    results->node = packet->node;
    results->place = packet->place;
    results->large_bytes = message->large_bytes;
    results->area.used = message->bytes;
    results->done = message->done;
    results->limit = message->limit;
    results->seconds = message->seconds;
    results->starved = message->starved;
    rpi_packets_add(&stream_link->returning, results);
    return results;
}

static int take_results(struct stream_link *stream_link, struct packet *packet,
                        const struct packet_message *message)
{
    struct packet *results = expect_results(stream_link, packet, message);
    if (results == NULL)
        return MPI_ERR_NO_MEM;
    int code = rpi_node_link_expect(&stream_link->link, packet->node, CHANNEL_TO_ROOT,
                                    results->area.base, message->bytes, &results->in_flight);
    if (code == MPI_SUCCESS)
        code = rpi_node_link_expect(&stream_link->link, packet->node, CHANNEL_TO_ROOT,
                                    results->large, message->large_bytes, &results->in_flight);
    return code;
}

static int accept_returned_packet(struct stream_link *stream_link, int from,
                                  const struct packet_message *message)
{
    struct served_node *node = &stream_link->nodes[from];
    struct packet *packet = node->packets[message->place];
    if (message->fate == PACKET_DONE)
        return take_results(stream_link, packet, message);
    node->packets[message->place] = NULL;
    packet->fate = message->fate;
    packet->done = message->done;
    rpi_packets_add(&stream_link->returning, packet);
    return MPI_SUCCESS;
}

/* Tells a node that has registered what the others know already. */
static int welcome_node(struct stream_link *stream_link, int node)
{
    int code = MPI_SUCCESS;
    if (stream_link->limit_sent < INT64_MAX)
        code =
            rpi_stream_link_send_message(stream_link, node, PACKET_LIMIT,
                                         (struct packet_message){.limit = stream_link->limit_sent});
    return stream_link->close_sent && code == MPI_SUCCESS
               ? rpi_node_link_close(&stream_link->link, node)
               : code;
}

static int read_on_root(struct node_link *link, int from, const void *message)
{
    struct stream_link *stream_link = (struct stream_link *)link;
    const struct packet_message *received = message;
    stream_link->moved = true;
    switch (received->link.kind) {
    case LINK_HELLO:
        rpi_stream_link_publish_node(link, from);
        return welcome_node(stream_link, from);
    case LINK_STOP:
        rpi_work_queue_stop(stream_link->pool->work_queue);
        rpi_eventcount_notify_all(&stream_link->slot_queue->feeder_event);
        return MPI_SUCCESS;
    case PACKET_BACK:
        return accept_returned_packet(stream_link, from, received);
    default:
        return MPI_SUCCESS;
    }
}

const struct node_link_ops rpi_stream_link_root_ops = {
    .message_bytes = sizeof(struct packet_message),
    .valid = rpi_stream_link_message_valid,
    .read = read_on_root,
    .step = step_on_root,
    .gone = rpi_stream_link_give_up_node,
    .changed = rpi_stream_link_publish_node,
    .stopped = rpi_stream_link_stopped,
};
