/* The peers of a node link: sending to them, closing them, their heartbeat, and losing them. */
#include "base/clock.h"
#include "base/error.h"
#include "distrib/node_link.h"

#include <math.h>
#include <string.h>

/* A message of the link's own kinds; it is sent in the length of the user's. */
union own_message {
    struct link_message begin;
    char bytes[LINK_MESSAGE_MOST];
};

/* ---- sending --------------------------------------------------------------------------------- */

int rpi_node_link_send(struct node_link *link, int node, struct link_message *message)
{
    message->job = link->job;
    return link->channel->ops->message(link->channel, node, message);
}

int rpi_node_link_send_root(struct node_link *link, struct link_message *message)
{
    return rpi_node_link_send(link, link->pool->world.root_node, message);
}

int rpi_node_link_send_own(struct node_link *link, int node, enum link_message_kind kind)
{
    union own_message message = {
        .begin = {.kind = (int)kind, .stop = link->stopped, .lost = link->lost}};
    return rpi_node_link_send(link, node, &message.begin);
}

int rpi_node_link_send_own_root(struct node_link *link, enum link_message_kind kind)
{
    return rpi_node_link_send_own(link, link->pool->world.root_node, kind);
}

int rpi_node_link_payload(struct node_link *link, int node, enum channel_id id, const void *memory,
                          size_t bytes, int *pending)
{
    return link->channel->ops->payload(link->channel, node, id, memory, bytes, pending);
}

int rpi_node_link_expect(struct node_link *link, int node, enum channel_id id, void *memory,
                         size_t bytes, int *pending)
{
    return link->channel->ops->expect(link->channel, node, id, memory, bytes, pending);
}

void rpi_node_link_reject(struct node_link *link, int node)
{
    link->channel->ops->reject(link->channel, node);
}

int rpi_node_link_finish(struct node_link *link, struct link_message *message)
{
    link->finish_sent = true;
    return rpi_node_link_send_root(link, message);
}

int rpi_node_link_close(struct node_link *link, int node)
{
    link->peers[node].closed = node_link_registered(link, node);
    return link->peers[node].closed ? rpi_node_link_send_own(link, node, LINK_CLOSED) : MPI_SUCCESS;
}

int rpi_node_link_close_all(struct node_link *link)
{
    int code = MPI_SUCCESS;
    for (int node = 0; node < link->pool->world.nodes && code == MPI_SUCCESS; node++) {
        if (node_link_serves(link, node) && !link->peers[node].finished)
            code = rpi_node_link_close(link, node);
    }
    return code;
}

int rpi_node_link_stop_all(struct node_link *link)
{
    if (link->stopped)
        return MPI_SUCCESS;
    link->stopped = true;
    return rpi_node_link_close_all(link);
}

/* ---- losing a peer --------------------------------------------------------------------------- */

void rpi_node_link_stop_node(struct node_link *link)
{
    rpi_work_queue_stop(link->pool->work_queue);
    if (link->ops->stopped != NULL)
        link->ops->stopped(link);
}

void rpi_node_link_lose(struct node_link *link, int node)
{
    const struct world *world = &link->pool->world;
    rpi_error_set(&link->error, RP_ERR_LOST, "node %d (%s) has not answered for %g s", node,
                  world->hosts[node], link->pool->heartbeat_timeout);
    memcpy(link->error.host, world->hosts[node], sizeof link->error.host);
    link->error.rank = world->by_node[world->node_first[node]];
    link->lost_at = rpi_clock_seconds();
    rpi_node_link_stop_node(link);
}

static void link_give_up(struct node_link *link, int node)
{
    link->peers[node].finished = link->peers[node].gone = true;
    link->unfinished--;
}

/* LINK_ALIVE messages per time limit: more than one, since some may be late; looks per limit. */
static const double messages_per_limit = 4, looks_per_limit = 16;

static bool link_alive_due(const struct node_link *link, double now)
{
    double limit = link->pool->heartbeat_timeout;
    return limit > 0 && now - link->alive_sent >= limit / messages_per_limit && !link->on_root &&
           !link->finish_sent;
}

/* The first node that has been silent for too long; or -1. Looks at the nodes a few times per limit
 * only, since steps are more frequent. */
static int link_silent_node(struct node_link *link, double now)
{
    const struct world *world = &link->pool->world;
    double limit = link->pool->heartbeat_timeout;
    if (limit <= 0 || now < link->next_look || !isinf(link->lost_at))
        return -1;
    link->next_look = now + limit / looks_per_limit;
    for (int node = 0; node < world->nodes; node++) {
        const struct link_peer *peer = &link->peers[node];
        bool awaited =
            link->on_root ? node != world->node && !peer->finished : node == world->root_node;
        if (awaited && now - peer->heard > limit)
            return node;
    }
    return -1;
}

int rpi_node_link_keep_heartbeat(struct node_link *link)
{
    double now = rpi_clock_seconds();
    int code = MPI_SUCCESS;
    if (link_alive_due(link, now)) {
        link->alive_sent = now;
        code = rpi_node_link_send_own_root(link, LINK_ALIVE);
    }
    int silent = link_silent_node(link, now);
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    rpi_node_link_lose(link, silent);
    if (!link->on_root)
        return MPI_SUCCESS;
    if (!link->peers[silent].finished)
        link_give_up(link, silent);
    link->lost = silent;
    link->stopped = false; /* those that were stopped are told the reason, too */
    return rpi_node_link_stop_all(link);
}

int rpi_node_link_check_peers(struct node_link *link)
{
    int code = MPI_SUCCESS, node;
    bool gone;
    while (code == MPI_SUCCESS && !link->over &&
           (node = link->channel->ops->changed(link->channel, &gone)) >= 0) {
        if (!link->on_root) {
            rpi_node_link_stop_node(link);
            link->over = true;
            continue;
        }
        if (gone && !link->peers[node].finished) {
            link_give_up(link, node);
            code = link->ops->gone(link, node);
        }
        if (link->ops->changed != NULL)
            link->ops->changed(link, node);
    }
    return code;
}
