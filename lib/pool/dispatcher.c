#include "pool/dispatcher.h"

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

static struct span share_of(const struct world *world, uint32_t units, int node)
{
    int first = world->node_first[node], behind = world->node_first[node + 1];
    return (struct span){(uint32_t)rp_block(units, world->ranks, first).begin,
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
    struct reach far[MOST_ARRAYS];
    rpi_arrays_reach_from_afar(dispatcher->arrays, count, far);
    struct staging others = rpi_staging_plan(far, count, &job->units);
    bool shares = job->choice.schedule == RP_STATIC && !span_empty(dispatcher->dispatch.left);
    dispatcher->world = world;
    for (int i = 0; i < world->nodes; i++) {
        const struct staging *staging = i == world->node ? own : &others;
        dispatcher->nodes[i].inputs = inputs_of(dispatcher->arrays, count, staging);
        dispatcher->nodes[i].agent = -1;
        dispatcher->dispatch.node[i] = (struct dispatch_node){
            .ranks = (uint32_t)(world->node_first[i + 1] - world->node_first[i]),
            .most = staging->most,
            .own = shares ? share_of(world, job->units.count, i) : (struct span){0, 0},
        };
    }
    if (shares)
        dispatcher->dispatch.left = (struct span){0, 0};
}

/* What nodes begin with. Where nobody lives any more, others get it. */
static bool note_beginning(struct dispatcher *dispatcher, const struct job *job)
{
    const struct world *world = dispatcher->world;
    bool noted = true;
    for (int i = 0; i < world->nodes && dispatcher->first_round; i++) {
        struct span span = share_of(world, job->begun, i), own = dispatcher->dispatch.node[i].own;
        if (rpi_star_lives(&world->star, i)) {
            rpi_ledger_give(dispatcher->ledger, i, (struct remainder){span, 0});
            continue;
        }
        noted = noted && rpi_ledger_leave(dispatcher->ledger, span) &&
                rpi_ledger_leave(dispatcher->ledger, own);
        dispatcher->dispatch.node[i].own = (struct span){0, 0};
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
                         job->choice.slice > 0 ? rpi_units_for(&job->units, job->choice.slice) : 1,
                     .nodes = world->nodes,
                     .node = calloc(nodes, sizeof *dispatcher->dispatch.node)},
        .nodes = calloc(nodes, sizeof *dispatcher->nodes),
        .arrays = arrays,
        .units = job->units,
        .job = job_number(pool),
        .unfinished = world->nodes,
        .lost = -1,
        .ledger = pool->in_rounds ? pool->rounds.ledger : NULL,
        .first_round = pool->rounds.number == 0,
    };
    if (dispatcher->ledger != NULL && !dispatcher->first_round)
        dispatcher->dispatch.left = (struct span){0, 0};
    if (dispatcher->dispatch.node == NULL || dispatcher->nodes == NULL) {
        rpi_dispatcher_drop(dispatcher);
        return NULL;
    }
    describe_nodes(dispatcher, world, count, own, job);
    if (dispatcher->ledger != NULL && !note_beginning(dispatcher, job)) {
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

/* Where letters to a node go. */
static int address_of(const struct dispatcher *dispatcher, int node)
{
    return dispatcher->ledger != NULL ? dispatcher->nodes[node].agent : node;
}

/* A node that nobody has written for yet hears of it when somebody does. */
static int close_node(struct dispatcher *dispatcher, struct post *post, int node)
{
    int to = address_of(dispatcher, node);
    dispatcher->nodes[node].closed = to >= 0;
    if (to < 0)
        return MPI_SUCCESS;
    return rpi_post_letter(post, to,
                           &(struct letter){.kind = LETTER_CLOSED,
                                            .job = dispatcher->job,
                                            .stop = dispatcher->stopped,
                                            .lost = dispatcher->lost});
}

static int send_batch(struct dispatcher *dispatcher, struct post *post, int node,
                      struct remainder units)
{
    int to = address_of(dispatcher, node);
    rp_range items = units_to_items(&dispatcher->units, units.span);
    struct letter letter = {.kind = LETTER_BATCH,
                            .attempt = (int)units.attempt,
                            .job = dispatcher->job,
                            .units = units.span,
                            .first = items.begin,
                            .items = items.end - items.begin,
                            .arrays = dispatcher->nodes[node].inputs};
    if (dispatcher->ledger != NULL && node != dispatcher->world->node)
        rpi_ledger_give(dispatcher->ledger, node, units);
    dispatcher->nodes[node].given = rpi_clock_seconds();
    int code = rpi_post_letter(post, to, &letter);
    for (int i = 0; i < MOST_ARRAYS && code == MPI_SUCCESS; i++) {
        if ((letter.arrays >> i & 1) != 0)
            code = rpi_post_payload(post, to, POST_OUTWARD, element(dispatcher, i, letter.first),
                                    (size_t)letter.items * dispatcher->arrays[i].size,
                                    &dispatcher->travelling);
    }
    return code;
}

/* Is nothing left for this node? */
static bool exhausted(const struct dispatcher *dispatcher, int node)
{
    bool more = dispatcher->ledger != NULL && rpi_ledger_next(dispatcher->ledger, INT64_MAX) >= 0;
    return !more && rpi_dispatch_exhausted(&dispatcher->dispatch, node);
}

/* Nodes learn at once that there is no more, for then their ranks need not wait for it. */
static int close_exhausted(struct dispatcher *dispatcher, struct post *post)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS; i++) {
        if (!dispatcher->nodes[i].closed && !dispatcher->nodes[i].finished &&
            exhausted(dispatcher, i))
            code = close_node(dispatcher, post, i);
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
    if (dispatcher->ledger == NULL)
        return 0;
    if (node == world->node)
        return alone(dispatcher) ? INT64_MAX : 0;
    int ranks = world->node_first[node + 1] - world->node_first[node];
    bool single = ranks - rpi_star_lost(&world->star, node) == 1;
    return rpi_ledger_allows(dispatcher->ledger, node, single);
}

/* How much of what is left. The root's node need not be careful: it does not die as a whole. */
static uint32_t most_of(const struct dispatcher *dispatcher, int node, const struct remainder *left)
{
    const struct dispatch_node *asking = &dispatcher->dispatch.node[node];
    uint32_t tries = dispatcher->nodes[node].tries;
    uint32_t most = rpi_ledger_most(left, tries > asking->ranks ? tries : asking->ranks);
    return node == dispatcher->world->node || most > asking->most ? asking->most : most;
}

/* What an earlier round has left, or a node whose ranks have died. */
static struct remainder next_left(struct dispatcher *dispatcher, int node, double seconds,
                                  int64_t attempts)
{
    struct dispatch *dispatch = &dispatcher->dispatch;
    uint32_t most = dispatch->node[node].most;
    int64_t place = rpi_ledger_next(dispatcher->ledger, attempts);
    if (place < 0)
        return (struct remainder){.attempt = 0};
    struct remainder *left = &dispatcher->ledger->left[place];
    dispatch->left = left->span;
    dispatch->node[node].most = most_of(dispatcher, node, left);
    struct span units = rpi_dispatch_next(dispatch, node, seconds);
    left->span = dispatch->left;
    dispatch->left = (struct span){0, 0};
    dispatch->node[node].most = most;
    return (struct remainder){units, left->attempt};
}

static struct remainder next_units(struct dispatcher *dispatcher, int node, double seconds)
{
    struct remainder units = {.attempt = 0};
    int64_t attempts = allowed(dispatcher, node);
    if (attempts < 0)
        return units;
    units.span = rpi_dispatch_next(&dispatcher->dispatch, node, seconds);
    bool more = span_empty(units.span) && dispatcher->ledger != NULL;
    return more ? next_left(dispatcher, node, seconds, attempts) : units;
}

static int answer(struct dispatcher *dispatcher, struct post *post, int node, double seconds)
{
    struct dispatched_node *asking = &dispatcher->nodes[node];
    struct remainder units = next_units(dispatcher, node, seconds);
    bool none = span_empty(units.span);
    asking->seconds = seconds;
    asking->wants += none;
    int code = none ? MPI_SUCCESS : send_batch(dispatcher, post, node, units);
    return code == MPI_SUCCESS ? close_exhausted(dispatcher, post) : code;
}

int rpi_dispatcher_open(struct dispatcher *dispatcher, struct post *post)
{
    if (dispatcher->ledger != NULL)
        return MPI_SUCCESS; /* they ask */
    int code = close_exhausted(dispatcher, post);
    bool begun = dispatcher->dispatch.left.low > 0;
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS && !begun; i++)
        code = answer(dispatcher, post, i, 0);
    return code;
}

