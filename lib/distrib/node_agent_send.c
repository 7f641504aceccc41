#include "distrib/node_agent.h"

#include "base/clock.h"

#include <stdlib.h>

int rpi_agent_places(const struct agent *agent, enum batch_state state)
{
    int places = 0;
    for (int i = 0; i < RESERVOIRS; i++)
        places += agent->batches[i].state == state;
    return places;
}

void rpi_agent_lose(struct agent *agent, int node)
{
    rpi_heartbeat_accuse(&agent->heartbeat, &agent->pool->world, node, &agent->error);
    agent->lost_at = rpi_clock_seconds();
    rpi_work_queue_stop(agent->work_queue);
}

int rpi_agent_send(struct agent *agent, struct agent_message message)
{
    message.job = agent->job;
    return rpi_channel_message(&agent->channel, agent->dispatcher_at, &message);
}

/* Of all nodes together the root is to read no more than some thousand messages a second. */
static bool progress_wanted(const rp_pool *pool, struct agent_message *message)
{
    const double usual = 0.25, each = 1e-3;
    double every = each * pool->world.nodes;
    *message =
        (struct agent_message){.kind = MESSAGE_PROGRESS, .seconds = every > usual ? every : usual};
    return pool->progress != NULL;
}

void rpi_agent_read_progress(struct agent *agent, int node, const struct agent_message *message)
{
    struct agent_progress *news = &agent->news;
    rp_pool *pool = agent->pool;
    if (pool->world.rank == pool->world.root) {
        if (pool->progress != NULL && node != pool->world.node)
            rpi_progress_report(pool->progress, node, message->progress_counters);
        return;
    }
    if (news->log_copy == NULL)
        news->log_copy = malloc(pool->work_queue->log_capacity * sizeof *news->log_copy);
    if (news->log_copy != NULL)
        news->every = message->seconds;
}

static struct progress_counters progress_counters(struct agent_progress *news,
                                                  struct work_queue *work_queue)
{
    return news->log_copy != NULL ? rpi_progress_counters_read(work_queue, news->log_copy)
                                  : (struct progress_counters){0, 0};
}

static bool progress_due(struct agent_progress *news, struct work_queue *work_queue, double now,
                         struct agent_message *message)
{
    if (news->every <= 0 || now < news->next)
        return false;
    news->next = now + news->every;
    *message = (struct agent_message){.kind = MESSAGE_PROGRESS,
                                      .progress_counters = progress_counters(news, work_queue)};
    return true;
}

int rpi_agent_send_stop(struct agent *agent)
{
    if (agent->stop_told || agent->finish_told || !work_queue_stopped(agent->work_queue))
        return MPI_SUCCESS;
    agent->stop_told = true;
    return rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_STOP});
}

/* Once a node has died as a whole, nobody can say any more which of its ranks had what in hand. */
int rpi_agent_send_deaths(struct agent *agent)
{
    struct orphaned_work *orphaned_work = rpi_work_queue_orphaned_work(agent->work_queue);
    const struct liveness *liveness = &agent->pool->world.liveness;
    int settled = rpi_orphaned_work_settled(orphaned_work), code = MPI_SUCCESS;
    bool tells = agent->survives && agent->dispatcher == NULL && settled > agent->deaths_told;
    for (uint32_t lane = 0; lane < orphaned_work->lanes && tells && code == MPI_SUCCESS; lane++) {
        struct agent_message message = {.kind = MESSAGE_DIED,
                                        .first = rpi_liveness_rank(liveness, (int)lane)};
        if (rpi_orphaned_work_hand(orphaned_work, lane, &message.units))
            code = rpi_agent_send(agent, message);
    }
    agent->deaths_told = settled;
    if (tells) {
        rpi_orphaned_work_tell(orphaned_work, settled);
        rpi_eventcount_notify_all(&agent->work_queue->signal);
    }
    return code;
}

/* The last message is sent when no batch can come any more and all results are on their way. */
int rpi_agent_send_finish(struct agent *agent)
{
    bool done = rpi_work_queue_done(agent->work_queue) || work_queue_stopped(agent->work_queue);
    bool empty = rpi_agent_places(agent, BATCH_NONE) == RESERVOIRS;
    if (agent->finish_told || !agent->closed || !done || !empty)
        return MPI_SUCCESS;
    agent->finish_told = true;
    return rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_FINISHED,
                                                        .progress_counters = progress_counters(
                                                            &agent->news, agent->work_queue)});
}

/* After its last message a node is silent. */
int rpi_agent_send_progress(struct agent *agent)
{
    struct agent_message message;
    bool due = !agent->finish_told &&
               progress_due(&agent->news, agent->work_queue, rpi_clock_seconds(), &message);
    return due ? rpi_agent_send(agent, message) : MPI_SUCCESS;
}

int rpi_agent_request_progress(struct agent *agent, int address)
{
    struct agent_message message;
    bool wanted = progress_wanted(agent->pool, &message);
    message.job = agent->job;
    return wanted ? rpi_channel_message(&agent->channel, address, &message) : MPI_SUCCESS;
}

int rpi_agent_request_progress_of_all(struct agent *agent)
{
    const struct world *world = &agent->pool->world;
    int code = MPI_SUCCESS;
    for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
        if (node != world->node)
            code = rpi_agent_request_progress(agent, node);
    }
    return code;
}
