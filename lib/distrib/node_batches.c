#include "distrib/node_agent.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

/* A node asks for a batch when what it has lasts no longer than so many deliveries of one,
 * and a bit. */
static const double deliveries = 2, bit = 1e-3;

static int place_of(const struct agent *agent, enum batch_state state)
{
    int place = 0;
    while (place < RESERVOIRS && agent->batches[place].state != state)
        place++;
    return place < RESERVOIRS ? place : -1;
}

/* Is the end of this rank that of its node? The root's node does not end. */
static bool single(const struct agent *agent)
{
    return agent->dispatcher == NULL && rpi_work_queue_alive(agent->work_queue) == 1;
}

/* Is there a batch that was at hand in deaths, and is not done? */
static bool suspected(const struct agent *agent)
{
    bool suspected = false;
    for (int i = 0; i < RESERVOIRS && !suspected; i++)
        suspected = agent->batches[i].state != BATCH_NONE && agent->batches[i].attempt > 0;
    return suspected;
}

static char *batch_staged(const struct agent *agent, int place, int index, int64_t element)
{
    return rpi_stage_at(agent->pool, &agent->staging, place, index, element);
}

/* ---- coming in ------------------------------------------------------------------------------- */

static int expect_inputs(struct agent *agent, int place, uint32_t arrays)
{
    struct batch *batch = &agent->batches[place];
    int code = MPI_SUCCESS;
    for (int i = 0; i < agent->array_count && code == MPI_SUCCESS; i++) {
        if ((arrays >> i & 1) != 0)
            code = rpi_channel_expect(&agent->channel, agent->dispatcher_at, POST_OUTWARD,
                                      batch_staged(agent, place, i, 0),
                                      (size_t)batch->items * agent->arrays[i].size,
                                      &batch->travelling);
    }
    return code;
}

static int accept_batch(struct agent *agent, const struct agent_message *message)
{
    const double weight = 0.3;
    int place = place_of(agent, BATCH_NONE);
    agent->batches_come++;
    agent->batches[place] = (struct batch){.state = BATCH_ARRIVING,
                                           .units = message->units,
                                           .attempt = (uint32_t)message->attempt,
                                           .first = message->first,
                                           .items = message->items};
    if (agent->requested > 0) {
        agent->requested--;
        double took = rpi_clock_seconds() - agent->asked;
        agent->delivery += weight * (took - agent->delivery);
    }
    int status = agent->status_array;
    if (status >= 0 && agent->staging.staged[status])
        memset(batch_staged(agent, place, status, 0), RP_ERR_CANCELLED, (size_t)message->items);
    return expect_inputs(agent, place, message->arrays);
}

/* ---- messages -------------------------------------------------------------------------------- */

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
        return accept_batch(agent, message);
    case MESSAGE_CLOSED:
        close_node(agent, message);
        return MPI_SUCCESS;
    case MESSAGE_OVER:
        agent->dismissed = true;
        return MPI_SUCCESS;
    case MESSAGE_PROGRESS:
        rpi_agent_read_progress(agent, from, message);
        return MPI_SUCCESS;
    case MESSAGE_HELLO:
        return greet(agent, from, message);
    case MESSAGE_FINISHED:
        rpi_heartbeat_dismiss(&agent->heartbeat, from);
        rpi_agent_read_progress(agent, from, message);
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

/* ---- results going out ----------------------------------------------------------------------- */
static int ship_items(struct agent *agent, int place, rp_range within, uint32_t arrays)
{
    struct batch *batch = &agent->batches[place];
    int code = rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_RESULT,
                                                            .first = batch->first + within.begin,
                                                            .items = within.end - within.begin,
                                                            .arrays = arrays});
    for (int i = 0; i < agent->array_count && code == MPI_SUCCESS; i++) {
        if ((arrays >> i & 1) != 0)
            code = rpi_channel_payload(&agent->channel, agent->dispatcher_at, POST_HOMEWARD,
                                       batch_staged(agent, place, i, within.begin),
                                       (size_t)(within.end - within.begin) * agent->arrays[i].size,
                                       &batch->travelling);
    }
    return code;
}

/* The next run of items whose results are there, from `begin` on; empty if there is none. */
static rp_range next_good(const uint8_t *statuses, int64_t begin, int64_t items)
{
    while (begin < items && statuses[begin] != RP_OK)
        begin++;
    rp_range run = {begin, begin};
    while (run.end < items && statuses[run.end] == RP_OK)
        run.end++;
    return run;
}

/* What ranks died of counts as lost. */
static void note_given_up(struct agent *agent, int place)
{
    const struct batch *batch = &agent->batches[place];
    struct unit_range lost = {0, 0};
    while (
        rpi_orphaned_work_next_given_up(rpi_work_queue_orphaned_work(agent->work_queue), &lost)) {
        rp_range items = units_to_items(&agent->units, lost);
        if (batch->units.low <= lost.low && lost.high <= batch->units.high)
            memset(batch_staged(agent, place, agent->status_array, items.begin - batch->first),
                   RP_ERR_LOST, (size_t)(items.end - items.begin));
    }
}

static int ship_results(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    if (agent->survives)
        note_given_up(agent, place);
    const uint8_t *statuses = (uint8_t *)batch_staged(agent, place, agent->status_array, 0);
    rp_range run = next_good(statuses, 0, batch->items);
    if (run.end - run.begin == batch->items)
        return ship_items(agent, place, run, agent->results | agent->statuses);
    int code = MPI_SUCCESS;
    if (agent->statuses != 0)
        code = ship_items(agent, place, (rp_range){0, batch->items}, agent->statuses);
    while (run.begin < run.end && agent->results != 0 && code == MPI_SUCCESS) {
        code = ship_items(agent, place, run, agent->results);
        run = next_good(statuses, run.end, batch->items);
    }
    return code;
}

