#include "distrib/batch_server.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* Where ranks survive, results are stored when all of a batch has come: what had been begun of
 * others is as if it had never been. */
struct delivery {
    struct delivery *next;
    char *to;
    size_t bytes;
    char come[];
};

static struct unit_range share_of(const struct world *world, uint32_t units, int node)
{
    int first = world->node_first[node], behind = world->node_first[node + 1];
    return (struct unit_range){(uint32_t)rp_block(units, world->ranks, first).begin,
                               (uint32_t)rp_block(units, world->ranks, behind - 1).end};
}

/* The arrays that come to a node with its batches. */
static uint32_t inputs_of(const struct array *arrays, int count, const struct staging *staging)
{
    uint32_t inputs = 0;
    for (int i = 0; i < count; i++)
        inputs |= staging->staged[i] && !arrays[i].output ? UINT32_C(1) << i : 0;
    return inputs;
}

static void describe_nodes(struct dispatcher *dispatcher, const struct world *world, int count,
                           const struct staging *own, const struct job *job)
{
    struct access far[MOST_ARRAYS];
    rpi_arrays_access_remote(dispatcher->arrays, count, far);
    struct staging others = rpi_staging_plan(far, count, &job->units);
    bool shares =
        job->choice.schedule == RP_SCHEDULE_STATIC && !unit_range_empty(dispatcher->dispatch.left);
    dispatcher->world = world;
    for (int i = 0; i < world->nodes; i++) {
        const struct staging *staging = i == world->node ? own : &others;
        dispatcher->nodes[i].inputs = inputs_of(dispatcher->arrays, count, staging);
        dispatcher->nodes[i].agent = -1;
        dispatcher->dispatch.node[i] = (struct dispatch_node){
            .ranks = (uint32_t)(world->node_first[i + 1] - world->node_first[i]),
            .most = staging->most,
            .own = shares ? share_of(world, job->units.count, i) : (struct unit_range){0, 0},
        };
    }
    if (shares)
        dispatcher->dispatch.left = (struct unit_range){0, 0};
}

/* What nodes begin with. Where nobody lives any more, others get it. */
static bool note_beginning(struct dispatcher *dispatcher, const struct job *job)
{
    const struct world *world = dispatcher->world;
    bool noted = true;
    for (int i = 0; i < world->nodes && dispatcher->first_round; i++) {
        struct unit_range unit_range = share_of(world, job->begun, i),
                          own = dispatcher->dispatch.node[i].own;
        if (rpi_hub_lives(&world->hub, i)) {
            rpi_accounting_give(dispatcher->accounting, i, (struct remainder){unit_range, 0});
            continue;
        }
        noted = noted && rpi_accounting_leave(dispatcher->accounting, unit_range) &&
                rpi_accounting_leave(dispatcher->accounting, own);
        dispatcher->dispatch.node[i].own = (struct unit_range){0, 0};
    }
    return noted;
}

struct dispatcher *rpi_dispatcher_make(const rp_pool *pool, const struct array *arrays, int count,
                                       const struct staging *own, const struct job *job)
{
    const struct world *world = &pool->world;
    size_t nodes = (size_t)world->nodes;
    struct dispatcher *dispatcher = calloc(1, sizeof *dispatcher);
    if (dispatcher == NULL)
        return NULL;
    *dispatcher = (struct dispatcher){
        .dispatch = {.left = {job->begun, job->units.count},
                     .whole = job->units.count,
                     .least =
                         job->choice.chunk > 0 ? rpi_units_for(&job->units, job->choice.chunk) : 1,
                     .nodes = world->nodes,
                     .node = calloc(nodes, sizeof *dispatcher->dispatch.node)},
        .nodes = calloc(nodes, sizeof *dispatcher->nodes),
        .arrays = arrays,
        .units = job->units,
        .job = job_number(pool),
        .unfinished = world->nodes,
        .lost = -1,
        .accounting = pool->in_rounds ? pool->rounds.accounting : NULL,
        .first_round = pool->rounds.number == 0,
    };
    if (dispatcher->accounting != NULL && !dispatcher->first_round)
        dispatcher->dispatch.left = (struct unit_range){0, 0};
    if (dispatcher->dispatch.node == NULL || dispatcher->nodes == NULL) {
        rpi_dispatcher_drop(dispatcher);
        return NULL;
    }
    describe_nodes(dispatcher, world, count, own, job);
    if (dispatcher->accounting != NULL && !note_beginning(dispatcher, job)) {
        rpi_dispatcher_drop(dispatcher);
        return NULL;
    }
    return dispatcher;
}

