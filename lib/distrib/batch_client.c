#include "distrib/batch_client.h"

#include "base/clock.h"

#include <string.h>

void rpi_batch_client_init(struct batch_client *client, const struct batch_client_ops *ops,
                           struct node_link *link, int server, const struct agent_job *job)
{
    bool of_group = server != link->pool->world.root_node; /* whose leader needs the statuses */
    *client = (struct batch_client){
        .ops = ops,
        .link = link,
        .server = server,
        .units = job->job->units,
        .arrays = job->arrays,
        .array_count = job->count,
        .status_array = job->status_array,
        .staging = *job->staging,
        .stage = link->pool->memory.stage.base,
        .delivery = rpi_supply_first_delivery() + 2 * link->channel->delay,
        .requested_at = rpi_clock_seconds(),
        /* If nodes begin without units, the dispatcher sends each its first batch unrequested. If
         * it does not know the leaders yet, agents request that batch. */
        .requested = job->job->begun == 0 && !link->pool->ops->elects};
    for (int i = 0; i < job->count; i++) {
        bool shipped = job->staging->staged[i] && job->arrays[i].output;
        if (shipped && i != job->status_array)
            client->results |= UINT32_C(1) << i;
        else if (shipped && (job->status_wanted || of_group))
            client->statuses |= UINT32_C(1) << i;
    }
}

int rpi_batch_count(const struct batch_client *client, enum batch_state state)
{
    int places = 0;
    for (int i = 0; i < BATCH_QUEUES; i++)
        places += client->batches[i].state == state;
    return places;
}

int rpi_batch_find(const struct batch_client *client, enum batch_state state)
{
    int place = 0;
    while (place < BATCH_QUEUES && client->batches[place].state != state)
        place++;
    return place < BATCH_QUEUES ? place : -1;
}

char *rpi_batch_element(const struct batch_client *client, int place, int index, int64_t element)
{
    return rpi_stage_at(client->stage, &client->staging, place, index, element);
}

static int batch_send(struct batch_client *client, enum agent_message_kind kind,
                      struct agent_message message)
{
    message.link.kind = (int)kind;
    return rpi_node_link_send(client->link, client->server, &message.link);
}

/* ---- receiving batches ----------------------------------------------------------------------- */

static int batch_receive_inputs(struct batch_client *client, int place, uint32_t arrays)
{
    struct batch *batch = &client->batches[place];
    int code = MPI_SUCCESS;
    for (int i = 0; i < client->array_count && code == MPI_SUCCESS; i++) {
        if ((arrays >> i & 1) != 0)
            code = rpi_node_link_expect(client->link, client->server, CHANNEL_FROM_ROOT,
                                        rpi_batch_element(client, place, i, 0),
                                        (size_t)batch->items * client->arrays[i].size,
                                        &batch->travelling);
    }
    return code;
}

int rpi_batch_accept(struct batch_client *client, const struct agent_message *message)
{
    int place = rpi_batch_find(client, BATCH_NONE);
    double now = rpi_clock_seconds();
    client->batches_received++;
    client->last_units = unit_range_length(message->units);
    client->batches[place] = (struct batch){.state = BATCH_ARRIVING,
                                            .units = message->units,
                                            .attempt = (uint32_t)message->attempt,
                                            .first = message->first,
                                            .items = message->items,
                                            .came_at = now};
    if (client->requested > 0) {
        client->requested--;
        client->delivery = rpi_supply_learn(client->delivery, now - client->requested_at);
    }
    if (batch_client_delivers(client))
        memset(rpi_batch_element(client, place, client->status_array, 0), RP_ERR_CANCELLED,
               (size_t)message->items);
    return batch_receive_inputs(client, place, message->arrays);
}

/* No more batches will arrive; or the job stops. */
void rpi_batch_close_supply(struct batch_client *client, const struct agent_message *message)
{
    client->closing = true;
    client->exhausted = client->exhausted || !message->link.stop;
    client->requested = 0;
}

uint32_t rpi_batch_inputs(const struct batch_client *client)
{
    uint32_t inputs = 0;
    for (int i = 0; i < client->array_count; i++) {
        if (client->staging.staged[i] && !client->arrays[i].output)
            inputs |= UINT32_C(1) << i;
    }
    return inputs;
}

/* ---- sending results ------------------------------------------------------------------------- */

