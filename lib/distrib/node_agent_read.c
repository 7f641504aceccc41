/* What an agent does when a message comes. */
#include "distrib/node_agent.h"

#include "base/clock.h"

/* Where ranks survive, the first message of each node. */
static int greet(struct agent *agent, int node, const struct agent_message *message)
{
    int code = rpi_dispatcher_read(agent->dispatcher, &agent->channel, node, message);
    bool other = node != agent->pool->world.node;
    if (code == MPI_SUCCESS && other)
        code = rpi_agent_request_progress(agent, agent->dispatcher->nodes[node].agent);
    return code;
}

/* There are no more batches, or all is to stop. */
static void close_node(struct agent *agent, const struct agent_message *message)
{
    agent->closing = true;
    agent->exhausted = agent->exhausted || !message->stop;
    agent->requested = 0;
    if (!message->stop)
        return;
    agent->stop_told = true;
    rpi_work_queue_stop(agent->work_queue);
    if (message->lost >= 0)
        rpi_agent_lose(agent, message->lost);
}

/* Arrays of which elements may come here, or to the root. */
static uint32_t arrays_of(const struct agent *agent, bool output)
{
    uint32_t arrays = 0;
    for (int i = 0; i < agent->array_count; i++) {
        bool comes = output ? agent->arrays[i].base != NULL : agent->staging.staged[i];
        if (comes && agent->arrays[i].output == output)
            arrays |= UINT32_C(1) << i;
    }
    return arrays;
}

static bool message_valid(const struct agent *agent, int from, const struct agent_message *message)
{
    const struct world *world = &agent->pool->world;
    struct agent_message_terms terms = {.units = agent->units,
                                        .most = agent->staging.most,
                                        .inputs = arrays_of(agent, false),
                                        .outputs = arrays_of(agent, true),
                                        .dispatches = agent->dispatcher != NULL,
                                        .from_root = from == world->root_node,
                                        .survives = agent->survives,
                                        .from = from,
                                        .nodes = world->nodes,
                                        .ranks = world->ranks,
                                        .node_of = world->node_of};
    if (!rpi_agent_message_valid(message, &terms))
        return false;
    if (message->kind == MESSAGE_BATCH)
        return rpi_agent_places(agent, BATCH_NONE) > 0;
    if (message->kind == MESSAGE_FINISHED)
        return !agent->dispatcher->nodes[from].finished || agent->survives ||
               from == agent->dispatcher->lost;
    return true;
}

/* What is not for an agent is for the dispatcher. */
static int read_message(struct agent *agent, int from, const struct agent_message *message)
{
    rpi_heartbeat_heard(&agent->heartbeat, from, rpi_clock_seconds());
    switch (message->kind) {
    case MESSAGE_BATCH:
        return rpi_agent_accept_batch(agent, message);
    case MESSAGE_CLOSED:
        close_node(agent, message);
        return MPI_SUCCESS;
    case MESSAGE_OVER:
        agent->dismissed = true;
        return MPI_SUCCESS;
    case MESSAGE_PROGRESS:
        rpi_progress_message_read(&agent->news, agent->pool, from, message);
        return MPI_SUCCESS;
    case MESSAGE_HELLO:
        return greet(agent, from, message);
    case MESSAGE_FINISHED:
        rpi_heartbeat_dismiss(&agent->heartbeat, from);
        rpi_progress_message_read(&agent->news, agent->pool, from, message);
        break;
    default:
        break;
    }
    return agent->dispatcher != NULL
               ? rpi_dispatcher_read(agent->dispatcher, &agent->channel, from, message)
               : MPI_SUCCESS;
}

/* Over TCP links messages are from ranks. Is this one of the rank that writes for its node? */
static bool is_from_agent(struct agent *agent, const struct agent_message *message, int *from)
{
    int rank = *from;
    if (!agent->survives)
        return true;
    *from = agent->pool->world.node_of[rank];
    return agent->dispatcher == NULL ||
           (message->job == agent->job && rpi_dispatcher_on_message(agent->dispatcher, rank));
}

int rpi_agent_read_messages(struct agent *agent)
{
    struct agent_message message;
    int from, code;
    while ((code = rpi_channel_next(&agent->channel, &from, &message)) == MPI_SUCCESS &&
           from >= 0) {
        agent->heard = rpi_clock_seconds();
        int sender = from;
        if (!is_from_agent(agent, &message, &from) || message.job != agent->job)
            continue;
        if (!message_valid(agent, from, &message)) {
            rpi_channel_reject(&agent->channel, sender);
            continue;
        }
        if ((code = read_message(agent, from, &message)) != MPI_SUCCESS)
            return code;
    }
    return code;
}