static void drop_deliveries(struct dispatched_node *node)
{
    while (node->deliveries != NULL) {
        struct delivery *delivery = node->deliveries;
        node->deliveries = delivery->next;
        free(delivery);
    }
}

void rpi_dispatcher_drop(struct dispatcher *dispatcher)
{
    if (dispatcher == NULL)
        return;
    for (int i = 0; dispatcher->nodes != NULL && i < dispatcher->dispatch.nodes; i++)
        drop_deliveries(&dispatcher->nodes[i]);
    free(dispatcher->dispatch.node);
    free(dispatcher->nodes);
    free(dispatcher);
}

static char *element(const struct dispatcher *dispatcher, int index, int64_t item)
{
    const struct array *array = &dispatcher->arrays[index];
    return (char *)array->base + (size_t)item * array->size;
}

/* Where messages to a node go. */
static int address_of(const struct dispatcher *dispatcher, int node)
{
    return dispatcher->accounting != NULL ? dispatcher->nodes[node].agent : node;
}

/* A node that nobody has written for yet hears of it when somebody does. */
static int close_node(struct dispatcher *dispatcher, struct channel *channel, int node)
{
    int to = address_of(dispatcher, node);
    dispatcher->nodes[node].closed = to >= 0;
    if (to < 0)
        return MPI_SUCCESS;
    return rpi_channel_message(channel, to,
                               &(struct agent_message){.kind = MESSAGE_CLOSED,
                                                       .job = dispatcher->job,
                                                       .stop = dispatcher->stopped,
                                                       .lost = dispatcher->lost});
}

static int send_batch(struct dispatcher *dispatcher, struct channel *channel, int node,
                      struct remainder units)
{
    int to = address_of(dispatcher, node);
    rp_range items = units_to_items(&dispatcher->units, units.unit_range);
    struct agent_message message = {.kind = MESSAGE_BATCH,
                                    .attempt = (int)units.attempt,
                                    .job = dispatcher->job,
                                    .units = units.unit_range,
                                    .first = items.begin,
                                    .items = items.end - items.begin,
                                    .arrays = dispatcher->nodes[node].inputs};
    if (dispatcher->accounting != NULL && node != dispatcher->world->node)
        rpi_accounting_give(dispatcher->accounting, node, units);
    dispatcher->nodes[node].given = rpi_clock_seconds();
    int code = rpi_channel_message(channel, to, &message);
    for (int i = 0; i < MOST_ARRAYS && code == MPI_SUCCESS; i++) {
        if ((message.arrays >> i & 1) != 0)
            code = rpi_channel_payload(channel, to, POST_OUTWARD,
                                       element(dispatcher, i, message.first),
                                       (size_t)message.items * dispatcher->arrays[i].size,
                                       &dispatcher->travelling);
    }
    return code;
}

/* Is nothing left for this node? */
static bool exhausted(const struct dispatcher *dispatcher, int node)
{
    bool more = dispatcher->accounting != NULL &&
                rpi_accounting_next(dispatcher->accounting, INT64_MAX) >= 0;
    return !more && rpi_batch_policy_exhausted(&dispatcher->dispatch, node);
}

/* Nodes learn at once that there is no more, for then their ranks need not wait for it. */
static int close_exhausted(struct dispatcher *dispatcher, struct channel *channel)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS; i++) {
        if (!dispatcher->nodes[i].closed && !dispatcher->nodes[i].finished &&
            exhausted(dispatcher, i))
            code = close_node(dispatcher, channel, i);
    }
    return code;
}

