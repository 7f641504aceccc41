#include "distrib/node_agent.h"

#include "base/clock.h"
#include "base/error.h"
#include "resilience/survival.h"

#include <stdlib.h>

/* ---- steps ----------------------------------------------------------------------------------- */

/* Executed in this order. */
static int (*const step_parts[])(struct agent *agent) = {
    rpi_agent_advance,    rpi_agent_estimate,      rpi_agent_send_deaths, rpi_agent_request_batch,
    rpi_agent_send_clear, rpi_agent_send_progress, rpi_agent_send_finish,
};

static double agent_sleep_seconds(struct agent *agent)
{
    bool awaited = agent->link.finish_sent || (agent->requested > 0 && agent->lasts <= 0);
    return rpi_poll_interval_seconds(
        &(struct poll_interval){.moving = !channel_idle(agent->link.channel),
                                .awaited = awaited,
                                .lasts = agent->lasts,
                                .dispatches = agent->dispatcher != NULL,
                                .silence = rpi_clock_seconds() - agent->link.heard});
}

/* Looks for deaths after a stop: batches are held until all live ranks have left, and ranks that
 * have left look no more. */
static void agent_look(const struct agent *agent)
{
    if (work_queue_stopped(agent->work_queue))
        rpi_survival_look(agent->pool);
}

static int agent_step(struct node_link *link)
{
    struct agent *agent = (struct agent *)link;
    int code = MPI_SUCCESS;
    agent_look(agent);
    for (size_t i = 0; i < sizeof step_parts / sizeof step_parts[0] && code == MPI_SUCCESS; i++)
        code = step_parts[i](agent);
    link->sleep = agent_sleep_seconds(agent);
    return code;
}

static int agent_give_up_node(struct node_link *link, int node)
{
    return rpi_dispatcher_give_up(((struct agent *)link)->dispatcher, node);
}

static const struct node_link_ops agent_ops = {
    .message_bytes = sizeof(struct agent_message),
    .serves_root = true,
    .valid = rpi_agent_valid,
    .read = rpi_agent_read,
    .step = agent_step,
    .gone = agent_give_up_node,
};

/* ---- creation -------------------------------------------------------------------------------- */

static void agent_init(struct agent *agent, rp_pool *pool)
{
    agent->pool = pool;
    agent->work_queue = pool->work_queue;
    agent->requested_at = rpi_clock_seconds();
    agent->speed = rpi_throughput_start(agent->requested_at);
    agent->delivery = rpi_supply_first_delivery();
}

static void agent_set_job(struct agent *agent, const struct agent_job *job)
{
    agent->units = job->job->units;
    /* If nodes begin without units, the dispatcher sends each its first batch unrequested. If it
     * does not know the leaders yet, agents request that batch. */
    agent->requested = job->job->begun == 0 && !agent->pool->ops->elects;
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

static rp_status agent_init_dispatcher(struct agent *agent, const struct agent_job *job,
                                       rp_error *error)
{
    agent->delivery += 2 * agent->link.channel->delay;
    if (!agent->link.on_root)
        return RP_OK;
    agent->dispatcher =
        rpi_dispatcher_make(&agent->link, job->arrays, job->count, job->staging, job->job);
    if (agent->dispatcher == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to dispatch to %d nodes",
                             agent->pool->world.nodes);
    return RP_OK;
}

rp_status rpi_agent_make(rp_pool *pool, const struct agent_job *job, struct agent **agent,
                         rp_error *error)
{
    *agent = NULL;
    if (!may_lead_node(pool))
        return RP_OK;
    struct agent *made = calloc(1, sizeof *made);
    if (made == NULL)
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the agent of a node");
    agent_init(made, pool);
    agent_set_job(made, job);
    if (rpi_node_link_init(&made->link, pool, &agent_ops, error) != RP_OK ||
        agent_init_dispatcher(made, job, error) != RP_OK) {
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
    free(agent->progress.log_copy);
    rpi_dispatcher_drop(agent->dispatcher);
    rpi_node_link_free(&agent->link);
    free(agent);
}

struct agent *rpi_agent_elect(struct agent *agent)
{
    if (leads_node(agent->pool))
        return agent;
    rpi_agent_drop(agent);
    return NULL;
}

/* ---- running --------------------------------------------------------------------------------- */

void rpi_agent_begin(struct agent *agent)
{
    /* The units that the node begins with may be in a batch queue. */
    for (int i = 0; i < BATCH_QUEUES; i++) {
        if (!rpi_work_queue_drained(agent->work_queue, i))
            agent->batches[i].state = BATCH_OFFERED;
    }
    rpi_node_link_open(&agent->link);
    if (agent->dispatcher != NULL) {
        rpi_node_link_check(&agent->link, rpi_dispatcher_open(agent->dispatcher));
        rpi_node_link_check(&agent->link, rpi_agent_request_progress_of_all(agent));
    }
    rpi_node_link_start(&agent->link);
}

bool rpi_agent_end(struct agent *agent, struct vote *vote)
{
    rpi_node_link_end(&agent->link, vote);
    agent->pool->traffic.batches += agent->batches_received;
    bool whole = agent->exhausted && rpi_work_queue_done(agent->work_queue);
    rpi_agent_drop(agent);
    return whole;
}