static void keep_the_rest(struct dispatcher *dispatcher)
{
    dispatcher->dispatch.left = (struct span){0, 0};
    for (int i = 0; i < dispatcher->dispatch.nodes; i++)
        dispatcher->dispatch.node[i].own = (struct span){0, 0};
    if (dispatcher->ledger != NULL)
        dispatcher->ledger->entries = 0;
}

/* A rank gave up: nothing more is handed out, and all nodes hear of it, whether they know that
 * there is no more or not. */
static int stop(struct dispatcher *dispatcher, struct post *post)
{
    int code = MPI_SUCCESS;
    if (dispatcher->stopped)
        return code;
    dispatcher->stopped = true;
    keep_the_rest(dispatcher);
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS; i++) {
        if (!dispatcher->nodes[i].finished)
            code = close_node(dispatcher, post, i);
    }
    return code;
}

int rpi_dispatcher_lose(struct dispatcher *dispatcher, struct post *post, int node)
{
    dispatcher->lost = node;
    dispatcher->nodes[node].finished = true;
    dispatcher->stopped = false;
    return stop(dispatcher, post);
}

/* ---- where ranks survive --------------------------------------------------------------------- */

/* Answers what could not be answered before. */
static int answer_late(struct dispatcher *dispatcher, struct post *post, int node)
{
    struct dispatched_node *asking = &dispatcher->nodes[node];
    int code = MPI_SUCCESS, wants = asking->wants;
    asking->wants = 0;
    for (int i = 0; i < wants && !asking->closed && code == MPI_SUCCESS; i++)
        code = answer(dispatcher, post, node, asking->seconds);
    return code;
}

