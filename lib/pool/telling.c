#include "pool/telling.h"

#include "world/message.h"

#include <math.h>

enum {
    PORTION = 1024 /* events sent at once */
};

static double root_time(const struct telling *telling, double time)
{
    return rpi_clocks_of_root(&telling->pool->recorded_from, &telling->offset, time);
}

/* This rank's tale, in the root's time. */
static struct tale tell(const struct telling *telling, double now)
{
    const rp_pool *pool = telling->pool;
    struct tale tale = rpi_recorder_tell(pool->recorder, now);
    tale.figures.rank = pool->world.rank;
    tale.figures.node = pool->world.node;
    tale.figures.batches = pool->traffic.batches - pool->told.batches;
    tale.figures.letters = pool->traffic.letters - pool->told.letters;
    tale.figures.bytes = pool->traffic.bytes - pool->told.bytes;
    tale.since = root_time(telling, tale.since);
    tale.until = root_time(telling, tale.until);
    for (int i = 0; i < tale.slow; i++) {
        tale.slowest[i].rank = pool->world.rank;
        tale.slowest[i].begin = root_time(telling, tale.slowest[i].begin);
    }
    return tale;
}

/* On the root: from its own beginning on. */
static void count_from(double zero, struct tale *tale)
{
    tale->since -= zero;
    tale->until -= zero;
    for (int i = 0; i < tale->slow; i++)
        tale->slowest[i].begin -= zero;
}

static void compose(struct telling *telling)
{
    struct story *story = &telling->story;
    const struct world *world = &telling->pool->world;
    double zero = telling->tales[world->root].since;
    *story = (struct story){.ranks = world->ranks,
                            .nodes = world->nodes,
                            .root = world->root,
                            .hosts = telling->hosts,
                            .tales = telling->tales,
                            .begin = INFINITY,
                            .end = -INFINITY};
    for (int node = 0; node < world->nodes; node++)
        telling->hosts[node] = world->hosts[node];
    for (int rank = 0; rank < world->ranks; rank++) {
        count_from(zero, &telling->tales[rank]);
        story->begin = fmin(story->begin, telling->tales[rank].since);
        story->end = fmax(story->end, telling->tales[rank].until);
    }
}

int rpi_telling_tales(struct telling *telling, double now)
{
    const struct world *world = &telling->pool->world;
    struct tale mine = tell(telling, now);
    if (world->rank != world->root)
        return rpi_message_send(&mine, sizeof mine, world->root, world->comm);
    int code = MPI_SUCCESS;
    telling->tales[world->rank] = mine;
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++) {
        if (rank != world->root)
            code = rpi_message_receive(&telling->tales[rank], sizeof mine, rank, world->comm);
    }
    compose(telling);
    return code;
}

/* A portion of this rank's events, in the root's time. */
static uint32_t portion_of(const struct telling *telling, uint32_t first,
                           struct event portion[PORTION])
{
    const struct recorder *recorder = telling->pool->recorder;
    uint32_t count = 0;
    for (uint32_t i = first; i < recorder->tale.events && count < PORTION; i++) {
        portion[count] = recorder->events[i];
        portion[count].begin = root_time(telling, portion[count].begin);
        portion[count++].end = root_time(telling, recorder->events[i].end);
    }
    return count;
}

/* One rank's events, on the root. */
static int hear_rank(const struct telling *telling, int rank, const struct listener *listener)
{
    const struct world *world = &telling->pool->world;
    double zero = telling->pool->recorder->tale.since;
    uint32_t events = telling->tales[rank].events, first = 0;
    struct event portion[PORTION];
    int code = MPI_SUCCESS;
    while (first < events && code == MPI_SUCCESS) {
        uint32_t count = events - first < PORTION ? events - first : PORTION;
        if (rank == world->root)
            portion_of(telling, first, portion);
        else
            code = rpi_message_receive(portion, count * sizeof *portion, rank, world->comm);
        for (uint32_t i = 0; i < count; i++) {
            portion[i].begin -= zero;
            portion[i].end -= zero;
        }
        if (code == MPI_SUCCESS)
            listener->hear(listener->self, rank, portion, count);
        first += count;
    }
    return code;
}

static int send_events(const struct telling *telling)
{
    const struct world *world = &telling->pool->world;
    struct event portion[PORTION];
    uint32_t count, first = 0;
    int code = MPI_SUCCESS;
    while (code == MPI_SUCCESS && (count = portion_of(telling, first, portion)) > 0) {
        code = rpi_message_send(portion, count * sizeof *portion, world->root, world->comm);
        first += count;
    }
    return code;
}

int rpi_telling_events(const struct telling *telling, const struct listener *listener)
{
    const struct world *world = &telling->pool->world;
    int code = MPI_SUCCESS;
    if (world->rank != world->root)
        return send_events(telling);
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++)
        code = hear_rank(telling, rank, listener);
    return code;
}
