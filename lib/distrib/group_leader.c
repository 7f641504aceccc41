#include "distrib/group_leader.h"

#include "base/environment.h"
#include "base/error.h"

#include <stdlib.h>

/* ---- the size of groups ---------------------------------------------------------------------- */

/* The root keeps account of deaths, and shares of a static schedule belong to single nodes, so it
 * serves all nodes then. */
rp_status rpi_group_size(const rp_pool *pool, const struct job *job, int *size, rp_error *error)
{
    bool shares = job->choice.schedule == RP_SCHEDULE_STATIC && job->begun < job->units.count;
    int64_t nodes = groups_usual_size(pool->world.nodes);
    *size = 0;
    if (rpi_environment_integer("RANKPOOL_TEST_GROUP", 0, INT32_MAX, &nodes, error) != RP_OK)
        return error->status;
    if (pool->world.nodes > 1 && !pool->ops->elects && !shares)
        *size = (int)nodes;
    return RP_OK;
}

/* ---- batches of the group -------------------------------------------------------------------- */

/* The client is in the group's leader. */
static struct group_leader *group_of(const struct batch_client *client)
{
    return (struct group_leader *)client;
}

/* Units that no node has got. */
static uint64_t group_units_left(const struct group_leader *group)
{
    uint64_t units = 0;
    for (uint32_t i = 0; i < group->accounting.entries; i++)
        units += unit_range_length(group->accounting.left[i].unit_range);
    return units;
}

/* The speed of the nodes that have measured it, scaled to all: a sum of those alone would make the
 * root take other groups for slow. 0: unknown. */
static double group_speed(const struct group_leader *group)
{
    const struct batch_policy *policy = &group->dispatcher->dispatch;
    return policy->measured > 0 ? policy->speed * (double)policy->ranks / (double)policy->measured
                                : 0;
}

static void group_supply(const struct batch_client *client, struct supply *supply)
{
    const struct group_leader *group = group_of(client);
    supply->waiting = group_units_left(group);
    supply->idle = supply->waiting == 0;
    supply->units_per_second = group_speed(group);
}

static bool group_has_room(const struct batch_client *client)
{
    return !client->link->stopped;
}

static int group_offer(struct batch_client *client, int place)
{
    struct group_leader *group = group_of(client);
    if (client->link->stopped)
        return MPI_SUCCESS;
    if (group_units_left(group) == 0)
        group->accounting.entries = 0;
    if (!rpi_accounting_leave(&group->accounting, client->batches[place].units, -1))
        return MPI_ERR_NO_MEM;
    return rpi_dispatcher_resume(group->dispatcher);
}

/* Has a node got each unit of the batch? */
static bool group_batch_issued(const struct group_leader *group, const struct batch *batch)
{
    bool issued = true;
    for (uint32_t i = 0; i < group->accounting.entries; i++) {
        struct unit_range left = group->accounting.left[i].unit_range;
        issued = issued && (unit_range_empty(left) || left.low < batch->units.low ||
                            left.high > batch->units.high);
    }
    return issued;
}

/* With results, all must be here, or all nodes have finished after a stop. */
static bool group_used_up(const struct batch_client *client, int place)
{
    const struct batch *batch = &client->batches[place];
    if (client->link->stopped)
        return client->link->unfinished == 0;
    return batch_client_delivers(client) ? batch->delivered == unit_range_length(batch->units)
                                         : group_batch_issued(group_of(client), batch);
}

static void group_forget(struct batch_client *client, int place)
{
    (void)client;
    (void)place;
}

static int group_close(struct batch_client *client)
{
    return rpi_dispatcher_end(group_of(client)->dispatcher);
}

static const struct batch_client_ops group_batches = {
    .supply = group_supply,
    .has_room = group_has_room,
    .offer = group_offer,
    .used_up = group_used_up,
    .forget = group_forget,
    .close = group_close,
};

/* The place of the batch that these items are in; or -1. */
static int group_find(const struct group_leader *group, int64_t first, int64_t items)
{
    for (int i = 0; i < BATCH_QUEUES; i++) {
        const struct batch *batch = &group->client.batches[i];
        if (batch->state == BATCH_OFFERED && first >= batch->first &&
            first + items <= batch->first + batch->items)
            return i;
    }
    return -1;
}

static struct dispatched_element group_element(struct dispatcher *dispatcher, int index,
                                               int64_t item)
{
    struct group_leader *group = ((struct agent *)dispatcher->link)->group;
    int place = group_find(group, item, 1);
    struct batch *batch = &group->client.batches[place];
    return (struct dispatched_element){
        rpi_batch_element(&group->client, place, index, item - batch->first), &batch->travelling};
}

