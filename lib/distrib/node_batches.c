#include "distrib/node_agent.h"

#include "base/clock.h"

#include <string.h>

static int find_batch(const struct agent *agent, enum batch_state state)
{
    int place = 0;
    while (place < BATCH_QUEUES && agent->batches[place].state != state)
        place++;
    return place < BATCH_QUEUES ? place : -1;
}

static char *batch_stage_at(const struct agent *agent, int place, int index, int64_t element)
{
    return rpi_stage_at(agent->pool, &agent->staging, place, index, element);
}

/* ---- receiving batches ----------------------------------------------------------------------- */

static int batch_receive_inputs(struct agent *agent, int place, uint32_t arrays)
{
    struct batch *batch = &agent->batches[place];
    int code = MPI_SUCCESS;
    for (int i = 0; i < agent->array_count && code == MPI_SUCCESS; i++) {
        if ((arrays >> i & 1) != 0)
            code = rpi_node_link_expect(&agent->link, agent->pool->world.root_node,
                                        CHANNEL_FROM_ROOT, batch_stage_at(agent, place, i, 0),
                                        (size_t)batch->items * agent->arrays[i].size,
                                        &batch->travelling);
    }
    return code;
}

static int batch_accept(struct agent *agent, const struct agent_message *message)
{
    int place = find_batch(agent, BATCH_NONE);
    agent->batches_received++;
    agent->last_units = unit_range_length(message->units);
    agent->batches[place] = (struct batch){.state = BATCH_ARRIVING,
                                           .units = message->units,
                                           .attempt = (uint32_t)message->attempt,
                                           .first = message->first,
                                           .items = message->items};
    if (agent->requested > 0) {
        agent->requested--;
        agent->delivery =
            rpi_supply_learn_delivery(agent->delivery, rpi_clock_seconds() - agent->requested_at);
    }
    int status = agent->status_array;
    if (status >= 0 && agent->staging.staged[status])
        memset(batch_stage_at(agent, place, status, 0), RP_ERR_CANCELLED, (size_t)message->items);
    return batch_receive_inputs(agent, place, message->arrays);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* No more batches will arrive; or the job stops. */
static void agent_close_supply(struct agent *agent, const struct agent_message *message)
{
    agent->closing = true;
    agent->exhausted = agent->exhausted || !message->link.stop;
    agent->requested = 0;
}

/* Arrays whose elements may be sent to this node, or to the root. */
static uint32_t agent_arrays(const struct agent *agent, bool output)
{
    uint32_t arrays = 0;
    for (int i = 0; i < agent->array_count; i++) {
        bool comes = output ? agent->arrays[i].base != NULL : agent->staging.staged[i];
        if (comes && agent->arrays[i].output == output)
            arrays |= UINT32_C(1) << i;
    }
    return arrays;
}

bool rpi_agent_valid(const struct node_link *link, int from, const void *message, bool to_root,
                     bool to_node)
{
    const struct agent *agent = (const struct agent *)link;
    const struct world *world = &agent->pool->world;
    const struct agent_message *received = message;
    struct agent_message_terms terms = {.units = agent->units,
                                        .most = agent->staging.most,
                                        .inputs = agent_arrays(agent, false),
                                        .outputs = agent_arrays(agent, true),
                                        .to_root = to_root,
                                        .to_node = to_node,
                                        .from = from,
                                        .ranks = world->ranks,
                                        .node_of = world->node_of};
    return rpi_agent_message_valid(received, &terms) &&
           (received->link.kind != MESSAGE_BATCH || rpi_agent_batch_count(agent, BATCH_NONE) > 0);
}

/* Messages that the agent does not handle go to the dispatcher. */
int rpi_agent_read(struct node_link *link, int from, const void *message)
{
    struct agent *agent = (struct agent *)link;
    const struct agent_message *received = message;
    switch (received->link.kind) {
    case MESSAGE_BATCH:
        return batch_accept(agent, received);
    case LINK_CLOSED:
        agent_close_supply(agent, received);
        return MPI_SUCCESS;
    case MESSAGE_PROGRESS:
    case LINK_FINISHED:
        rpi_agent_read_progress(agent, from, received);
        return MPI_SUCCESS;
    default:
        break;
    }
    if (agent->dispatcher == NULL)
        return MPI_SUCCESS;
    int code = rpi_dispatcher_read(agent->dispatcher, from, received);
    if (received->link.kind == LINK_HELLO && from != agent->pool->world.node && code == MPI_SUCCESS)
        code = rpi_agent_request_progress(agent, from);
    return code;
}

/* ---- sending results ------------------------------------------------------------------------- */

static int batch_send_run(struct agent *agent, int place, rp_range within, uint32_t arrays)
{
    struct batch *batch = &agent->batches[place];
    int code = rpi_agent_send(agent, MESSAGE_RESULT,
                              (struct agent_message){.first = batch->first + within.begin,
                                                     .items = within.end - within.begin,
                                                     .arrays = arrays});
    for (int i = 0; i < agent->array_count && code == MPI_SUCCESS; i++) {
        if ((arrays >> i & 1) != 0)
            code =
                rpi_node_link_payload(&agent->link, agent->pool->world.root_node, CHANNEL_TO_ROOT,
                                      batch_stage_at(agent, place, i, within.begin),
                                      (size_t)(within.end - within.begin) * agent->arrays[i].size,
                                      &batch->travelling);
    }
    return code;
}

/* Returns the next run of successful items from `begin` on; empty if there is none. */
static rp_range next_successful_run(const uint8_t *statuses, int64_t begin, int64_t items)
{
    while (begin < items && statuses[begin] != RP_OK)
        begin++;
    rp_range run = {begin, begin};
    while (run.end < items && statuses[run.end] == RP_OK)
        run.end++;
    return run;
}

/* Marks the items of units that were given up after deaths of ranks as lost. */
static void batch_mark_lost(struct agent *agent, int place)
{
    const struct batch *batch = &agent->batches[place];
    struct unit_range lost = {0, 0};
    while (
        rpi_orphaned_work_next_given_up(rpi_work_queue_orphaned_work(agent->work_queue), &lost)) {
        rp_range items = units_to_items(&agent->units, lost);
        if (batch->units.low <= lost.low && lost.high <= batch->units.high)
            memset(batch_stage_at(agent, place, agent->status_array, items.begin - batch->first),
                   RP_ERR_LOST, (size_t)(items.end - items.begin));
    }
}

static int batch_send_runs(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    batch_mark_lost(agent, place);
    const uint8_t *statuses = (uint8_t *)batch_stage_at(agent, place, agent->status_array, 0);
    rp_range run = next_successful_run(statuses, 0, batch->items);
    if (run.end - run.begin == batch->items)
        return batch_send_run(agent, place, run, agent->results | agent->statuses);
    int code = MPI_SUCCESS;
    if (agent->statuses != 0)
        code = batch_send_run(agent, place, (rp_range){0, batch->items}, agent->statuses);
    while (run.begin < run.end && agent->results != 0 && code == MPI_SUCCESS) {
        code = batch_send_run(agent, place, run, agent->results);
        run = next_successful_run(statuses, run.end, batch->items);
    }
    return code;
}

static int batch_send_results(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    batch->state = BATCH_SHIPPING;
    if (agent->status_array < 0 || !agent->staging.staged[agent->status_array])
        return MPI_SUCCESS;
    int code = batch_send_runs(agent, place);
    if (code == MPI_SUCCESS)
        code =
            rpi_agent_send(agent, MESSAGE_DELIVERED, (struct agent_message){.units = batch->units});
    return code;
}

/* ---- batch states ---------------------------------------------------------------------------- */

/* Will no lane access the batch any more? If its elements are staged, all units must be finished
 * or, after a stop, all lanes have left. */
static bool batch_used_up(const struct agent *agent, int place)
{
    struct work_queue *work_queue = agent->work_queue;
    /* Suspects stay recorded as such until all units are finished. */
    if (!staging_needed(&agent->staging))
        return work_queue_stopped(work_queue) ||
               (rpi_work_queue_drained(work_queue, place) &&
                (agent->batches[place].attempt == 0 || rpi_work_queue_all_finished(work_queue)));
    return rpi_work_queue_finished(work_queue, place) || rpi_work_queue_left(work_queue);
}

static int batch_advance(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    int code = MPI_SUCCESS;
    if (batch->state == BATCH_ARRIVING && batch->travelling == 0) {
        batch->state = BATCH_OFFERED;
        rpi_work_queue_set_attempt(agent->work_queue, place, batch->attempt);
        rpi_work_queue_supply(agent->work_queue, place, batch->units);
        rpi_work_queue_account(agent->work_queue, place, batch->units,
                               staging_needed(&agent->staging));
    }
    if (batch->state == BATCH_OFFERED && batch_used_up(agent, place))
        code = batch_send_results(agent, place);
    if (batch->state == BATCH_SHIPPING && batch->travelling == 0) {
        batch->state = BATCH_NONE;
        rpi_work_queue_forget(agent->work_queue, place);
    }
    return code;
}

int rpi_agent_advance(struct agent *agent)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < BATCH_QUEUES && code == MPI_SUCCESS; i++)
        code = batch_advance(agent, i);
    if (agent->closing && !agent->closed && find_batch(agent, BATCH_ARRIVING) < 0) {
        agent->closed = true;
        rpi_work_queue_close(agent->work_queue);
    }
    return code;
}

