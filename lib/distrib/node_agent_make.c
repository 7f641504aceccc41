/* Making an agent for a job, on every rank that may be the one to have it, and dropping it. */
#include "distrib/node_agent.h"

#include "base/clock.h"
#include "base/error.h"
#include "distrib/node_leader.h"

#include <math.h>
#include <stdlib.h>

static void describe_node(struct agent *agent, rp_pool *pool)
{
    const double first_delivery = 2e-3;
    agent->pool = pool;
    agent->work_queue = pool->work_queue;
    agent->survives = pool->in_rounds;
    agent->dispatcher_at = agent->survives ? pool->world.root : pool->world.root_node;
    agent->asked = agent->heard = rpi_clock_seconds();
    agent->speed = rpi_throughput_start(agent->asked);
    agent->delivery = first_delivery;
    agent->lost_at = INFINITY;
    rpi_error_clear(&agent->error);
}

static void describe_job(struct agent *agent, const struct agent_job *job)
{
    agent->job = job_number(agent->pool);
    agent->units = job->job->units;
    /* A node that begins with nothing is sent its first batch unasked, where it is known who writes
     * for it. */
    agent->requested = job->job->begun == 0 && !agent->survives;
    agent->arrays = job->arrays;
    agent->array_count = job->count;
    agent->status_array = job->status_array;
    agent->staging = *job->staging;
    for (int i = 0; i < job->count; i++) {
        bool shipped = job->staging->staged[i] && job->arrays[i].output;
        if (shipped && i != job->status_array)
            agent->results |= UINT32_C(1) << i;
        else if (shipped && job->status_wanted)
            agent->statuses |= UINT32_C(1) << i;
    }
}

static rp_status furnish(struct agent *agent, const struct agent_job *job, rp_error *error)
{
    rp_pool *pool = agent->pool;
    const struct world *world = &pool->world;
    double silence = agent->survives ? 0 : pool->heartbeat_timeout; /* TCP links tell */
    if (!agent->survives && rpi_channel_open(&agent->channel, world->agents,
                                             sizeof(struct agent_message), error) != RP_OK)
        return error->status;
    agent->delivery += 2 * agent->channel.delay;
    if (!rpi_heartbeat_begin(&agent->heartbeat, world->nodes, silence))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to watch %d nodes", world->nodes);
    if (world->rank != world->root)
        return RP_OK;
    agent->dispatcher = rpi_dispatcher_make(pool, job->arrays, job->count, job->staging, job->job);
    if (agent->dispatcher == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to dispatch to %d nodes",
                             world->nodes);
    return RP_OK;
}

rp_status rpi_agent_make(rp_pool *pool, const struct agent_job *job, struct agent **agent,
                         rp_error *error)
{
    *agent = NULL;
    if (!rpi_may_write(pool))
        return RP_OK;
    struct agent *made = calloc(1, sizeof *made);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the agent of a node");
    describe_node(made, pool);
    describe_job(made, job);
    if (furnish(made, job, error) != RP_OK) {
        rpi_agent_drop(made);
        return error->status;
    }
    *agent = made;
    return RP_OK;
}

void rpi_agent_drop(struct agent *agent)
{
    if (agent == NULL)
        return;
    rpi_heartbeat_end(&agent->heartbeat);
    rpi_progress_message_end(&agent->news);
    rpi_dispatcher_drop(agent->dispatcher);
    rpi_channel_close(&agent->channel);
    free(agent);
}

struct agent *rpi_agent_elect(struct agent *agent)
{
    if (agent == NULL || rpi_writes(agent->pool))
        return agent;
    rpi_agent_drop(agent);
    return NULL;
}
