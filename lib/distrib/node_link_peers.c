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
    message->enough = work_queue_enough(link->pool->work_queue) + 1;
    return link->channel->ops->message(link->channel, node, message);
}

int rpi_node_link_send_own(struct node_link *link, int node, enum link_message_kind kind)
{
    union own_message message = {
        .begin = {.kind = (int)kind, .stop = link->stopped, .lost = link->lost}};
    return rpi_node_link_send(link, node, &message.begin);
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

int rpi_node_link_send_stop(struct node_link *link)
{
    if (link->stop_sent || link->finish_sent || !node_link_served(link) ||
        !work_queue_stopped(link->pool->work_queue))
        return MPI_SUCCESS;
    link->stop_sent = true;
    return rpi_node_link_send_own(link, link->parent, LINK_STOP);
}

/* The user may finish because of a stop that came after the last look for one. */
int rpi_node_link_finish(struct node_link *link, struct link_message *message)
{
    int code = rpi_node_link_send_stop(link);
    link->finish_sent = true;
    return code == MPI_SUCCESS ? rpi_node_link_send(link, link->parent, message) : code;
}

int rpi_node_link_finish_group(struct node_link *link, struct link_message *message)
{
    link->group.finish_sent = true;
    return rpi_node_link_send(link, link->group.parent, message);
}

int rpi_node_link_close(struct node_link *link, int node)
{
    link->peers[node].closed = node_link_registered(link, node);
    return link->peers[node].closed ? rpi_node_link_send_own(link, node, LINK_CLOSED) : MPI_SUCCESS;
}

int rpi_node_link_close_all(struct node_link *link)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < link->child_count && code == MPI_SUCCESS; i++) {
        if (!link->peers[link->children[i]].finished)
            code = rpi_node_link_close(link, link->children[i]);
    }
    return code;
}

/* Tells the root that this group stops. */
static int link_stop_root(struct node_link *link)
{
    if (link->group.parent < 0 || link->group.stop_sent || link->group.finish_sent)
        return MPI_SUCCESS;
    link->group.stop_sent = true;
    return rpi_node_link_send_own(link, link->group.parent, LINK_STOP);
}

int rpi_node_link_stop_all(struct node_link *link)
{
    if (link->stopped)
        return MPI_SUCCESS;
    link->stopped = true;
    int code = rpi_node_link_close_all(link);
    return code == MPI_SUCCESS ? link_stop_root(link) : code;
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

void rpi_node_link_pass_loss(struct node_link *link, int node)
{
    rpi_node_link_lose(link, node);
    link->lost = node;
    link->stopped = false; /* those that were stopped are told the reason, too */
}

static void link_give_up(struct node_link *link, int node)
{
    link->peers[node].finished = link->peers[node].gone = true;
    link->unfinished--;
}

/* LINK_ALIVE messages per time limit: more than one, since some may be late; looks per limit. */
static const double messages_per_limit = 4, looks_per_limit = 16;

/* Shows the nodes that serve this one, and its group, that it lives. */
static int link_send_alive(struct node_link *link, double now)
{
    double limit = link->pool->heartbeat_timeout;
    bool other = link->parent != link->pool->world.node;
    int code = MPI_SUCCESS;
    if (limit <= 0 || now - link->alive_sent < limit / messages_per_limit)
        return MPI_SUCCESS;
    link->alive_sent = now;
    if (other && !link->finish_sent)
        code = rpi_node_link_send_own(link, link->parent, LINK_ALIVE);
    if (code == MPI_SUCCESS && link->group.parent >= 0 && !link->group.finish_sent)
        code = rpi_node_link_send_own(link, link->group.parent, LINK_ALIVE);
    return code;
}

static bool link_is_silent(const struct node_link *link, int node, double now)
{
    return node != link->pool->world.node &&
           now - link->peers[node].heard > link->pool->heartbeat_timeout;
}

/* The first node that has been silent for too long; or -1. Looks at the nodes a few times per limit
 * only, since steps are more frequent. */
static int link_silent_node(struct node_link *link, double now)
{
    double limit = link->pool->heartbeat_timeout;
    if (limit <= 0 || now < link->next_look || !isinf(link->lost_at))
        return -1;
    link->next_look = now + limit / looks_per_limit;
    if (link_is_silent(link, link->parent, now))
        return link->parent;
    if (link->group.parent >= 0 && link_is_silent(link, link->group.parent, now))
        return link->group.parent;
    for (int i = 0; i < link->child_count; i++) {
        int node = link->children[i];
        if (!link->peers[node].finished && link_is_silent(link, node, now))
            return node;
    }
    return -1;
}

int rpi_node_link_keep_heartbeat(struct node_link *link)
{
    double now = rpi_clock_seconds();
    int code = link_send_alive(link, now), silent = link_silent_node(link, now);
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    if (link->child_count == 0) {
        rpi_node_link_lose(link, silent);
        return MPI_SUCCESS;
    }
    rpi_node_link_pass_loss(link, silent);
    if (node_link_serves(link, silent) && !link->peers[silent].finished)
        link_give_up(link, silent);
    link->group.stop_sent = silent == link->group.parent;
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
