#include "distrib/node_agent.h"

#include "base/clock.h"
#include "base/error.h"
#include "distrib/group_leader.h"
#include "resilience/survival.h"

#include <stdlib.h>

/* ---- steps ----------------------------------------------------------------------------------- */

/* Executed in this order. */
static int (*const step_parts[])(struct agent *agent) = {
    rpi_agent_advance,    rpi_agent_estimate,      rpi_agent_send_deaths, rpi_agent_request_batch,
    rpi_agent_send_clear, rpi_agent_send_progress, rpi_agent_send_finish, rpi_group_step,
};

static double agent_sleep_seconds(struct agent *agent)
{
    bool awaited = agent->link.finish_sent || (agent->client.requested > 0 && agent->lasts <= 0) ||
                   (agent->group != NULL && rpi_group_waits(agent->group));
    return rpi_poll_interval_seconds(
        &(struct poll_interval){.moving = !channel_idle(agent->link.channel),
                                .awaited = awaited,
                                .lasts = agent->lasts,
                                .dispatches = agent->link.child_count > 0,
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

/* ---- messages -------------------------------------------------------------------------------- */

/* On the leader of a group the root sends to the group. */
static struct batch_client *agent_client(struct agent *agent, int from)
{
    return from == agent->link.group.parent ? &agent->group->client : &agent->client;
}

/* Arrays whose results may come to this node. */
static uint32_t agent_outputs(const struct agent *agent)
{
    const struct batch_client *client = &agent->client;
    uint32_t outputs = 0;
    for (int i = 0; i < client->array_count; i++) {
        bool comes =
            agent->link.on_root ? client->arrays[i].base != NULL : client->staging.staged[i];
        if (comes && client->arrays[i].output)
            outputs |= UINT32_C(1) << i;
    }
    return outputs;
}

static bool agent_valid(const struct node_link *link, int from, const void *message, bool to_root,
                        bool to_node)
{
    struct agent *agent = (struct agent *)link;
    const struct world *world = &agent->pool->world;
    const struct agent_message *received = message;
    const struct batch_client *client = agent_client(agent, from);
    struct agent_message_terms terms = {.units = client->units,
                                        .most = client->staging.most,
                                        .inputs = rpi_batch_inputs(client),
                                        .outputs = agent_outputs(agent),
                                        .to_root = to_root,
                                        .to_node = to_node,
                                        .from = from,
                                        .nodes = world->nodes,
                                        .ranks = world->ranks,
                                        .node_of = world->node_of};
    return rpi_agent_message_valid(received, &terms) &&
           (received->link.kind != MESSAGE_BATCH || rpi_batch_find(client, BATCH_NONE) >= 0) &&
           (agent->group == NULL || rpi_group_expects(agent->group, received));
}

/* Messages that the agent does not handle go to the dispatcher. */
static int agent_read_served(struct agent *agent, int from, const struct agent_message *message)
{
    if (agent->group != NULL)
        return rpi_group_read(agent->group, from, message);
    if (agent->dispatcher == NULL)
        return MPI_SUCCESS;
    int code = rpi_dispatcher_read(agent->dispatcher, from, message);
    if (message->link.kind == LINK_HELLO && from != agent->pool->world.node && code == MPI_SUCCESS)
        code = rpi_agent_request_progress(agent, from);
    return code;
}

static int agent_read(struct node_link *link, int from, const void *message)
{
    struct agent *agent = (struct agent *)link;
    const struct agent_message *received = message;
    switch (received->link.kind) {
    case MESSAGE_BATCH:
        return rpi_batch_accept(agent_client(agent, from), received);
    case LINK_CLOSED:
        rpi_batch_close_supply(agent_client(agent, from), received);
        return MPI_SUCCESS;
    case MESSAGE_PROGRESS:
    case LINK_FINISHED:
        return rpi_agent_read_progress(agent, from, received);
    default:
        return agent_read_served(agent, from, received);
    }
}

static const struct node_link_ops agent_ops = {
    .message_bytes = sizeof(struct agent_message),
    .serves_root = true,
    .valid = agent_valid,
    .read = agent_read,
    .step = agent_step,
    .gone = agent_give_up_node,
};

/* ---- creation -------------------------------------------------------------------------------- */

static rp_status agent_init_dispatcher(struct agent *agent, const struct agent_job *job,
                                       rp_error *error)
{
    struct rounds *rounds = &agent->pool->survival->rounds;
    if (!agent->link.on_root)
        return rpi_group_make(agent, job, error);
    agent->dispatcher = rpi_dispatcher_make(&agent->link, job->arrays, job->count, job->staging,
                                            job->job, &rounds->accounting);
    if (agent->dispatcher == NULL ||
        (rounds->number == 0 && !rpi_dispatcher_record_initial(agent->dispatcher, job->job)))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to dispatch to %d nodes",
                             agent->pool->world.nodes);
    return RP_OK;
}

/* Of all ranks of the node. */
static double agent_declared_speed(const rp_pool *pool, const struct job *job)
{
    const struct world *world = &pool->world;
    double unit = job->costs.unit * world->crowding;
    return unit > 0 ? world->node_ranks / unit : 0;
}

static rp_status agent_init(struct agent *agent, rp_pool *pool, const struct agent_job *job,
                            rp_error *error)
{
    int group;
    agent->pool = pool;
    agent->work_queue = pool->work_queue;
    agent->speed = rpi_throughput_start(rpi_clock_seconds());
    agent->declared = agent_declared_speed(pool, job->job);
    if (rpi_group_size(pool, job->job, &group, error) != RP_OK ||
        rpi_node_link_init(&agent->link, pool, &agent_ops, group, error) != RP_OK)
        return error->status;
    rpi_batch_client_init(&agent->client, &rpi_node_batches, &agent->link, agent->link.parent, job);
    return agent_init_dispatcher(agent, job, error);
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
    if (agent_init(made, pool, job, error) != RP_OK) {
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
    rpi_group_drop(agent->group);
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
            agent->client.batches[i].state = BATCH_OFFERED;
    }
    rpi_node_link_open(&agent->link);
    if (agent->group != NULL)
        rpi_node_link_check(&agent->link, rpi_dispatcher_open(agent->group->dispatcher));
    if (agent->dispatcher != NULL) {
        rpi_node_link_check(&agent->link, rpi_dispatcher_open(agent->dispatcher));
        rpi_node_link_check(&agent->link, rpi_agent_request_progress_of_all(agent));
    }
    rpi_node_link_start(&agent->link);
}

bool rpi_agent_end(struct agent *agent, struct vote *vote)
{
    rpi_node_link_end(&agent->link, vote);
    agent->pool->traffic.batches += agent->client.batches_received;
    bool whole = agent->client.exhausted && rpi_work_queue_done(agent->work_queue);
    rpi_agent_drop(agent);
    return whole;
}