/* ---- requesting batches ---------------------------------------------------------------------- */

/* Units that are on their way. */
static uint64_t arriving_units(const struct agent *agent)
{
    uint64_t units = 0;
    for (int i = 0; i < BATCH_QUEUES; i++)
        units += agent->batches[i].state == BATCH_ARRIVING
                     ? unit_range_length(agent->batches[i].units)
                     : 0;
    return units;
}

static struct supply agent_supply(const struct agent *agent)
{
    struct work_queue *work_queue = agent->work_queue;
    return (struct supply){.waiting = rpi_work_queue_waiting(work_queue),
                           .in_progress = rpi_work_queue_in_progress(work_queue),
                           .arriving = arriving_units(agent),
                           .idle = rpi_work_queue_idle(work_queue),
                           .requested = (uint32_t)agent->requested,
                           .room = (uint32_t)rpi_agent_batch_count(agent, BATCH_NONE),
                           .last = agent->last_units,
                           .most = agent->staging.most,
                           .units_per_second = agent->guess,
                           .delivery = agent->delivery};
}

int rpi_agent_estimate(struct agent *agent)
{
    struct supply supply = agent_supply(agent);
    uint64_t left = supply.waiting + supply.in_progress;
    uint64_t issued = work_queue_issued(agent->work_queue);
    if (left <= issued) {
        double now = rpi_clock_seconds();
        rpi_throughput_learn(&agent->speed, now, (uint32_t)(issued - left));
        agent->guess = rpi_throughput_guess(&agent->speed, now, (uint32_t)(issued - left));
    }
    supply.units_per_second = agent->guess;
    agent->lasts = rpi_supply_seconds(&supply);
    return MPI_SUCCESS;
}