/* Are all other nodes out of it? */
static bool alone(const struct dispatcher *dispatcher)
{
    int own = dispatcher->world->node;
    return dispatcher->unfinished == !dispatcher->nodes[own].finished;
}

/* The most attempts that units may have had which the node is given now; -1: it gets none. The
 * root's node gets what was at hand in deaths only if there is no other. */
static int64_t allowed(const struct dispatcher *dispatcher, int node)
{
    const struct world *world = dispatcher->world;
    if (dispatcher->accounting == NULL)
        return 0;
    if (node == world->node)
        return alone(dispatcher) ? INT64_MAX : 0;
    int ranks = world->node_first[node + 1] - world->node_first[node];
    bool single = ranks - rpi_hub_lost(&world->hub, node) == 1;
    return rpi_accounting_allows(dispatcher->accounting, node, single);
}

/* How much of what is left. The root's node need not be careful: it does not die as a whole. */
static uint32_t most_of(const struct dispatcher *dispatcher, int node, const struct remainder *left)
{
    const struct dispatch_node *asking = &dispatcher->dispatch.node[node];
    uint32_t tries = dispatcher->nodes[node].tries;
    uint32_t most = rpi_accounting_most(left, tries > asking->ranks ? tries : asking->ranks);
    return node == dispatcher->world->node || most > asking->most ? asking->most : most;
}

/* What an earlier round has left, or a node whose ranks have died. */
static struct remainder next_left(struct dispatcher *dispatcher, int node, double seconds,
                                  int64_t attempts)
{
    struct batch_policy *dispatch = &dispatcher->dispatch;
    uint32_t most = dispatch->node[node].most;
    int64_t place = rpi_accounting_next(dispatcher->accounting, attempts);
    if (place < 0)
        return (struct remainder){.attempt = 0};
    struct remainder *left = &dispatcher->accounting->left[place];
    dispatch->left = left->unit_range;
    dispatch->node[node].most = most_of(dispatcher, node, left);
    struct unit_range units = rpi_batch_policy_next(dispatch, node, seconds);
    left->unit_range = dispatch->left;
    dispatch->left = (struct unit_range){0, 0};
    dispatch->node[node].most = most;
    return (struct remainder){units, left->attempt};
}

static struct remainder next_units(struct dispatcher *dispatcher, int node, double seconds)
{
    struct remainder units = {.attempt = 0};
    int64_t attempts = allowed(dispatcher, node);
    if (attempts < 0)
        return units;
    units.unit_range = rpi_batch_policy_next(&dispatcher->dispatch, node, seconds);
    bool more = unit_range_empty(units.unit_range) && dispatcher->accounting != NULL;
    return more ? next_left(dispatcher, node, seconds, attempts) : units;
}

static int answer(struct dispatcher *dispatcher, struct channel *channel, int node, double seconds)
{
    struct dispatched_node *asking = &dispatcher->nodes[node];
    struct remainder units = next_units(dispatcher, node, seconds);
    bool none = unit_range_empty(units.unit_range);
    asking->seconds = seconds;
    asking->wants += none;
    int code = none ? MPI_SUCCESS : send_batch(dispatcher, channel, node, units);
    return code == MPI_SUCCESS ? close_exhausted(dispatcher, channel) : code;
}

int rpi_dispatcher_open(struct dispatcher *dispatcher, struct channel *channel)
{
    if (dispatcher->accounting != NULL)
        return MPI_SUCCESS; /* they ask */
    int code = close_exhausted(dispatcher, channel);
    bool begun = dispatcher->dispatch.left.low > 0;
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS && !begun; i++)
        code = answer(dispatcher, channel, i, 0);
    return code;
}

static void keep_the_rest(struct dispatcher *dispatcher)
{
    dispatcher->dispatch.left = (struct unit_range){0, 0};
    for (int i = 0; i < dispatcher->dispatch.nodes; i++)
        dispatcher->dispatch.node[i].own = (struct unit_range){0, 0};
    if (dispatcher->accounting != NULL)
        dispatcher->accounting->entries = 0;
}