/* The first letter of a node says who writes for it. */
bool rpi_dispatcher_hear(struct dispatcher *dispatcher, int rank)
{
    struct dispatched_node *node = &dispatcher->nodes[dispatcher->world->node_of[rank]];
    if (node->agent < 0 && !node->finished)
        node->agent = rank;
    return node->agent == rank;
}

/* What the node is to know before it does anything. */
static int welcome(struct dispatcher *dispatcher, struct post *post, int node)
{
    if (dispatcher->nodes[node].closed)
        return MPI_SUCCESS;
    return dispatcher->stopped ? close_node(dispatcher, post, node)
                               : close_exhausted(dispatcher, post);
}

static int expect_result(struct dispatcher *dispatcher, struct post *post, int node, char *to,
                         size_t bytes)
{
    struct delivery *delivery = malloc(sizeof *delivery + bytes);
    if (delivery == NULL)
        return MPI_ERR_NO_MEM;
    *delivery =
        (struct delivery){.next = dispatcher->nodes[node].deliveries, .to = to, .bytes = bytes};
    dispatcher->nodes[node].deliveries = delivery;
    return rpi_post_expect(post, dispatcher->nodes[node].agent, POST_HOMEWARD, delivery->come,
                           bytes, &dispatcher->travelling);
}

/* The node has done these units. If they were at hand in deaths, it gets more at a time as long as
 * it does them sooner than another batch could come. */
static int acquit(struct dispatcher *dispatcher, struct post *post, int node, struct span units)
{
    struct dispatched_node *tried = &dispatcher->nodes[node];
    bool quick = rpi_clock_seconds() - tried->given < tried->seconds;
    if (rpi_ledger_acquit(dispatcher->ledger, node, units))
        tried->tries = quick ? 2 * span_length(units) : span_length(units) / 2;
    return answer_late(dispatcher, post, node);
}

/* All of a batch has come, in the order in which it was sent. */
static int store(struct dispatcher *dispatcher, struct post *post, int node, struct span units)
{
    for (const struct delivery *at = dispatcher->nodes[node].deliveries; at != NULL; at = at->next)
        memcpy(at->to, at->come, at->bytes);
    drop_deliveries(&dispatcher->nodes[node]);
    rpi_ledger_settle(dispatcher->ledger, units);
    return acquit(dispatcher, post, node, units);
}