/* ---- messages and steps ---------------------------------------------------------------------- */

/* The place of the batch that these units are in; or -1. */
static int group_find_units(const struct group_leader *group, struct unit_range units)
{
    rp_range items = units_to_items(&group->client.units, units);
    return group_find(group, items.begin, items.end - items.begin);
}

bool rpi_group_expects(const struct group_leader *group, const struct agent_message *message)
{
    if (message->link.kind == MESSAGE_DIED || message->link.kind == MESSAGE_CLEAR)
        return false; /* only where ranks survive deaths, and there are no groups there */
    if (message->link.kind == MESSAGE_RESULT)
        return message->items > 0 && group_find(group, message->first, message->items) >= 0;
    if (message->link.kind != MESSAGE_DELIVERED)
        return true;
    int place = group_find_units(group, message->units);
    if (place < 0)
        return false;
    const struct batch *batch = &group->client.batches[place];
    return unit_range_length(message->units) <= unit_range_length(batch->units) - batch->delivered;
}

int rpi_group_read(struct group_leader *group, int from, const struct agent_message *message)
{
    if (message->link.kind == MESSAGE_DELIVERED) {
        int place = group_find_units(group, message->units);
        group->client.batches[place].delivered += unit_range_length(message->units);
    }
    return rpi_dispatcher_read(group->dispatcher, from, message);
}

static int group_send_finish(struct agent *agent)
{
    const struct batch_client *client = &agent->group->client;
    if (agent->link.group.finish_sent || !client->closed || agent->link.unfinished > 0 ||
        rpi_batch_count(client, BATCH_NONE) < BATCH_QUEUES)
        return MPI_SUCCESS;
    struct agent_message message = rpi_agent_finished(agent);
    return rpi_node_link_finish_group(&agent->link, &message.link);
}

int rpi_group_step(struct agent *agent)
{
    struct group_leader *group = agent->group;
    if (group == NULL)
        return MPI_SUCCESS;
    int code = rpi_batch_advance(&group->client);
    if (code == MPI_SUCCESS)
        code = rpi_batch_request(&group->client, group_speed(group));
    return code == MPI_SUCCESS ? group_send_finish(agent) : code;
}

bool rpi_group_waits(const struct group_leader *group)
{
    return group->client.requested > 0 && group_units_left(group) == 0;
}

/* ---- creation -------------------------------------------------------------------------------- */

static void group_init_client(struct agent *agent, const struct agent_job *job)
{
    struct batch_client *client = &agent->group->client;
    int members = groups_members(&agent->link.groups, agent->pool->world.node);
    rpi_batch_client_init(client, &group_batches, &agent->link, agent->link.group.parent, job);
    client->staging = rpi_staging_of_group(job->staging, &client->units, members);
    client->stage = NULL;
    if (staging_needed(&client->staging))
        client->stage = malloc(BATCH_QUEUES * client->staging.slot_bytes);
}

/* Only the units left are used of the account. */
static bool group_init_dispatcher(struct agent *agent, const struct agent_job *job)
{
    struct group_leader *group = agent->group;
    const struct world *world = &agent->pool->world;
    bool begun = rpi_accounting_begin(&group->accounting, job->job->units.count, 1, world->nodes,
                                      UINT32_MAX);
    if (begun)
        group->dispatcher = rpi_dispatcher_make(&agent->link, job->arrays, job->count, job->staging,
                                                job->job, &group->accounting);
    if (group->dispatcher == NULL)
        return false;
    group->dispatcher->more = true;
    group->dispatcher->element = group_element;
    return true;
}

rp_status rpi_group_make(struct agent *agent, const struct agent_job *job, rp_error *error)
{
    if (agent->link.group.parent < 0)
        return RP_OK;
    agent->group = calloc(1, sizeof *agent->group);
    if (agent->group != NULL)
        group_init_client(agent, job);
    if (agent->group == NULL ||
        (staging_needed(&agent->group->client.staging) && agent->group->client.stage == NULL) ||
        !group_init_dispatcher(agent, job))
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory to dispatch to a group of nodes");
    return RP_OK;
}

void rpi_group_drop(struct group_leader *group)
{
    if (group == NULL)
        return;
    rpi_dispatcher_drop(group->dispatcher);
    rpi_accounting_end(&group->accounting);
    /* After a failure MPI may still access the stage, so it is not freed. */
    if (channel_idle(group->client.link->channel))
        free(group->client.stage);
    free(group);
}
