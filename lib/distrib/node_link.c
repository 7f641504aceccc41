#include "distrib/node_link.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "comm/mpi_error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* ---- creation -------------------------------------------------------------------------------- */

/* Lists the nodes that this one serves. */
static bool link_list_children(struct node_link *link)
{
    const struct node_groups *groups = &link->groups;
    int nodes = groups->nodes, own = link->pool->world.node;
    int first = groups_position(groups, own), behind = nodes;
    if (!link->on_root)
        behind = groups_leads(groups, own) ? first + groups_members(groups, own) : first;
    if (behind == first)
        return true;
    link->children = malloc((size_t)(behind - first) * sizeof *link->children);
    for (int i = first; i < behind && link->children != NULL; i++) {
        int node = groups_node(groups, i);
        if (node_link_serves(link, node))
            link->children[link->child_count++] = node;
    }
    link->unfinished = link->child_count;
    return link->children != NULL;
}

rp_status rpi_node_link_init(struct node_link *link, rp_pool *pool, const struct node_link_ops *ops,
                             int group, rp_error *error)
{
    const struct world *world = &pool->world;
    const struct node_groups groups = {world->nodes, world->root_node, group};
    int leader_of = groups_leads(&groups, world->node) ? world->root_node : -1;
    *link = (struct node_link){.ops = ops,
                               .pool = pool,
                               .job = world->agreement.number,
                               .on_root = world->rank == world->root,
                               .groups = groups,
                               .parent = groups_parent(&groups, world->node),
                               .group = {.parent = leader_of},
                               .heard = rpi_clock_seconds(),
                               .lost_at = INFINITY,
                               .lost = -1};
    rpi_error_clear(&link->error);
    if (pool->ops->open_channel(&pool->world, ops->message_bytes, &link->channel, error) != RP_OK)
        return error->status;
    link->received = calloc(1, ops->message_bytes);
    link->peers = calloc((size_t)world->nodes, sizeof *link->peers);
    if (link->received == NULL || link->peers == NULL || !link_list_children(link))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the link between %d nodes",
                             world->nodes);
    return RP_OK;
}

void rpi_node_link_free(struct node_link *link)
{
    if (link->channel != NULL)
        link->channel->ops->close(link->channel);
    free(link->children);
    free(link->peers);
    free(link->received);
}

/* ---- receiving ------------------------------------------------------------------------------- */

bool rpi_link_message_valid(const struct link_message *message,
                            const struct link_message_terms *terms)
{
    unsigned char stop; /* as raw bytes: the received bool may be neither 0 nor 1 */
    memcpy(&stop, &message->stop, 1);
    if (stop > 1)
        return false;
    bool named = !message->stop || (message->lost >= -1 && message->lost < terms->nodes);
    switch (message->kind) {
    case LINK_HELLO:
        return terms->to_root;
    case LINK_STOP:
        return terms->to_root && named;
    case LINK_ALIVE:
        return terms->to_root || terms->to_node;
    case LINK_FINISHED:
        return terms->to_root && !terms->finished;
    case LINK_CLOSED:
        return terms->to_node && named;
    case LINK_OVER:
        return terms->to_node;
    default:
        return false;
    }
}

static bool link_valid(const struct node_link *link, int from, const struct link_message *message)
{
    const struct world *world = &link->pool->world;
    if (message->enough < 0)
        return false;
    bool to_node = (node_link_served(link) && from == link->parent) || from == link->group.parent;
    struct link_message_terms terms = {.to_root = node_link_serves(link, from),
                                       .to_node = to_node,
                                       .finished = link->peers[from].finished,
                                       .nodes = world->nodes};
    return message->kind < LINK_KINDS
               ? rpi_link_message_valid(message, &terms)
               : link->ops->valid(link, from, message, terms.to_root, terms.to_node);
}

/* The root stops this group, or says that a node is lost. */
static int link_note_group_stop(struct node_link *link, const struct link_message *message)
{
    link->group.stop_sent = true;
    if (message->lost >= 0)
        rpi_node_link_pass_loss(link, message->lost);
    return rpi_node_link_stop_all(link);
}

/* This node is stopped, or is told that another is lost. */
static void link_note_stop(struct node_link *link, const struct link_message *message)
{
    link->stop_sent = true;
    if (message->lost >= 0)
        rpi_node_link_lose(link, message->lost);
    else
        rpi_node_link_stop_node(link);
}

static void link_note_enough(struct node_link *link, int64_t item)
{
    rpi_work_queue_enough(link->pool->work_queue, item);
    if (link->ops->stopped != NULL)
        link->ops->stopped(link);
}

/* What the link does about a message before its user reads it. */
static int link_note(struct node_link *link, int from, const struct link_message *message)
{
    bool of_group = from == link->group.parent;
    link->peers[from].heard = link->heard;
    if (message->enough > 0)
        link_note_enough(link, message->enough - 1);
    switch (message->kind) {
    case LINK_STOP:
        if (message->stop && message->lost >= 0)
            rpi_node_link_pass_loss(link, message->lost);
        break;
    case LINK_FINISHED:
        link->peers[from].finished = true;
        link->unfinished--;
        break;
    case LINK_OVER:
        if (of_group)
            link->group.dismissed = true;
        else
            link->dismissed = true;
        break;
    case LINK_CLOSED:
        if (message->stop && of_group)
            return link_note_group_stop(link, message);
        if (message->stop)
            link_note_stop(link, message);
        break;
    default:
        break;
    }
    return MPI_SUCCESS;
}

