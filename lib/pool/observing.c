/* Telling what was recorded: the ranks' records come together on the root. */
#include "base/error.h"
#include "observe/story.h"
#include "observe/timeline.h"
#include "observe/trace.h"
#include "pool/clocks.h"
#include "pool/sight.h"
#include "world/message.h"
#include "world/mpi_error.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVENTS = 65536, /* of a rank */
    PORTION = 1024  /* events sent at once */
};

/* One telling. On ranks other than the root only the offset means anything. */
struct telling {
    rp_pool *pool;
    struct clock_offset offset;
    struct tale *tales;
    const char **hosts;
    struct story story;
    FILE *file; /* to write to; NULL: none */
};

/* ---- beginning and ending to record ------------------------------------------------------------ */

static void record_on(rp_pool *pool, rp_error *error)
{
    if (pool->recorder == NULL)
        pool->recorder = rpi_recorder_make(EVENTS);
    if (pool->recorder == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for a record of %d events", EVENTS);
    else
        rpi_recorder_start(pool->recorder, rpi_clock_seconds());
}

static void record_off(rp_pool *pool)
{
    rpi_recorder_drop(pool->recorder);
    pool->recorder = NULL;
}

rp_status rp_record(rp_pool *pool, bool on)
{
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    struct ballot ballot = rpi_ballot(CALL_RECORD);
    ballot.terms[0] = on;
    if (!pool->loop.open && on)
        record_on(pool, &ballot.error);
    rp_status status = rpi_pool_meet(pool, &ballot);
    if (status == RP_OK && on)
        status = rpi_mpi_check(rpi_clocks_measure(&pool->world, &pool->recorded_from),
                               "MPI_Sendrecv", &pool->last);
    if (pool->loop.open)
        return status;
    if (status != RP_OK || !on)
        record_off(pool);
    else
        rpi_recorder_start(pool->recorder, rpi_clock_seconds());
    pool->told = pool->traffic;
    return status;
}

/* ---- bringing it together ---------------------------------------------------------------------- */

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

static int collect_tales(struct telling *telling, double now)
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

static int hear_all(const struct telling *telling, const struct listener *listener)
{
    const struct world *world = &telling->pool->world;
    int code = MPI_SUCCESS;
    if (world->rank != world->root)
        return send_events(telling);
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++)
        code = hear_rank(telling, rank, listener);
    return code;
}

/* ---- one telling ------------------------------------------------------------------------------- */

static bool has_suffix(const char *path, const char *suffix)
{
    size_t length = strlen(path), behind = strlen(suffix);
    return length > behind && strcmp(path + length - behind, suffix) == 0;
}

