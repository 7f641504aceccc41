/* The batches of a node: its ranks take them from the work queue. */
#include "distrib/node_agent.h"

#include "base/clock.h"

#include <string.h>

/* The client is in its agent, as is the link. */
static struct agent *agent_of(const struct batch_client *client)
{
    return (struct agent *)client->link;
}

/* ---- the work queue as a client -------------------------------------------------------------- */

static void node_supply(const struct batch_client *client, struct supply *supply)
{
    const struct agent *agent = agent_of(client);
    supply->waiting = rpi_work_queue_waiting(agent->work_queue);
    supply->in_progress = rpi_work_queue_in_progress(agent->work_queue);
    supply->until_next =
        rpi_work_queue_until_next(agent->work_queue, agent->guess, rpi_clock_seconds());
    supply->idle = rpi_work_queue_idle(agent->work_queue);
    supply->units_per_second = agent->guess;
}

/* Where results die with their rank, batches are recorded. */
static bool node_has_room(const struct batch_client *client)
{
    struct work_queue *work_queue = agent_of(client)->work_queue;
    return !work_queue_stopped(work_queue) &&
           (!agent_of(client)->pool->ops->elects ||
            rpi_orphaned_work_issue_room(rpi_work_queue_orphaned_work(work_queue)));
}

/* Marks the items of units that were given up after deaths of ranks as lost. */
static void node_mark_lost(struct batch_client *client, int place)
{
    const struct batch *batch = &client->batches[place];
    struct orphaned_work *orphaned_work =
        rpi_work_queue_orphaned_work(agent_of(client)->work_queue);
    struct unit_range lost = {0, 0};
    while (rpi_orphaned_work_next_given_up(orphaned_work, &lost)) {
        rp_range items = units_to_items(&client->units, lost);
        if (batch->units.low <= lost.low && lost.high <= batch->units.high)
            memset(rpi_batch_element(client, place, client->status_array,
                                     items.begin - batch->first),
                   RP_ERR_LOST, (size_t)(items.end - items.begin));
    }
}

static int node_offer(struct batch_client *client, int place)
{
    struct work_queue *work_queue = agent_of(client)->work_queue;
    const struct batch *batch = &client->batches[place];
    rpi_work_queue_set_attempt(work_queue, place, batch->attempt);
    rpi_work_queue_supply(work_queue, place, batch->units);
    rpi_work_queue_account(work_queue, place, batch->units, staging_needed(&client->staging));
    return MPI_SUCCESS;
}

/* Will no lane access the batch any more? If its elements are staged, all units must be finished
 * or, after a stop, all lanes have left. */
static bool node_used_up(const struct batch_client *client, int place)
{
    struct work_queue *work_queue = agent_of(client)->work_queue;
    /* Suspects stay recorded as such until all units are finished. */
    if (!staging_needed(&client->staging))
        return work_queue_stopped(work_queue) ||
               (rpi_work_queue_drained(work_queue, place) &&
                (client->batches[place].attempt == 0 || rpi_work_queue_all_finished(work_queue)));
    return rpi_work_queue_finished(work_queue, place) || rpi_work_queue_left(work_queue);
}

static void node_forget(struct batch_client *client, int place)
{
    rpi_work_queue_forget(agent_of(client)->work_queue, place);
}

static int node_close(struct batch_client *client)
{
    rpi_work_queue_close(agent_of(client)->work_queue);
    return MPI_SUCCESS;
}

const struct batch_client_ops rpi_node_batches = {
    .supply = node_supply,
    .has_room = node_has_room,
    .mark = node_mark_lost,
    .offer = node_offer,
    .used_up = node_used_up,
    .forget = node_forget,
    .close = node_close,
};

/* ---- parts of a step ------------------------------------------------------------------------- */

int rpi_agent_advance(struct agent *agent)
{
    return rpi_batch_advance(&agent->client);
}

/* Until a unit is finished, the program's word tells when the node's first units end. Of later
 * batches it does not: if items took much longer, the node would get ever more of them. */
static double agent_guess(const struct agent *agent, double now, uint32_t done)
{
    double guess = rpi_throughput_guess(&agent->speed, now, done);
    return guess > 0 || agent->client.batches_received > 0 ? guess : agent->declared;
}

int rpi_agent_estimate(struct agent *agent)
{
    struct supply supply = rpi_batch_supply(&agent->client);
    uint64_t left = supply.waiting + supply.in_progress;
    uint64_t issued = work_queue_issued(agent->work_queue);
    if (left <= issued) {
        double now = rpi_clock_seconds();
        rpi_throughput_learn(&agent->speed, now, (uint32_t)(issued - left));
        agent->guess = agent_guess(agent, now, (uint32_t)(issued - left));
    }
    supply.units_per_second = agent->guess;
    agent->lasts = rpi_supply_seconds(&supply);
    return MPI_SUCCESS;
}

int rpi_agent_request_batch(struct agent *agent)
{
    return rpi_batch_request(&agent->client, agent->speed.units_per_second);
}

int rpi_agent_send_clear(struct agent *agent)
{
    uint32_t issued = work_queue_issued(agent->work_queue);
    if (!agent->pool->ops->elects || agent->client.requested == 0 || issued == agent->cleared ||
        rpi_batch_count(&agent->client, BATCH_NONE) < BATCH_QUEUES ||
        !rpi_work_queue_all_finished(agent->work_queue))
        return MPI_SUCCESS;
    agent->cleared = issued;
    return rpi_agent_send(agent, MESSAGE_CLEAR, (struct agent_message){.items = issued});
}
