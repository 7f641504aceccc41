/* What an agent ships of a batch that is used up: statuses of all items, results of those that have
 * some. */
#include "distrib/node_agent.h"

#include <string.h>

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
                                       rpi_agent_staged(agent, place, i, within.begin),
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
            memset(rpi_agent_staged(agent, place, agent->status_array, items.begin - batch->first),
                   RP_ERR_LOST, (size_t)(items.end - items.begin));
    }
}

static int ship_results(struct agent *agent, int place)
{
    struct batch *batch = &agent->batches[place];
    if (agent->survives)
        note_given_up(agent, place);
    const uint8_t *statuses = (uint8_t *)rpi_agent_staged(agent, place, agent->status_array, 0);
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

int rpi_agent_send_results(struct agent *agent, int place)
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
