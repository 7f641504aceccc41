/* The root's side of the stream link that sees which nodes there are to serve, where ranks survive: who
 * writes for them, and what becomes of what they had when that rank dies. */
#include "stream/link.h"

/* The first message of a node says who writes for it. */
bool rpi_stream_link_accepts_sender(struct stream_link *stream_link, int rank)
{
    struct served_node *node = &stream_link->nodes[stream_link->pool->world.node_of[rank]];
    if (node->stream_link < 0 && !node->finished)
        node->stream_link = rank;
    return node->stream_link == rank && !node->left;
}

/* Results of that node which were arriving do not any more. */
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

/* Nobody can say which of its packets were at hand. Inputs may be on their way until the TCP link
 * breaks. */
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
    struct served_node *gone = &stream_link->nodes[node];
    if (gone->stream_link >= 0)
        rpi_tcp_channel_forget(&stream_link->channel.tcp, gone->stream_link);
    drop_results(stream_link, node);
    return_packets(stream_link, gone, died);
    gone->left = gone->finished = true;
    stream_link->unfinished--;
    stream_link->moved = true;
}

/* Has the rank died that wrote for it? */
static bool node_link_dead(const struct stream_link *stream_link, int node)
{
    int writer = stream_link->nodes[node].stream_link;
    return writer >= 0 && !rpi_tcp_links_whole(&stream_link->pool->world.hub.tcp_links, writer);
}

/* Ranks that live on a node. A stream link knows of a death at once, a TCP link breaks when the process has
 * given back all that it had. */
static uint32_t count_alive(const struct stream_link *stream_link, int node)
{
    const struct world *world = &stream_link->pool->world;
    int first = world->node_first[node], behind = world->node_first[node + 1];
    uint32_t ranks = (uint32_t)(behind - first - rpi_hub_lost(&world->hub, node));
    uint32_t told = stream_link->nodes[node].ranks_alive;
    if (told == 0)
        return ranks;
    told -= node_link_dead(stream_link, node);
    return told < ranks ? told : ranks;
}

/* How a node is. Its ranks wait when one of them has said that it has come to the end of this
 * round. */
static struct remote_node remote_node_of(const struct stream_link *stream_link, int node)
{
    const struct hub *hub = &stream_link->pool->world.hub;
    uint32_t ranks = count_alive(stream_link, node);
    if (ranks > 0 && rpi_hub_said(hub, node, hub->answered + 1) != NULL)
        return (struct remote_node){REMOTE_NODE_ROUND_OVER, ranks};
    if (ranks == 0 || node_link_dead(stream_link, node))
        return (struct remote_node){REMOTE_NODE_LINK_DEAD, ranks};
    bool served = stream_link->nodes[node].stream_link >= 0;
    return (struct remote_node){served ? REMOTE_NODE_SERVED : REMOTE_NODE_UNREGISTERED, ranks};
}

static void publish_remote_node(struct stream_link *stream_link, int node, struct remote_node seen)
{
    struct requests *requests = &stream_link->requests;
    struct remote_node *known = &requests->remote_nodes[node];
    if (known->state == seen.state && known->ranks == seen.ranks)
        return;
    pthread_mutex_lock(&requests->lock);
    *known = seen;
    requests->nodes_changed = true;
    pthread_mutex_unlock(&requests->lock);
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
    struct requests *requests = &stream_link->requests;
    pthread_mutex_lock(&requests->lock);
    bool nodes_changed = requests->nodes_changed;
    requests->nodes_changed = false;
    for (int node = 0; nodes_changed && node < stream_link->pool->world.nodes; node++)
        remote_nodes[node] = requests->remote_nodes[node];
    pthread_mutex_unlock(&requests->lock);
    return nodes_changed;
}