static int batch_send_run(struct batch_client *client, int place, rp_range within, uint32_t arrays)
{
    struct batch *batch = &client->batches[place];
    int code = batch_send(client, MESSAGE_RESULT,
                          (struct agent_message){.first = batch->first + within.begin,
                                                 .items = within.end - within.begin,
                                                 .arrays = arrays});
    for (int i = 0; i < client->array_count && code == MPI_SUCCESS; i++) {
        if ((arrays >> i & 1) != 0)
            code =
                rpi_node_link_payload(client->link, client->server, CHANNEL_TO_ROOT,
                                      rpi_batch_element(client, place, i, within.begin),
                                      (size_t)(within.end - within.begin) * client->arrays[i].size,
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

static int batch_send_runs(struct batch_client *client, int place)
{
    struct batch *batch = &client->batches[place];
    if (client->ops->mark != NULL)
        client->ops->mark(client, place);
    const uint8_t *statuses = (uint8_t *)rpi_batch_element(client, place, client->status_array, 0);
    rp_range run = next_successful_run(statuses, 0, batch->items);
    if (run.end - run.begin == batch->items)
        return batch_send_run(client, place, run, client->results | client->statuses);
    int code = MPI_SUCCESS;
    if (client->statuses != 0)
        code = batch_send_run(client, place, (rp_range){0, batch->items}, client->statuses);
    while (run.begin < run.end && client->results != 0 && code == MPI_SUCCESS) {
        code = batch_send_run(client, place, run, client->results);
        run = next_successful_run(statuses, run.end, batch->items);
    }
    return code;
}

static int batch_send_results(struct batch_client *client, int place)
{
    struct batch *batch = &client->batches[place];
    batch->state = BATCH_SHIPPING;
    if (!batch_client_delivers(client))
        return MPI_SUCCESS;
    int code = batch_send_runs(client, place);
    if (code == MPI_SUCCESS)
        code = batch_send(client, MESSAGE_DELIVERED, (struct agent_message){.units = batch->units});
    return code;
}

/* ---- batch states ---------------------------------------------------------------------------- */

static int batch_advance(struct batch_client *client, int place)
{
    struct batch *batch = &client->batches[place];
    int code = MPI_SUCCESS;
    if (batch->state == BATCH_ARRIVING && batch->travelling == 0) {
        batch->state = BATCH_OFFERED;
        client->transfer = rpi_supply_learn(client->transfer, rpi_clock_seconds() - batch->came_at);
        code = client->ops->offer(client, place);
    }
    if (code == MPI_SUCCESS && batch->state == BATCH_OFFERED && batch->travelling == 0 &&
        client->ops->used_up(client, place))
        code = batch_send_results(client, place);
    if (batch->state == BATCH_SHIPPING && batch->travelling == 0) {
        batch->state = BATCH_NONE;
        client->ops->forget(client, place);
    }
    return code;
}

int rpi_batch_advance(struct batch_client *client)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < BATCH_QUEUES && code == MPI_SUCCESS; i++)
        code = batch_advance(client, i);
    if (code == MPI_SUCCESS && client->closing && !client->closed &&
        rpi_batch_find(client, BATCH_ARRIVING) < 0) {
        client->closed = true;
        code = client->ops->close(client);
    }
    return code;
}

/* ---- requesting batches ---------------------------------------------------------------------- */

/* Units that are on their way. */
static uint64_t arriving_units(const struct batch_client *client)
{
    uint64_t units = 0;
    for (int i = 0; i < BATCH_QUEUES; i++)
        units += client->batches[i].state == BATCH_ARRIVING
                     ? unit_range_length(client->batches[i].units)
                     : 0;
    return units;
}

struct supply rpi_batch_supply(const struct batch_client *client)
{
    struct supply supply = {.arriving = arriving_units(client),
                            .requested = (uint32_t)client->requested,
                            .room = (uint32_t)rpi_batch_count(client, BATCH_NONE),
                            .last = client->last_units,
                            .most = client->staging.most,
                            .delivery = client->delivery,
                            .transfer = client->transfer};
    client->ops->supply(client, &supply);
    return supply;
}

int rpi_batch_request(struct batch_client *client, double speed)
{
    if (client->closing)
        return MPI_SUCCESS;
    struct supply supply = rpi_batch_supply(client);
    bool room = client->ops->has_room == NULL || client->ops->has_room(client);
    if (!rpi_supply_request_due(&supply) || !room)
        return MPI_SUCCESS;
    client->requested++;
    client->requested_at = rpi_clock_seconds();
    return batch_send(client, MESSAGE_REQUEST,
                      (struct agent_message){.speed = speed,
                                             .seconds = rpi_supply_covered(&supply)});
}
