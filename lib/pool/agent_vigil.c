/* Who of the other agents has been silent for too long, or is gone. */
#include "pool/agent.h"

#include "base/clock.h"

#include <math.h>

void rpi_agent_lose(struct agent *agent, int node)
{
    rpi_vigil_accuse(&agent->vigil, &agent->pool->world, node, &agent->error);
    agent->lost_at = rpi_clock_seconds();
    rpi_board_stop(agent->board);
}

int rpi_agent_keep_vigil(struct agent *agent)
{
    double now = rpi_clock_seconds();
    int code = MPI_SUCCESS;
    if (agent->dispatcher == NULL && !agent->finish_told && rpi_vigil_speak(&agent->vigil, now))
        code = rpi_agent_tell(agent, (struct letter){.kind = LETTER_ALIVE});
    int silent = isinf(agent->lost_at) ? rpi_vigil_silent(&agent->vigil, now) : -1;
    if (silent < 0 || code != MPI_SUCCESS)
        return code;
    rpi_agent_lose(agent, silent);
    return agent->dispatcher != NULL ? rpi_dispatcher_lose(agent->dispatcher, &agent->post, silent)
                                     : MPI_SUCCESS;
}

/* Without the root there is nothing to go on for; without other nodes there is. */
int rpi_agent_look_after_others(struct agent *agent)
{
    const struct world *world = &agent->pool->world;
    if (!agent->survives)
        return MPI_SUCCESS;
    if (agent->dispatcher != NULL)
        return rpi_dispatcher_look(agent->dispatcher, &agent->post);
    if (!rpi_wires_whole(&world->star.wires, world->root)) {
        rpi_board_stop(agent->board);
        agent->over = true;
    }
    return MPI_SUCCESS;
}