/* Results stay here, and the root hears nothing of them; but that no rank died of these. What is
 * used up is done unless all was to stop. */
static int tell_outlived(struct agent *agent, int place)
{
    const struct batch *batch = &agent->batches[place];
    if (batch->attempt == 0 || work_queue_stopped(agent->work_queue))
        return MPI_SUCCESS;
    return rpi_agent_send(agent,
                          (struct agent_message){.kind = MESSAGE_OUTLIVED, .units = batch->units});
}

static int send_results(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    batch->state = BATCH_SHIPPING;
    if (agent->status_array < 0 || !agent->staging.staged[agent->status_array])
        return tell_outlived(agent, place);
    int code = ship_results(agent, place);
    if (code == MPI_SUCCESS && agent->survives)
        code = rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_DELIVERED,
                                                            .units = batch->units});
    return code;
}

/* ---- at hand --------------------------------------------------------------------------------- */

/* Will nobody touch the batch any more? With results to ship all of it must be finished or, once a
 * rank gave up, all lanes have left. */
static bool used_up(const struct agent *agent, int place)
{
    struct work_queue *work_queue = agent->work_queue;
    /* What was at hand in deaths stays known as that until it is done, or left for
     * another round. */
    bool holds = agent->batches[place].attempt > 0 && !rpi_work_queue_done(work_queue);
    if (!staging_needed(&agent->staging))
        return work_queue_stopped(work_queue) ||
               (rpi_work_queue_drawn(work_queue, place) &&
                (!holds || rpi_work_queue_accounted(work_queue, place)));
    return rpi_work_queue_finished(work_queue, place) || rpi_work_queue_left(work_queue);
}

/* What was at hand in deaths comes when nothing else is at hand, where the end of the node is to
 * tell of it. */
static bool may_offer(const struct agent *agent, const struct batch *batch)
{
    uint64_t others =
        rpi_work_queue_waiting(agent->work_queue) + rpi_work_queue_in_hand(agent->work_queue);
    return batch->attempt == 0 || !single(agent) || others == 0;
}

static int advance_batch(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    int code = MPI_SUCCESS;
    if (batch->state == BATCH_ARRIVING && batch->travelling == 0 && may_offer(agent, batch)) {
        batch->state = BATCH_OFFERED;
        rpi_work_queue_suspect(agent->work_queue, place, batch->attempt);
        rpi_work_queue_supply(agent->work_queue, place, batch->units);
        if (agent->survives)
            rpi_work_queue_account(agent->work_queue, place, batch->units,
                                   staging_needed(&agent->staging));
    }
    if (batch->state == BATCH_OFFERED && used_up(agent, place))
        code = send_results(agent, place);
    if (batch->state == BATCH_SHIPPING && batch->travelling == 0) {
        batch->state = BATCH_NONE;
        rpi_work_queue_forget(agent->work_queue, place);
    }
    return code;
}

int rpi_agent_advance(struct agent *agent)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < RESERVOIRS && code == MPI_SUCCESS; i++)
        code = advance_batch(agent, i);
    if (agent->closing && !agent->closed && place_of(agent, BATCH_ARRIVING) < 0) {
        agent->closed = true;
        rpi_work_queue_close(agent->work_queue);
    }
    return code;
}

/* ---- the next ones --------------------------------------------------------------------------- */

/* How long what the node has will last, in seconds. With a rank idle: nothing at all. */
static double supply_lasts(struct agent *agent)
{
    struct work_queue *work_queue = agent->work_queue;
    uint64_t waiting = rpi_work_queue_waiting(work_queue),
             in_hand = rpi_work_queue_in_hand(work_queue);
    uint64_t issued = work_queue_issued(work_queue);
    if (waiting + in_hand <= issued)
        rpi_throughput_learn(&agent->speed, rpi_clock_seconds(),
                             (uint32_t)(issued - waiting - in_hand));
    if (waiting == 0 && rpi_work_queue_idle(work_queue) > 0)
        return 0;
    double units = (double)waiting + (double)in_hand / 2;
    return agent->speed.units_per_second > 0 ? units / agent->speed.units_per_second : INFINITY;
}

int rpi_agent_estimate(struct agent *agent)
{
    agent->lasts = supply_lasts(agent);
    return MPI_SUCCESS;
}

int rpi_agent_ask(struct agent *agent)
{
    bool room = agent->requested < rpi_agent_places(agent, BATCH_NONE);
    double covered = deliveries * agent->delivery + bit;
    if (agent->closing || work_queue_stopped(agent->work_queue) || !room || agent->lasts > covered)
        return MPI_SUCCESS;
    if (agent->survives &&
        !rpi_orphaned_work_issue_room(rpi_work_queue_orphaned_work(agent->work_queue)))
        return MPI_SUCCESS; /* so many batches that no more can be accounted for */
    /* Another batch before the last has come is worth asking for only where they are small. */
    if (agent->requested > 0 && !staging_needed(&agent->staging))
        return MPI_SUCCESS;
    if (single(agent) && suspected(agent))
        return MPI_SUCCESS;
    agent->requested++;
    agent->asked = rpi_clock_seconds();
    return rpi_agent_send(agent, (struct agent_message){.kind = MESSAGE_REQUEST,
                                                        .speed = agent->speed.units_per_second,
                                                        .seconds = covered});
}
