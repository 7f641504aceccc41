/* What an agent tells the dispatcher, each thing when it is due. */
#include "distrib/node_agent.h"

#include "base/clock.h"

int rpi_agent_send(struct agent *agent, struct agent_message message)
{
    message.job = agent->job;
    return rpi_channel_message(&agent->channel, agent->dispatcher_at, &message);
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
    return rpi_agent_send(agent,
                          (struct agent_message){.kind = MESSAGE_FINISHED,
                                                 .progress_counters = rpi_progress_message_counters(
                                                     &agent->news, agent->work_queue)});
}

/* After its last message a node is silent. */
int rpi_agent_send_progress(struct agent *agent)
{
    struct agent_message message;
    bool due = !agent->finish_told && rpi_progress_message_due(&agent->news, agent->work_queue,
                                                               rpi_clock_seconds(), &message);
    return due ? rpi_agent_send(agent, message) : MPI_SUCCESS;
}

int rpi_agent_request_progress(struct agent *agent, int address)
{
    struct agent_message message;
    bool wanted = rpi_progress_message_wanted(agent->pool, &message);
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