/* A rank gave up: nothing more is handed out, and all nodes hear of it, whether they know that
 * there is no more or not. */
static int stop(struct dispatcher *dispatcher, struct channel *channel)
{
    int code = MPI_SUCCESS;
    if (dispatcher->stopped)
        return code;
    dispatcher->stopped = true;
    keep_the_rest(dispatcher);
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS; i++) {
        if (!dispatcher->nodes[i].finished)
            code = close_node(dispatcher, channel, i);
    }
    return code;
}

int rpi_dispatcher_lose(struct dispatcher *dispatcher, struct channel *channel, int node)
{
    dispatcher->lost = node;
    dispatcher->nodes[node].finished = true;
    dispatcher->stopped = false;
    return stop(dispatcher, channel);
}

/* ---- where ranks survive --------------------------------------------------------------------- */

/* Answers what could not be answered before. */
static int answer_late(struct dispatcher *dispatcher, struct channel *channel, int node)
{
    struct dispatched_node *asking = &dispatcher->nodes[node];
    int code = MPI_SUCCESS, wants = asking->wants;
    asking->wants = 0;
    for (int i = 0; i < wants && !asking->closed && code == MPI_SUCCESS; i++)
        code = answer(dispatcher, channel, node, asking->seconds);
    return code;
}

/* The first message of a node says who writes for it. */
bool rpi_dispatcher_on_message(struct dispatcher *dispatcher, int rank)
{
    struct dispatched_node *node = &dispatcher->nodes[dispatcher->world->node_of[rank]];
    if (node->agent < 0 && !node->finished)
        node->agent = rank;
    return node->agent == rank;
}

/* What the node is to know before it does anything. */
static int welcome(struct dispatcher *dispatcher, struct channel *channel, int node)
{
    if (dispatcher->nodes[node].closed)
        return MPI_SUCCESS;
    return dispatcher->stopped ? close_node(dispatcher, channel, node)
                               : close_exhausted(dispatcher, channel);
}

static int expect_result(struct dispatcher *dispatcher, struct channel *channel, int node, char *to,
                         size_t bytes)
{
    struct delivery *delivery = malloc(sizeof *delivery + bytes);
    if (delivery == NULL)
        return MPI_ERR_NO_MEM;
    *delivery =
        (struct delivery){.next = dispatcher->nodes[node].deliveries, .to = to, .bytes = bytes};
    dispatcher->nodes[node].deliveries = delivery;
    return rpi_channel_expect(channel, dispatcher->nodes[node].agent, POST_HOMEWARD, delivery->come,
                              bytes, &dispatcher->travelling);
}

/* The node has done these units. If they were at hand in deaths, it gets more at a time as long as
 * it does them sooner than another batch could come. */
static int acquit(struct dispatcher *dispatcher, struct channel *channel, int node,
                  struct unit_range units)
{
    struct dispatched_node *tried = &dispatcher->nodes[node];
    bool quick = rpi_clock_seconds() - tried->given < tried->seconds;
    if (rpi_accounting_clear(dispatcher->accounting, node, units))
        tried->tries = quick ? 2 * unit_range_length(units) : unit_range_length(units) / 2;
    return answer_late(dispatcher, channel, node);
}

/* All of a batch has come, in the order in which it was sent. */
static int store(struct dispatcher *dispatcher, struct channel *channel, int node,
                 struct unit_range units)
{
    for (const struct delivery *at = dispatcher->nodes[node].deliveries; at != NULL; at = at->next)
        memcpy(at->to, at->come, at->bytes);
    drop_deliveries(&dispatcher->nodes[node]);
    rpi_accounting_record(dispatcher->accounting, units);
    return acquit(dispatcher, channel, node, units);
}

/* Nothing more of the node in this round. If ranks of it live, the round is to be over soon, for
 * they cannot do anything before the next one. */
