/* State of the other nodes in the root's stream link: whether their stream links have registered,
 * and what becomes of a node's packets when the rank dies that runs it. */
#include "stream/link.h"

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

/* Returns the number of ranks on a node that are not known to be dead. */
static uint32_t count_alive(const struct stream_link *stream_link, int node)
{
    const struct world *world = &stream_link->pool->world;
    int lost = rpi_tcp_links_lost(&world->hub.tcp_links, node);
    return (uint32_t)(world_ranks_on(world, node) - lost);
}

/* Returns the state of a node. The round is over there once a rank of it has sent its vote for the
 * agreement that ends the round. */
struct remote_node rpi_stream_link_remote_node(const struct stream_link *stream_link, int node)
{
    const struct hub *hub = &stream_link->pool->world.hub;
    uint32_t ranks = count_alive(stream_link, node);
    if (ranks > 0 && rpi_hub_received(hub, node, hub->answered + 1) != NULL)
        return (struct remote_node){REMOTE_NODE_ROUND_OVER, ranks};
    if (ranks == 0 || node_link_broken(&stream_link->link, node))
        return (struct remote_node){REMOTE_NODE_LINK_DEAD, ranks};
    bool served = node_link_registered(&stream_link->link, node);
    return (struct remote_node){served ? REMOTE_NODE_SERVED : REMOTE_NODE_UNREGISTERED, ranks};
}

void rpi_stream_link_publish_node(struct node_link *link, int node)
{
    struct stream_link *stream_link = (struct stream_link *)link;
    struct link_exchange *exchange = &stream_link->exchange;
    struct remote_node *known = &exchange->remote_nodes[node];
    struct remote_node seen = rpi_stream_link_remote_node(stream_link, node);
    if (known->state == seen.state && known->ranks == seen.ranks)
        return;
    pthread_mutex_lock(&exchange->lock);
    *known = seen;
    exchange->nodes_changed = true;
    pthread_mutex_unlock(&exchange->lock);
    rpi_eventcount_notify_all(&stream_link->slot_queue->feeder_event);
}

int rpi_stream_link_give_up_node(struct node_link *link, int node)
{
    struct stream_link *stream_link = (struct stream_link *)link;
    drop_results(stream_link, node);
    return_packets(stream_link, &stream_link->nodes[node], count_alive(stream_link, node) == 0);
    stream_link->moved = true;
    return MPI_SUCCESS;
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