/* Replies to LINK_FINISHED. */
static int link_dismiss(struct node_link *link, int from)
{
    int code = MPI_SUCCESS;
    if (!link->ops->among_nodes)
        return rpi_node_link_send_own(link, from, LINK_OVER);
    for (int node = 0; node < link->pool->world.nodes && link->unfinished == 0; node++) {
        if (code == MPI_SUCCESS && node_link_serves(link, node))
            code = rpi_node_link_send_own(link, node, LINK_OVER);
    }
    return code;
}

static int link_read(struct node_link *link, int from, const struct link_message *message)
{
    int code = link_note(link, from, message);
    if (code == MPI_SUCCESS)
        code = link->ops->read(link, from, message);
    if (code == MPI_SUCCESS && message->kind == LINK_FINISHED)
        code = link_dismiss(link, from);
    if (code == MPI_SUCCESS && message->kind == LINK_ALIVE && node_link_serves(link, from))
        code = rpi_node_link_send_own(link, from, LINK_ALIVE);
    return code;
}

static int link_receive(struct node_link *link)
{
    struct channel *channel = link->channel;
    const struct link_message *message = link->received;
    int sender, code;
    while ((code = channel->ops->next(channel, &sender, link->received)) == MPI_SUCCESS &&
           sender >= 0) {
        link->heard = rpi_clock_seconds();
        int from = message->job == link->job ? channel->ops->leads(channel, sender) : -1;
        if (from < 0 || link->peers[from].gone)
            continue;
        if (!link_valid(link, from, message))
            rpi_node_link_reject(link, from);
        else if ((code = link_read(link, from, message)) != MPI_SUCCESS)
            return code;
    }
    return code;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int link_run_parts(struct node_link *link)
{
    int code = link->channel->ops->step(link->channel);
    if (code == MPI_SUCCESS)
        code = link_receive(link);
    if (code == MPI_SUCCESS)
        code = rpi_node_link_check_peers(link);
    if (code == MPI_SUCCESS)
        code = rpi_node_link_send_stop(link);
    if (code == MPI_SUCCESS)
        code = link->ops->step(link);
    return code == MPI_SUCCESS ? rpi_node_link_keep_heartbeat(link) : code;
}

void rpi_node_link_check(struct node_link *link, int code)
{
    if (link->over || code == MPI_SUCCESS)
        return;
    if (link->error.status == RP_OK)
        rpi_mpi_check(code, "MPI between nodes", &link->error);
    rpi_node_link_stop_node(link);
    link->over = true;
}

/* Returns the seconds to sleep. */
static double link_step(struct node_link *link)
{
    const double linger = 0.1;
    rpi_node_link_check(link, link_run_parts(link));
    bool dismissed = link->dismissed && (link->group.parent < 0 || link->group.dismissed);
    if (dismissed && link->unfinished == 0 && channel_idle(link->channel))
        link->over = true;
    /* After the loss of a node, give the last messages time to be sent. */
    if (!isinf(link->lost_at) && rpi_clock_seconds() - link->lost_at > linger)
        link->over = true;
    return link->sleep;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Runs until nothing is left to do. A rank that becomes idle wakes the link. */
static void link_run(struct node_link *link)
{
    struct eventcount *idle = &link->pool->work_queue->idle;
    while (!link->over) {
        uint32_t seen = rpi_eventcount_key(idle);
        double sleep = link_step(link);
        if (!link->over)
            rpi_eventcount_sleep(idle, seen, sleep);
    }
}

/* The default timer slack of Linux would add 50 us to every sleep. */
static void *link_thread(void *link)
{
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    link_run(link);
    return NULL;
}

double rpi_node_link_attend(void *closure)
{
    struct node_link *link = closure;
    double now = rpi_clock_seconds();
    if (link->threaded || link->over)
        return INFINITY;
    uint32_t idle = rpi_eventcount_key(&link->pool->work_queue->idle);
    if (now >= link->next_step || idle != link->idle) {
        link->idle = idle;
        link->next_step = now + link_step(link);
    }
    return link->next_step - now;
}

void rpi_node_link_open(struct node_link *link)
{
    if (link->pool->ops->elects && node_link_served(link))
        rpi_node_link_check(link, rpi_node_link_send_own(link, link->parent, LINK_HELLO));
}

void rpi_node_link_start(struct node_link *link)
{
    link->alive_sent = rpi_clock_seconds();
    for (int node = 0; node < link->pool->world.nodes; node++)
        link->peers[node].heard = link->alive_sent;
    link->threaded =
        link->pool->agent_threads && rpi_thread_start(&link->thread, link_thread, link) == 0;
}

void rpi_node_link_end(struct node_link *link, struct vote *vote)
{
    rpi_eventcount_notify_one(&link->pool->work_queue->idle);
    if (link->threaded)
        pthread_join(link->thread, NULL);
    else
        link_run(link);
    vote->cut_off = !isinf(link->lost_at);
    if (link->error.status != RP_OK && (vote->error.status == RP_OK || vote->cut_off))
        vote->error = link->error;
    link->pool->traffic.messages += link->channel->messages_sent;
    link->pool->traffic.bytes += link->channel->bytes_sent;
}
