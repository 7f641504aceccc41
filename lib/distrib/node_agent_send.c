#include "distrib/node_agent.h"

#include "base/clock.h"
#include "observe/hooks.h"

#include <limits.h>
#include <stdlib.h>

int rpi_agent_send(struct agent *agent, enum agent_message_kind kind, struct agent_message message)
{
    message.link.kind = (int)kind;
    return rpi_node_link_send(&agent->link, agent->link.parent, &message.link);
}

/* Limits the root's load to about a thousand reports per second from all nodes together. */
static bool agent_progress_wanted(const rp_pool *pool, struct agent_message *message)
{
    const double least = 0.25, each = 1e-3;
    double every = each * pool->world.nodes;
    *message = (struct agent_message){.link = {.kind = MESSAGE_PROGRESS},
                                      .seconds = every > least ? every : least};
    return pool->observe->progress != NULL;
}

/* A report of the node `message->first`. Those of the root's own node are not sent. */
static int agent_read_report(struct agent *agent, struct agent_message message)
{
    struct progress *progress = agent->pool->observe->progress;
    if (agent->group != NULL)
        return agent->progress.every > 0 /* the root has asked */
                   ? rpi_node_link_send(&agent->link, agent->link.group.parent, &message.link)
                   : MPI_SUCCESS;
    if (progress != NULL && message.first != agent->pool->world.node)
        rpi_progress_report(progress, (int)message.first, message.progress_counters);
    return MPI_SUCCESS;
}

static int agent_read_report_request(struct agent *agent, struct agent_message message)
{
    struct agent_progress *progress = &agent->progress;
    const struct node_link *link = &agent->link;
    int code = MPI_SUCCESS;
    if (progress->log_copy == NULL)
        progress->log_copy = malloc(agent->work_queue->log_capacity * sizeof *progress->log_copy);
    if (progress->log_copy != NULL)
        progress->every = message.seconds;
    for (int i = 0; i < link->child_count && code == MPI_SUCCESS; i++) {
        int node = link->children[i];
        if (node != agent->pool->world.node && !link->peers[node].finished)
            code = rpi_node_link_send(&agent->link, node, &message.link);
    }
    return code;
}

int rpi_agent_read_progress(struct agent *agent, int from, const struct agent_message *message)
{
    struct agent_message passed = *message;
    bool last = message->link.kind == LINK_FINISHED;
    if (!node_link_serves(&agent->link, from))
        return agent_read_report_request(agent, passed);
    if (last)
        passed.first = from;
    passed.link.kind = MESSAGE_PROGRESS;
    return agent_read_report(agent, passed);
}

static struct progress_counters agent_progress_counters(struct agent_progress *progress,
                                                        struct work_queue *work_queue)
{
    return progress->log_copy != NULL ? rpi_progress_counters_read(work_queue, progress->log_copy)
                                      : (struct progress_counters){0, 0};
}

static bool agent_progress_due(struct agent_progress *progress, struct work_queue *work_queue,
                               double now, struct agent_message *message)
{
    if (progress->every <= 0 || now < progress->next)
        return false;
    progress->next = now + progress->every;
    *message =
        (struct agent_message){.progress_counters = agent_progress_counters(progress, work_queue)};
    return true;
}

/* Reports now which units each dead rank held, since that is lost if the whole node dies. */
int rpi_agent_send_deaths(struct agent *agent)
{
    struct orphaned_work *orphaned_work = rpi_work_queue_orphaned_work(agent->work_queue);
    const struct liveness *liveness = &agent->pool->world.liveness;
    int settled = rpi_orphaned_work_settled(orphaned_work), code = MPI_SUCCESS;
    if (agent->dispatcher != NULL || rpi_orphaned_work_reported(orphaned_work) >= settled)
        return MPI_SUCCESS;
    for (uint32_t lane = 0; lane < orphaned_work->lanes && code == MPI_SUCCESS; lane++) {
        struct agent_message message = {.first = rpi_liveness_rank(liveness, (int)lane)};
        if (rpi_orphaned_work_lost_chunk(orphaned_work, lane, &message.units))
            code = rpi_agent_send(agent, MESSAGE_DIED, message);
    }
    rpi_orphaned_work_set_reported(orphaned_work, settled);
    rpi_eventcount_notify_all(&agent->work_queue->signal);
    return code;
}

struct agent_message rpi_agent_finished(struct agent *agent)
{
    return (struct agent_message){.link = {.kind = LINK_FINISHED},
                                  .progress_counters =
                                      agent_progress_counters(&agent->progress, agent->work_queue)};
}

/* FINISHED must be the last message: no batch can arrive any more and all results are sent. Where
 * results die with their rank, a death may still make units available again; later deaths in those
 * are not reported, which matters only if the whole node dies. */
int rpi_agent_send_finish(struct agent *agent)
{
    bool done = rpi_work_queue_done(agent->work_queue) || work_queue_stopped(agent->work_queue);
    bool empty = rpi_batch_count(&agent->client, BATCH_NONE) == BATCH_QUEUES;
    if (agent->link.finish_sent || !agent->client.closed || !done || !empty)
        return MPI_SUCCESS;
    struct agent_message message = rpi_agent_finished(agent);
    rpi_orphaned_work_set_reported(rpi_work_queue_orphaned_work(agent->work_queue), INT_MAX);
    return rpi_node_link_finish(&agent->link, &message.link);
}

/* The leader of a group reports to the root, as if it had passed its own report on. */
int rpi_agent_send_progress(struct agent *agent)
{
    const struct node_link *link = &agent->link;
    struct agent_message message;
    if (link->finish_sent ||
        !agent_progress_due(&agent->progress, agent->work_queue, rpi_clock_seconds(), &message))
        return MPI_SUCCESS;
    message.link.kind = MESSAGE_PROGRESS;
    message.first = agent->pool->world.node;
    return rpi_node_link_send(&agent->link,
                              link->group.parent >= 0 ? link->group.parent : link->parent,
                              &message.link);
}

int rpi_agent_request_progress(struct agent *agent, int node)
{
    struct agent_message message;
    bool wanted = agent_progress_wanted(agent->pool, &message);
    return wanted ? rpi_node_link_send(&agent->link, node, &message.link) : MPI_SUCCESS;
}

int rpi_agent_request_progress_of_all(struct agent *agent)
{
    const struct node_link *link = &agent->link;
    int code = MPI_SUCCESS;
    for (int i = 0; i < link->child_count && code == MPI_SUCCESS; i++) {
        int node = link->children[i];
        if (node != agent->pool->world.node && node_link_registered(link, node))
            code = rpi_agent_request_progress(agent, node);
    }
    return code;
}
