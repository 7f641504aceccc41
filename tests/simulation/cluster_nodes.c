/* The nodes of the model: ranks and agents. */
#include "cluster_parts.h"

#include <math.h>

/* ---- ranks ----------------------------------------------------------------------------------- */

/* A number of the normal distribution, roughly: a sum of uniform ones. */
static double model_normal(struct model *model)
{
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        model->random =
            model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        sum += (double)(model->random >> 11) * 0x1p-53;
    }
    return sum;
}

/* The idlest rank gets the next unit. After as many rounds as all can have at once. */
double node_compute(struct model *model, struct node *node, uint32_t units, double now)
{
    int ranks = model->cluster->ranks;
    double ends = now, item = model->job->item_seconds *
                              (1 + model->job->spread * model_normal(model) / sqrt(units));
    node->item = fmax(item, model->job->item_seconds / 4);
    for (int i = 0; i < ranks; i++)
        node->free_at[i] = node->free_at[i] > now ? node->free_at[i] : now;
    uint32_t rounds = units / (uint32_t)ranks > 1 ? units / (uint32_t)ranks - 1 : 0;
    for (int i = 0; i < ranks; i++)
        node->free_at[i] += rounds * node->item;
    for (uint32_t left = units - rounds * (uint32_t)ranks; left > 0; left--) {
        int idlest = 0;
        for (int i = 1; i < ranks; i++)
            idlest = node->free_at[i] < node->free_at[idlest] ? i : idlest;
        node->free_at[idlest] += node->item;
    }
    for (int i = 0; i < ranks; i++)
        ends = node->free_at[i] > ends ? node->free_at[i] : ends;
    return ends;
}

/* Between two items the last one still counts as in progress. */
static void node_supply(const struct model *model, const struct node *node, double now,
                        struct supply *supply)
{
    if (node->between) {
        supply->in_progress++;
        supply->waiting += (uint64_t)((node->free_at[0] - node->begun) / node->item + 0.5);
    }
    for (int i = node->between; i < model->cluster->ranks; i++) {
        double busy = node->free_at[i] - now;
        if (busy <= 1e-9) {
            supply->idle++;
        } else {
            supply->in_progress++;
            double items = ceil(busy / node->item - 0.05); /* a step may have delayed the rank */
            supply->waiting += items > 1 ? (uint64_t)items - 1 : 0;
        }
    }
    supply->until_next = (double)supply->in_progress / 2;
}

/* When the next rank becomes idle; INFINITY: none is busy. */
static double node_next_idle(const struct model *model, const struct node *node, double now)
{
    double next = INFINITY;
    for (int i = 0; i < model->cluster->ranks; i++)
        next = node->free_at[i] > now && node->free_at[i] < next ? node->free_at[i] : next;
    return next;
}

/* ---- consumers ------------------------------------------------------------------------------- */

int consumer_payloads(const struct consumer *consumer, int payloads)
{
    return consumer->node == 0 ? 0 : payloads;
}

static void consumer_accept(struct model *model, struct consumer *consumer,
                            const struct message *message, double now)
{
    int place = 0;
    while (place < BATCHES - 1 && consumer->batches[place].used)
        place++;
    consumer->batches[place] = (struct batch){.used = true,
                                              .here = message->payloads == 0,
                                              .units = message->units,
                                              .ready = message->payload,
                                              .of = message->of,
                                              .order = consumer->received++};
    model->nodes[consumer->node].requests += message->payloads;
    consumer->last = message->units;
    model->outcome.batches += !consumer->group;
    if (consumer->requested > 0) {
        consumer->requested--;
        consumer->delivery = rpi_supply_learn(consumer->delivery, now - consumer->requested_at);
    }
}

/* What a consumer has. A group's units are those that its dispatcher has left and, as if in
 * progress, those that its nodes have. */
static struct supply consumer_supply(const struct model *model, const struct consumer *consumer,
                                     double now)
{
    const struct node *node = &model->nodes[consumer->node];
    struct supply supply = {.requested = consumer->requested,
                            .last = consumer->last,
                            .most = UINT32_MAX,
                            .units_per_second = consumer->guess,
                            .delivery = consumer->delivery};
    for (int i = 0; i < BATCHES; i++) {
        supply.room += !consumer->batches[i].used;
        supply.arriving += consumer->batches[i].used && consumer->batches[i].ends == 0
                               ? consumer->batches[i].units
                               : 0;
    }
    if (!consumer->group) {
        node_supply(model, node, now, &supply);
        return supply;
    }
    const struct server *server = &model->servers[node->server];
    for (int i = 0; i < BATCHES; i++)
        supply.waiting += consumer->batches[i].left;
    supply.idle = supply.waiting == 0;
    const struct batch_policy *policy = &server->policy;
    supply.units_per_second =
        policy->measured > 0 ? policy->speed * (double)policy->ranks / (double)policy->measured : 0;
    return supply;
}

