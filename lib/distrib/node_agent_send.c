#include "distrib/node_agent.h"

#include "base/clock.h"
#include "observe/hooks.h"

#include <limits.h>
#include <stdlib.h>

int rpi_agent_batch_count(const struct agent *agent, enum batch_state state)
{
    int places = 0;
    for (int i = 0; i < BATCH_QUEUES; i++)
        places += agent->batches[i].state == state;
    return places;
}

int rpi_agent_send(struct agent *agent, enum agent_message_kind kind, struct agent_message message)
{
    message.link.kind = (int)kind;
    return rpi_node_link_send_root(&agent->link, &message.link);
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

void rpi_agent_read_progress(struct agent *agent, int node, const struct agent_message *message)
{
    struct agent_progress *progress = &agent->progress;
    rp_pool *pool = agent->pool;
    if (pool->world.rank == pool->world.root) {
        if (pool->observe->progress != NULL && node != pool->world.node)
            rpi_progress_report(pool->observe->progress, node, message->progress_counters);
        return;
    }
    if (progress->log_copy == NULL)
        progress->log_copy = malloc(pool->work_queue->log_capacity * sizeof *progress->log_copy);
    if (progress->log_copy != NULL)
        progress->every = message->seconds;
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

/* FINISHED must be the last message: no batch can arrive any more and all results are sent. Where
 * results die with their rank, a death may still make units available again; later deaths in those
 * are not reported, which matters only if the whole node dies. */
int rpi_agent_send_finish(struct agent *agent)
{
    bool done = rpi_work_queue_done(agent->work_queue) || work_queue_stopped(agent->work_queue);
    bool empty = rpi_agent_batch_count(agent, BATCH_NONE) == BATCH_QUEUES;
    if (agent->link.finish_sent || !agent->closed || !done || !empty)
        return MPI_SUCCESS;
    struct agent_message message = {
        .link = {.kind = LINK_FINISHED},
        .progress_counters = agent_progress_counters(&agent->progress, agent->work_queue)};
    rpi_orphaned_work_set_reported(rpi_work_queue_orphaned_work(agent->work_queue), INT_MAX);
    return rpi_node_link_finish(&agent->link, &message.link);
}

int rpi_agent_send_progress(struct agent *agent)
{
    struct agent_message message;
    bool due = !agent->link.finish_sent && agent_progress_due(&agent->progress, agent->work_queue,
                                                              rpi_clock_seconds(), &message);
    return due ? rpi_agent_send(agent, MESSAGE_PROGRESS, message) : MPI_SUCCESS;
}

int rpi_agent_request_progress(struct agent *agent, int node)
{
    struct agent_message message;
    bool wanted = agent_progress_wanted(agent->pool, &message);
    return wanted ? rpi_node_link_send(&agent->link, node, &message.link) : MPI_SUCCESS;
}

int rpi_agent_request_progress_of_all(struct agent *agent)
{
    const struct world *world = &agent->pool->world;
    int code = MPI_SUCCESS;
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
        if (node != world->node && node_link_registered(&agent->link, node))
            code = rpi_agent_request_progress(agent, node);
    }
    return code;
}