static int forgo(struct dispatcher *dispatcher, struct channel *channel, int node)
{
    struct dispatched_node *gone = &dispatcher->nodes[node];
    int code = MPI_SUCCESS;
    if (gone->agent >= 0)
        rpi_tcp_channel_forget(&channel->tcp, gone->agent);
    drop_deliveries(gone);
    gone->finished = true;
    dispatcher->unfinished--;
    if (rpi_hub_lives(&dispatcher->world->hub, node)) {
        keep_the_rest(dispatcher);
        code = close_exhausted(dispatcher, channel);
    }
    const struct dispatched_node *own = &dispatcher->nodes[dispatcher->world->node];
    if (code == MPI_SUCCESS && !own->closed && alone(dispatcher))
        code = answer_late(dispatcher, channel, dispatcher->world->node);
    return code;
}

/* Has the rank died that writes for it, or has the node come to the end of its part
 * without a word? */
static bool is_gone(const struct dispatcher *dispatcher, int node)
{
    const struct hub *hub = &dispatcher->world->hub;
    int agent = dispatcher->nodes[node].agent;
    return !rpi_hub_lives(hub, node) ||
           (agent >= 0 && !rpi_tcp_links_whole(&hub->tcp_links, agent)) ||
           rpi_hub_said(hub, node, hub->answered + 1) != NULL;
}

int rpi_dispatcher_look(struct dispatcher *dispatcher, struct channel *channel)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS; i++) {
        if (i != dispatcher->world->node && !dispatcher->nodes[i].finished &&
            is_gone(dispatcher, i))
            code = forgo(dispatcher, channel, i);
    }
    return code;
}

/* ---- messages --------------------------------------------------------------------------------- */

static int take_result(struct dispatcher *dispatcher, struct channel *channel, int from,
                       const struct agent_message *message)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < MOST_ARRAYS && code == MPI_SUCCESS; i++) {
        char *to = element(dispatcher, i, message->first);
        size_t bytes = (size_t)message->items * dispatcher->arrays[i].size;
        if ((message->arrays >> i & 1) == 0)
            continue;
        code = dispatcher->accounting != NULL ? expect_result(dispatcher, channel, from, to, bytes)
                                              : rpi_channel_expect(channel, from, POST_HOMEWARD, to,
                                                                   bytes, &dispatcher->travelling);
    }
    return code;
}

int rpi_dispatcher_read(struct dispatcher *dispatcher, struct channel *channel, int from,
                        const struct agent_message *message)
{
    int to = address_of(dispatcher, from);
    if (dispatcher->accounting != NULL && dispatcher->nodes[from].finished)
        return MPI_SUCCESS;
    switch (message->kind) {
    case MESSAGE_HELLO:
        return welcome(dispatcher, channel, from);
    case MESSAGE_DELIVERED:
        return store(dispatcher, channel, from, message->units);
    case MESSAGE_OUTLIVED:
        return acquit(dispatcher, channel, from, message->units);
    case MESSAGE_DIED:
        rpi_accounting_attribute(dispatcher->accounting, (int)message->first, message->units);
        return MPI_SUCCESS;
    case MESSAGE_REQUEST:
        dispatcher->dispatch.node[from].speed = message->speed;
        return answer(dispatcher, channel, from, message->seconds);
    case MESSAGE_RESULT:
        return take_result(dispatcher, channel, from, message);
    case MESSAGE_ALIVE:
        return rpi_channel_message(
            channel, to, &(struct agent_message){.kind = MESSAGE_ALIVE, .job = dispatcher->job});
    case MESSAGE_STOP:
        return stop(dispatcher, channel);
    case MESSAGE_FINISHED:
        dispatcher->nodes[from].finished = true;
        dispatcher->unfinished--;
        return rpi_channel_message(
            channel, to, &(struct agent_message){.kind = MESSAGE_OVER, .job = dispatcher->job});
    default:
        return MPI_SUCCESS;
    }
}

bool rpi_dispatcher_over(const struct dispatcher *dispatcher)
{
    return dispatcher->unfinished == 0 && dispatcher->travelling == 0;
}
