#include "pool/dispatcher.h"

#include <stdlib.h>

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
    for (int i = 0; i < world->nodes; i++) {
        const struct staging *staging = i == world->node ? own : &others;
        dispatcher->nodes[i].inputs = inputs_of(dispatcher->arrays, count, staging);
        dispatcher->dispatch.node[i] = (struct dispatch_node){
            .ranks = (uint32_t)(world->node_first[i + 1] - world->node_first[i]),
            .most = staging->most,
            .own = shares ? share_of(world, job->units.count, i) : (struct span){0, 0},
        };
    }
    if (shares)
        dispatcher->dispatch.left = (struct span){0, 0};
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
    };
    if (dispatcher->dispatch.node == NULL || dispatcher->nodes == NULL) {
        rpi_dispatcher_drop(dispatcher);
        return NULL;
    }
    describe_nodes(dispatcher, world, count, own, job);
    return dispatcher;
}

void rpi_dispatcher_drop(struct dispatcher *dispatcher)
{
    if (dispatcher == NULL)
        return;
    free(dispatcher->dispatch.node);
    free(dispatcher->nodes);
    free(dispatcher);
}

static char *element(const struct dispatcher *dispatcher, int index, int64_t item)
{
    const struct array *array = &dispatcher->arrays[index];
    return (char *)array->base + (size_t)item * array->size;
}

static int close_node(struct dispatcher *dispatcher, struct post *post, int node)
{
    dispatcher->nodes[node].closed = true;
    return rpi_post_letter(post, node,
                           &(struct letter){.kind = LETTER_CLOSED,
                                            .job = dispatcher->job,
                                            .stop = dispatcher->stopped,
                                            .lost = dispatcher->lost});
}

static int send_batch(struct dispatcher *dispatcher, struct post *post, int node, struct span units)
{
    rp_range items = units_to_items(&dispatcher->units, units);
    struct letter letter = {.kind = LETTER_BATCH,
                            .job = dispatcher->job,
                            .units = units,
                            .first = items.begin,
                            .items = items.end - items.begin,
                            .arrays = dispatcher->nodes[node].inputs};
    int code = rpi_post_letter(post, node, &letter);
    for (int i = 0; i < MOST_ARRAYS && code == MPI_SUCCESS; i++) {
        if ((letter.arrays >> i & 1) != 0)
            code = rpi_post_payload(post, node, POST_OUTWARD, element(dispatcher, i, letter.first),
                                    (size_t)letter.items * dispatcher->arrays[i].size,
                                    &dispatcher->travelling);
    }
    return code;
}

/* Nodes learn at once that there is no more, for then their ranks need not wait for it. */
static int close_exhausted(struct dispatcher *dispatcher, struct post *post)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS; i++) {
        if (!dispatcher->nodes[i].closed && rpi_dispatch_exhausted(&dispatcher->dispatch, i))
            code = close_node(dispatcher, post, i);
    }
    return code;
}

static int answer(struct dispatcher *dispatcher, struct post *post, int node, double seconds)
{
    struct span units = rpi_dispatch_next(&dispatcher->dispatch, node, seconds);
    int code = span_empty(units) ? MPI_SUCCESS : send_batch(dispatcher, post, node, units);
    return code == MPI_SUCCESS ? close_exhausted(dispatcher, post) : code;
}

int rpi_dispatcher_open(struct dispatcher *dispatcher, struct post *post)
{
    int code = close_exhausted(dispatcher, post);
    bool begun = dispatcher->dispatch.left.low > 0;
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS && !begun; i++)
        code = answer(dispatcher, post, i, 0);
    return code;
}

/* A rank gave up: nothing more is handed out, and all nodes hear of it, whether they know that there
 * is no more or not. */
static int stop(struct dispatcher *dispatcher, struct post *post)
{
    int code = MPI_SUCCESS;
    if (dispatcher->stopped)
        return code;
    dispatcher->stopped = true;
    dispatcher->dispatch.left = (struct span){0, 0};
    for (int i = 0; i < dispatcher->dispatch.nodes && code == MPI_SUCCESS; i++) {
        dispatcher->dispatch.node[i].own = (struct span){0, 0};
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

static int take_result(struct dispatcher *dispatcher, struct post *post, int from,
                       const struct letter *letter)
{
    int code = MPI_SUCCESS;
    for (int i = 0; i < MOST_ARRAYS && code == MPI_SUCCESS; i++) {
        if ((letter->arrays >> i & 1) != 0)
            code = rpi_post_expect(post, from, POST_HOMEWARD, element(dispatcher, i, letter->first),
                                   (size_t)letter->items * dispatcher->arrays[i].size,
                                   &dispatcher->travelling);
    }
    return code;
}

int rpi_dispatcher_read(struct dispatcher *dispatcher, struct post *post, int from,
                        const struct letter *letter)
{
    switch (letter->kind) {
    case LETTER_REQUEST:
        dispatcher->dispatch.node[from].speed = letter->speed;
        return answer(dispatcher, post, from, letter->seconds);
    case LETTER_RESULT:
        return take_result(dispatcher, post, from, letter);
    case LETTER_ALIVE:
        return rpi_post_letter(post, from,
                               &(struct letter){.kind = LETTER_ALIVE, .job = dispatcher->job});
    case LETTER_STOP:
        return stop(dispatcher, post);
    case LETTER_FINISHED:
        dispatcher->nodes[from].finished = true;
        dispatcher->unfinished--;
        return rpi_post_letter(post, from,
                               &(struct letter){.kind = LETTER_OVER, .job = dispatcher->job});
    default:
        return MPI_SUCCESS;
    }
}

bool rpi_dispatcher_over(const struct dispatcher *dispatcher)
{
    return dispatcher->unfinished == 0 && dispatcher->travelling == 0;
}