/* What the root needs, before the ranks meet. */
static void prepare(struct telling *telling, const char *path, rp_error *error)
{
    const struct world *world = &telling->pool->world;
    telling->tales = calloc((size_t)world->ranks, sizeof *telling->tales);
    telling->hosts = calloc((size_t)world->nodes, sizeof *telling->hosts);
    if (telling->tales == NULL || telling->hosts == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for the records of %d ranks", world->ranks);
    else if (path != NULL && (telling->file = fopen(path, "w")) == NULL)
        rpi_error_set(error, RP_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
}

/* Meets, and brings the tales together. */
static rp_status begin_telling(struct telling *telling, rp_pool *pool, enum call call,
                               const char *path, bool path_needed)
{
    *telling = (struct telling){.pool = pool};
    struct ballot ballot = rpi_ballot(call);
    if (pool->recorder == NULL)
        rpi_error_set(&ballot.error, RP_ERR_STATE,
                      "nothing is recorded: call rp_record() before what is to be told");
    else if (pool->world.rank == pool->world.root && path_needed && path == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no name of a file to write");
    else if (pool->world.rank == pool->world.root && !pool->loop.open)
        prepare(telling, path, &ballot.error);
    if (rpi_pool_meet(pool, &ballot) != RP_OK)
        return pool->last.status;
    double now = rpi_clock_seconds();
    int code = rpi_clocks_measure(&pool->world, &telling->offset);
    if (code == MPI_SUCCESS)
        code = collect_tales(telling, now);
    return rpi_mpi_check(code, "MPI_Send or MPI_Recv", &pool->last);
}

/* Meets again, so that all know whether it is written. */
static rp_status end_telling(struct telling *telling, rp_status status, const char *path)
{
    rp_pool *pool = telling->pool;
    struct ballot ballot = rpi_ballot(CALL_TOLD);
    if (telling->file != NULL) {
        bool good = ferror(telling->file) == 0;
        if ((fclose(telling->file) != 0 || !good) && status == RP_OK)
            rpi_error_set(&ballot.error, RP_ERR_IO, "cannot write '%s': %s", path, strerror(errno));
    }
    free(telling->tales);
    free(telling->hosts);
    return status == RP_OK ? rpi_pool_meet(pool, &ballot) : status;
}

static rp_status share_figures(struct telling *telling, rp_figures *figures, rp_rank_figures *each)
{
    const struct world *world = &telling->pool->world;
    rp_figures all = {.ranks = world->ranks};
    if (world->rank == world->root)
        all = rpi_story_figures(&telling->story);
    int code = rpi_message_broadcast(&all, sizeof all, world->root, world->comm);
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++) {
        rp_rank_figures one = {.rank = rank};
        if (world->rank == world->root)
            one = telling->tales[rank].figures;
        code = rpi_message_broadcast(&one, sizeof one, world->root, world->comm);
        if (each != NULL)
            each[rank] = one;
    }
    if (figures != NULL)
        *figures = all;
    return rpi_mpi_check(code, "MPI_Bcast", &telling->pool->last);
}

rp_status rp_stats(rp_pool *pool, rp_figures *figures, rp_rank_figures *each)
{
    struct telling telling;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rp_status status = begin_telling(&telling, pool, CALL_STATS, NULL, false);
    if (status == RP_OK)
        status = share_figures(&telling, figures, each);
    return end_telling(&telling, status, NULL);
}

rp_status rp_stats_print(rp_pool *pool, const char *path)
{
    struct telling telling;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rp_status status = begin_telling(&telling, pool, CALL_STATS, path, false);
    if (status == RP_OK && pool->world.rank == pool->world.root) {
        FILE *file = telling.file != NULL ? telling.file : stderr;
        if (path != NULL && has_suffix(path, ".json"))
            rpi_story_json(file, &telling.story);
        else
            rpi_story_table(file, &telling.story);
    }
    return end_telling(&telling, status, path);
}

/* The root draws from the events of all ranks. */
static rp_status draw(struct telling *telling, const char *path)
{
    rp_pool *pool = telling->pool;
    bool root = pool->world.rank == pool->world.root;
    struct timeline *timeline = root ? rpi_timeline_begin(&telling->story) : NULL;
    struct listener listener = {rpi_timeline_hear, timeline};
    int code = hear_all(telling, &listener);
    if (timeline != NULL) {
        rpi_timeline_complete(timeline);
        rpi_timeline_write(telling->file, timeline,
                           has_suffix(path, ".html") || has_suffix(path, ".htm"));
    }
    rpi_timeline_end(timeline);
    return rpi_mpi_check(code, "MPI_Send or MPI_Recv", &pool->last);
}

rp_status rp_timeline(rp_pool *pool, const char *path)
{
    struct telling telling;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rp_status status = begin_telling(&telling, pool, CALL_TIMELINE, path, true);
    if (status == RP_OK)
        status = draw(&telling, path);
    return end_telling(&telling, status, path);
}

rp_status rp_trace(rp_pool *pool, const char *path)
{
    struct telling telling;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rp_status status = begin_telling(&telling, pool, CALL_TRACE, path, true);
    if (status == RP_OK) {
        struct trace trace = {.file = telling.file, .story = &telling.story};
        struct listener listener = {rpi_trace_hear, &trace};
        bool root = pool->world.rank == pool->world.root;
        if (root)
            rpi_trace_begin(&trace);
        status = rpi_mpi_check(hear_all(&telling, &listener), "MPI_Send or MPI_Recv", &pool->last);
        if (root)
            rpi_trace_end(&trace);
    }
    return end_telling(&telling, status, path);
}