/* A rank that takes the steps of its agent begins once this one is over: see node_step(). */
static void consumer_begin_batches(struct model *model, struct consumer *consumer, double now)
{
    struct node *node = &model->nodes[consumer->node];
    for (int i = 0; i < BATCHES; i++) {
        struct batch *batch = &consumer->batches[i];
        if (!batch->used || !batch->here || batch->ends > 0)
            continue;
        consumer->issued += batch->units;
        if (consumer->group) {
            batch->ends = now;
            batch->left = batch->units;
            server_supply(model, &model->servers[node->server]);
        } else {
            batch->ends = node_compute(model, node, batch->units,
                                       model->cluster->threads ? now : node->begun);
            batch->used = consumer_payloads(consumer, model->job->payloads_out) > 0;
        }
    }
    if (consumer->group && consumer->closing)
        server_close(model, &model->servers[node->server]);
}

/* Is the batch of no more use? */
static bool batch_used_up(const struct model *model, const struct consumer *consumer,
                          const struct batch *batch, double now)
{
    if (!consumer->group)
        return batch->ends <= now;
    return model->job->out > 0 ? batch->delivered == batch->units : batch->left == 0;
}

/* Sends the results of finished batches. */
static void consumer_ship(struct model *model, struct consumer *consumer, double now)
{
    const struct modelled_job *job = model->job;
    const struct server *server = &model->servers[consumer->server];
    size_t statuses = server->own >= 0; /* for the leader of a group */
    for (int i = 0; i < BATCHES; i++) {
        struct batch *batch = &consumer->batches[i];
        if (!batch->used || batch->ends == 0 || !batch_used_up(model, consumer, batch, now))
            continue;
        batch->used = false;
        struct message sent = {.kind = RESULT,
                               .consumer = (int)(consumer - model->consumers),
                               .units = batch->units,
                               .of = batch->of};
        if (job->out == 0)
            continue;
        node_send(model, consumer->node, server->node, sent, batch->units * (job->out + statuses),
                  job->payloads_out + (int)statuses);
        sent.kind = DELIVERED;
        node_send(model, consumer->node, server->node, sent, 0, 0);
    }
}

/* Measures the speed of a node. */
static void consumer_estimate(struct model *model, struct consumer *consumer, double now)
{
    struct supply supply = consumer_supply(model, consumer, now);
    uint64_t left = supply.waiting + supply.in_progress;
    if (consumer->group || left > consumer->issued)
        return;
    uint32_t done = consumer->issued - (uint32_t)left;
    rpi_throughput_learn(&consumer->speed, now, done);
    consumer->guess = rpi_throughput_guess(&consumer->speed, now, done);
}

static void consumer_request(struct model *model, struct consumer *consumer, double now)
{
    consumer_estimate(model, consumer, now);
    struct supply supply = consumer_supply(model, consumer, now);
    if (consumer->closing || !rpi_supply_request_due(&supply))
        return;
    consumer->requested++;
    consumer->requested_at = now;
    node_send(model, consumer->node, model->servers[consumer->server].node,
              (struct message){.kind = REQUEST,
                               .consumer = (int)(consumer - model->consumers),
                               .speed = consumer->group ? supply.units_per_second
                                                        : consumer->speed.units_per_second,
                               .seconds = rpi_supply_covered(&supply)},
              0, 0);
}

/* Is all done that the consumer got, or will get? */
static bool consumer_done(const struct model *model, const struct consumer *consumer, double now)
{
    bool empty = consumer->closing;
    for (int i = 0; i < BATCHES; i++)
        empty = empty && !consumer->batches[i].used;
    if (consumer->group)
        return empty && model->servers[model->nodes[consumer->node].server].unfinished == 0;
    return empty && isinf(node_next_idle(model, &model->nodes[consumer->node], now));
}