int rpi_agent_request_batch(struct agent *agent)
{
    if (agent->closing || work_queue_stopped(agent->work_queue))
        return MPI_SUCCESS;
    struct supply supply = agent_supply(agent);
    if (!rpi_supply_request_due(&supply))
        return MPI_SUCCESS;
    if (agent->pool->ops->elects &&
        !rpi_orphaned_work_issue_room(rpi_work_queue_orphaned_work(agent->work_queue)))
        return MPI_SUCCESS; /* no room to record another batch */
    agent->requested++;
    agent->requested_at = rpi_clock_seconds();
    return rpi_agent_send(agent, MESSAGE_REQUEST,
                          (struct agent_message){.speed = agent->speed.units_per_second,
                                                 .seconds = rpi_supply_covered(&supply)});
}

int rpi_agent_send_clear(struct agent *agent)
{
    uint32_t issued = work_queue_issued(agent->work_queue);
    if (!agent->pool->ops->elects || agent->requested == 0 || issued == agent->cleared ||
        rpi_agent_batch_count(agent, BATCH_NONE) < BATCH_QUEUES ||
        !rpi_work_queue_all_finished(agent->work_queue))
        return MPI_SUCCESS;
    agent->cleared = issued;
    return rpi_agent_send(agent, MESSAGE_CLEAR, (struct agent_message){.items = issued});
}