/* Nothing more of the node in this round. If ranks of it live, the round is to be over soon, for
 * they cannot do anything before the next one. */
static int forgo(struct dispatcher *dispatcher, struct post *post, int node)
{
    struct dispatched_node *gone = &dispatcher->nodes[node];
    int code = MPI_SUCCESS;
    if (gone->agent >= 0)
        rpi_wired_forget(&post->wired, gone->agent);
    drop_deliveries(gone);
    gone->finished = true;
    dispatcher->unfinished--;
    if (rpi_star_lives(&dispatcher->world->star, node)) {
        keep_the_rest(dispatcher);
        code = close_exhausted(dispatcher, post);
    }
    const struct dispatched_node *own = &dispatcher->nodes[dispatcher->world->node];
    if (code == MPI_SUCCESS && !own->closed && alone(dispatcher))
        code = answer_late(dispatcher, post, dispatcher->world->node);
    return code;
}

/* Has the rank died that writes for it, or has the node come to the end of its part
 * without a word? */
static bool is_gone(const struct dispatcher *dispatcher, int node)
{
    const struct star *star = &dispatcher->world->star;
    int agent = dispatcher->nodes[node].agent;
    return !rpi_star_lives(star, node) || (agent >= 0 && !rpi_wires_whole(&star->wires, agent)) ||
           rpi_star_said(star, node, star->answered + 1) != NULL;
}

int rpi_dispatcher_look(struct dispatcher *dispatcher, struct post *post)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS; i++) {
        if (i != dispatcher->world->node && !dispatcher->nodes[i].finished &&
            is_gone(dispatcher, i))
            code = forgo(dispatcher, post, i);
    }
    return code;
}

/* ---- letters --------------------------------------------------------------------------------- */

static int take_result(struct dispatcher *dispatcher, struct post *post, int from,
                       const struct letter *letter)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < MOST_ARRAYS && code == MPI_SUCCESS; i++) {
        char *to = element(dispatcher, i, letter->first);
        size_t bytes = (size_t)letter->items * dispatcher->arrays[i].size;
        if ((letter->arrays >> i & 1) == 0)
            continue;
        code = dispatcher->ledger != NULL
                   ? expect_result(dispatcher, post, from, to, bytes)
                   : rpi_post_expect(post, from, POST_HOMEWARD, to, bytes, &dispatcher->travelling);
    }
    return code;
}

int rpi_dispatcher_read(struct dispatcher *dispatcher, struct post *post, int from,
                        const struct letter *letter)
{
    int to = address_of(dispatcher, from);
    if (dispatcher->ledger != NULL && dispatcher->nodes[from].finished)
        return MPI_SUCCESS;
    switch (letter->kind) {
    case LETTER_HELLO:
        return welcome(dispatcher, post, from);
    case LETTER_DELIVERED:
        return store(dispatcher, post, from, letter->units);
    case LETTER_OUTLIVED:
        return acquit(dispatcher, post, from, letter->units);
    case LETTER_DIED:
        rpi_ledger_blame(dispatcher->ledger, (int)letter->first, letter->units);
        return MPI_SUCCESS;
    case LETTER_REQUEST:
        dispatcher->dispatch.node[from].speed = letter->speed;
        return answer(dispatcher, post, from, letter->seconds);
    case LETTER_RESULT:
        return take_result(dispatcher, post, from, letter);
    case LETTER_ALIVE:
        return rpi_post_letter(post, to,
                               &(struct letter){.kind = LETTER_ALIVE, .job = dispatcher->job});
    case LETTER_STOP:
        return stop(dispatcher, post);
    case LETTER_FINISHED:
        dispatcher->nodes[from].finished = true;
        dispatcher->unfinished--;
        return rpi_post_letter(post, to,
                               &(struct letter){.kind = LETTER_OVER, .job = dispatcher->job});
    default:
        return MPI_SUCCESS;
    }
}

bool rpi_dispatcher_over(const struct dispatcher *dispatcher)
{
    return dispatcher->unfinished == 0 && dispatcher->travelling == 0;
}
