/* Who of the other agents has been silent for too long, or is gone. */
#include "distrib/node_agent.h"

#include "base/clock.h"

#include <math.h>

void rpi_agent_lose(struct agent *agent, int node)
{
    rpi_heartbeat_accuse(&agent->heartbeat, &agent->pool->world, node, &agent->error);
    agent->lost_at = rpi_clock_seconds();
    rpi_work_queue_stop(agent->work_queue);
}

int rpi_agent_watch_heartbeats(struct agent *agent)
{
    double now = rpi_clock_seconds();
    int code = MPI_SUCCESS;
    if (agent->dispatcher == NULL && !agent->finish_told &&
        rpi_heartbeat_spoke(&agent->heartbeat, now))
        code = rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_ALIVE});
    int silent = isinf(agent->lost_at) ? rpi_heartbeat_silent(&agent->heartbeat, now) : -1;
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    rpi_agent_lose(agent, silent);
    return agent->dispatcher != NULL
               ? rpi_dispatcher_lose(agent->dispatcher, &agent->channel, silent)
               : MPI_SUCCESS;
}

/* Without the root there is nothing to go on for; without other nodes there is. */
int rpi_agent_look_after_others(struct agent *agent)
{
    const struct world *world = &agent->pool->world;
    if (!agent->survives)
        return MPI_SUCCESS;
    if (agent->dispatcher != NULL)
        return rpi_dispatcher_look(agent->dispatcher, &agent->channel);
    if (!rpi_tcp_links_whole(&world->hub.tcp_links, world->root)) {
        rpi_work_queue_stop(agent->work_queue);
        agent->over = true;
    }
    return MPI_SUCCESS;
}
