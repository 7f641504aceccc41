/* State of the other nodes in the root's stream link, where ranks survive: which rank runs each
 * node's stream link, and what becomes of the node's packets when that rank dies. */
#include "stream/link.h"

/* The first rank of a node that sends a message is registered as its stream link. */
bool rpi_stream_link_accepts_sender(struct stream_link *stream_link, int rank)
{
    struct served_node *node = &stream_link->nodes[stream_link->pool->world.node_of[rank]];
    if (node->link_rank < 0 && !node->finished)
        node->link_rank = rank;
    return node->link_rank == rank && !node->link_dead;
}

/* Drops results of that node that have not arrived in full. */
static void drop_results(struct stream_link *stream_link, int node)
{
    for (struct packet *packet = stream_link->returning.head, *next; packet != NULL;
         packet = next) {
        next = packet->next;
        if (packet->results_for == NULL || packet->node != node)
            continue;
        rpi_packets_remove(&stream_link->returning, packet);
        rpi_packet_free(packet);
    }
}

/* Returns all packets of a node to the root. It is unknown which of them were being computed. Their
 * inputs may be in transfer until the TCP link is closed. */
static void return_packets(struct stream_link *stream_link, struct served_node *node, bool died)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->slots; i++)
        count += node->packets[i] != NULL;
    for (uint32_t i = 0; i < node->slots; i++) {
        struct packet *packet = node->packets[i];
        if (packet == NULL)
            continue;
        packet->fate = PACKET_NODE_LOST;
        packet->results_arriving = false;
        packet->alone = count == 1 && died;
        rpi_packets_add(&stream_link->returning, packet);
        node->packets[i] = NULL;
    }
}

static void drop_node(struct stream_link *stream_link, int node, bool died)
{
    struct served_node *lost = &stream_link->nodes[node];
    if (lost->link_rank >= 0)
        rpi_tcp_channel_forget(&stream_link->channel.tcp, lost->link_rank);
    drop_results(stream_link, node);
    return_packets(stream_link, lost, died);
    lost->link_dead = lost->finished = true;
    stream_link->unfinished--;
    stream_link->moved = true;
}

/* Whether the rank that ran the stream link of the node has died. */
static bool node_link_dead(const struct stream_link *stream_link, int node)
{
    int rank = stream_link->nodes[node].link_rank;
    return rank >= 0 && !rpi_tcp_links_whole(&stream_link->pool->world.hub.tcp_links, rank);
}

/* Returns the number of live ranks on a node. Its stream link detects a death at once, whereas a
 * TCP link breaks only when the kernel has released all memory of the process. */
static uint32_t count_alive(const struct stream_link *stream_link, int node)
{
    const struct world *world = &stream_link->pool->world;
    int first = world->node_first[node], behind = world->node_first[node + 1];
    uint32_t ranks = (uint32_t)(behind - first - rpi_hub_lost(&world->hub, node));
    uint32_t reported = stream_link->nodes[node].ranks_alive;
    if (reported == 0)
        return ranks;
    reported -= node_link_dead(stream_link, node);
    return reported < ranks ? reported : ranks;
}

/* Returns the state of a node. The round is over there once a rank of it has sent its vote for the
 * agreement that ends the round. */
static struct remote_node remote_node_of(const struct stream_link *stream_link, int node)
{
    const struct hub *hub = &stream_link->pool->world.hub;
    uint32_t ranks = count_alive(stream_link, node);
    if (ranks > 0 && rpi_hub_received(hub, node, hub->answered + 1) != NULL)
        return (struct remote_node){REMOTE_NODE_ROUND_OVER, ranks};
    if (ranks == 0 || node_link_dead(stream_link, node))
        return (struct remote_node){REMOTE_NODE_LINK_DEAD, ranks};
    bool served = stream_link->nodes[node].link_rank >= 0;
    return (struct remote_node){served ? REMOTE_NODE_SERVED : REMOTE_NODE_UNREGISTERED, ranks};
}

static void publish_remote_node(struct stream_link *stream_link, int node, struct remote_node seen)
{
    struct link_exchange *exchange = &stream_link->exchange;
    struct remote_node *known = &exchange->remote_nodes[node];
    if (known->state == seen.state && known->ranks == seen.ranks)
        return;
    pthread_mutex_lock(&exchange->lock);
    *known = seen;
    exchange->nodes_changed = true;
    pthread_mutex_unlock(&exchange->lock);
    rpi_eventcount_notify_all(&stream_link->slot_queue->feeder_event);
}

void rpi_stream_link_check_nodes(struct stream_link *stream_link)
{
    const struct world *world = &stream_link->pool->world;
    for (int node = 0; node < world->nodes; node++) {
        if (node == world->node)
            continue;
        struct remote_node seen = remote_node_of(stream_link, node);
        if (!stream_link->nodes[node].finished &&
            (seen.state == REMOTE_NODE_LINK_DEAD || seen.state == REMOTE_NODE_ROUND_OVER))
            drop_node(stream_link, node, seen.ranks == 0);
        publish_remote_node(stream_link, node, seen);
    }
}

bool rpi_stream_link_poll_nodes(struct stream_link *stream_link, struct remote_node *remote_nodes)
{
    struct link_exchange *exchange = &stream_link->exchange;
    pthread_mutex_lock(&exchange->lock);
    bool nodes_changed = exchange->nodes_changed;
    exchange->nodes_changed = false;
    for (int node = 0; nodes_changed && node < stream_link->pool->world.nodes; node++)
        remote_nodes[node] = exchange->remote_nodes[node];
    pthread_mutex_unlock(&exchange->lock);
    return nodes_changed;
}