static void consumer_step(struct model *model, struct consumer *consumer)
{
    const struct node *node = &model->nodes[consumer->node];
    for (int i = 0; i < BATCHES; i++)
        consumer->batches[i].here |= consumer->batches[i].ready <= node->begun;
    consumer_begin_batches(model, consumer, node->cpu);
    consumer_ship(model, consumer, node->cpu);
    consumer_request(model, consumer, node->cpu);
    if (consumer->finished || !consumer_done(model, consumer, node->cpu))
        return;
    consumer->finished = true;
    node_send(model, consumer->node, model->servers[consumer->server].node,
              (struct message){.kind = FINISHED, .consumer = (int)(consumer - model->consumers)}, 0,
              0);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void node_read(struct model *model, struct node *node, const struct message *message)
{
    struct consumer *consumer = &model->consumers[message->consumer];
    struct server *server = &model->servers[consumer->server];
    switch (message->kind) {
    case REQUEST:
        rpi_batch_policy_learn(&server->policy, message->consumer - server->first, message->speed);
        server_answer(model, server, message->consumer, message->seconds);
        break;
    case BATCH:
        consumer_accept(model, consumer, message, node->cpu);
        break;
    case RESULT:
        node->cpu += model->cluster->payload * message->payloads;
        node->requests += message->payloads;
        break;
    case DELIVERED:
        if (server->own >= 0)
            model->consumers[server->own].batches[message->of].delivered += message->units;
        break;
    case CLOSED:
        consumer->closing = true;
        consumer->requested = 0;
        break;
    case FINISHED:
        server->unfinished--;
        node_send(model, server->node, consumer->node,
                  (struct message){.kind = OVER, .consumer = message->consumer}, 0, 0);
        break;
    case OVER:
        consumer->dismissed = true;
        break;
    }
}

static void node_receive(struct model *model, struct node *node)
{
    struct message *message;
    while ((message = node_next_message(node, model->cluster->step)) != NULL) {
        node->cpu += model->cluster->receive;
        node->heard = node->cpu;
        node_read(model, node, message);
        model_free_message(model, message);
    }
    node->cpu += model->cluster->step;
}

/* The sleep of the node's agent after a step. *awaits: nothing can happen until a message comes or
 * a rank becomes idle. */
static double node_sleep(const struct model *model, const struct node *node, bool *awaits)
{
    struct consumer *agent = &model->consumers[node->agent];
    struct supply supply = consumer_supply(model, agent, node->cpu);
    struct poll_interval interval = {.moving = node->requests > 0 || supply.arriving > 0 ||
                                               node->link_free > node->cpu,
                                     .lasts = rpi_supply_seconds(&supply),
                                     .dispatches = node->server >= 0,
                                     .silence = node->cpu - node->heard};
    interval.awaited = agent->finished || (agent->requested > 0 && interval.lasts <= 0);
    if (node->dispatcher >= 0) {
        const struct consumer *group = &model->consumers[node->dispatcher];
        supply = consumer_supply(model, group, node->cpu);
        interval.awaited = interval.awaited || (group->requested > 0 && supply.waiting == 0);
    }
    *awaits = interval.awaited && !interval.moving && node->server < 0 && node->first == NULL;
    return rpi_poll_interval_seconds(&interval);
}

/* Saves steps in which nothing would happen: a node with units for long, which waits for nothing,
 * sleeps until it has them for less long. */
static double node_long_sleep(const struct model *model, const struct node *node, double sleep)
{
    const struct consumer *agent = &model->consumers[node->agent];
    const double near = 0.1;
    if (node->server >= 0 || agent->requested > 0 || node->requests > 0 || node->first != NULL)
        return sleep;
    struct supply supply = consumer_supply(model, agent, node->cpu);
    double spare = rpi_supply_seconds(&supply) - near;
    return isfinite(spare) && spare > sleep ? floor(spare / sleep) * sleep : sleep;
}

/* With a thread, or in an idle rank, the agent sleeps, but wakes when a rank becomes idle. A busy
 * rank looks when it has finished an item. */
static void node_plan_step(const struct model *model, struct node *node)
{
    bool awaits;
    double sleep = node_sleep(model, node, &awaits), now = node->cpu;
    double idle = node_next_idle(model, node, now);
    bool ended = node->between && node->free_at[0] <= now;
    node->asleep = 0;
    node->between = false;
    if (model->cluster->threads && awaits) {
        node->asleep = sleep;
        node->next = idle;
    } else if (model->cluster->threads) {
        sleep = node_long_sleep(model, node, sleep);
        node->next = now + sleep < idle ? now + sleep : idle;
    } else if (ended) {
        node->next = now; /* becomes idle */
    } else if (node->free_at[0] > now) {
        node->between = true;
        double left = node->free_at[0] - now - sleep;
        node->next = node->free_at[0] - (left > 0 ? floor(left / node->item) * node->item : 0);
    } else {
        sleep = backoff_seconds(sleep);
        node->next = now + sleep < idle ? now + sleep : idle;
    }
}

/* Rank 0 has taken a step instead of computing. */
static void node_delay(struct model *model, struct node *node, double seconds)
{
    struct consumer *agent = &model->consumers[node->agent];
    node->free_at[0] += seconds;
    for (int i = 0; i < BATCHES; i++)
        if (agent->batches[i].ends > node->begun)
            agent->batches[i].ends += seconds;
}

void node_step(struct model *model, struct node *node)
{
    node->begun = node->cpu = node->cpu > node->next ? node->cpu : node->next;
    const struct consumer *agent = &model->consumers[node->agent];
    node->cpu += model->cluster->test * node->requests;
    node->requests = 0;
    node_receive(model, node);
    consumer_step(model, &model->consumers[node->agent]);
    if (node->dispatcher >= 0)
        consumer_step(model, &model->consumers[node->dispatcher]);
    if (!model->cluster->threads && node->free_at[0] > node->begun)
        node_delay(model, node, node->cpu - node->begun);
    bool serves = node->server >= 0 && model->servers[node->server].unfinished > 0;
    bool waits = node->dispatcher >= 0 && !model->consumers[node->dispatcher].dismissed;
    if (agent->dismissed && !serves && !waits && node->requests == 0) {
        node->over = node->cpu;
        node->next = INFINITY;
        model->over++;
    } else {
        node_plan_step(model, node);
    }
    model_settle(model, node->place);
}
