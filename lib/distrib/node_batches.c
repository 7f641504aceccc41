/* The batches of a node: they are asked for, come in, are offered to its ranks, and are used up. */
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

int rpi_agent_places(const struct agent *agent, enum batch_state state)
{
    int places = 0;
    for (int i = 0; i < RESERVOIRS; i++)
        places += agent->batches[i].state == state;
    return places;
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

char *rpi_agent_staged(const struct agent *agent, int place, int index, int64_t element)
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
                                      rpi_agent_staged(agent, place, i, 0),
                                      (size_t)batch->items * agent->arrays[i].size,
                                      &batch->travelling);
    }
    return code;
}

int rpi_agent_accept_batch(struct agent *agent, const struct agent_message *message)
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
        memset(rpi_agent_staged(agent, place, status, 0), RP_ERR_CANCELLED, (size_t)message->items);
    return expect_inputs(agent, place, message->arrays);
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
        code = rpi_agent_send_results(agent, place);
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
