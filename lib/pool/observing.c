/* Recording what the ranks do, and telling it. */
#include "base/error.h"
#include "observe/timeline.h"
#include "observe/trace.h"
#include "pool/sight.h"
#include "pool/telling.h"
#include "world/message.h"
#include "world/mpi_error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    EVENTS = 65536 /* of a rank */
};

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

/* All meet again, so that the ranks begin together. */
static rp_status compare_clocks(rp_pool *pool)
{
    struct ballot ballot = rpi_ballot(CALL_TOLD);
    int code = rpi_clocks_measure(&pool->world, &pool->recorded_from);
    rpi_mpi_check(code, "MPI between nodes", &ballot.error);
    return rpi_pool_meet(pool, &ballot);
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
        status = compare_clocks(pool);
    if (pool->loop.open)
        return status;
    if (status != RP_OK || !on)
        record_off(pool);
    else
        rpi_recorder_start(pool->recorder, rpi_clock_seconds());
    pool->told = pool->traffic;
    return status;
}

/* ---- one telling
 * ------------------------------------------------------------------------------- */

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
        code = rpi_telling_tales(telling, now);
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
    int code = rpi_telling_events(telling, &listener);
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
        status = rpi_mpi_check(rpi_telling_events(&telling, &listener), "MPI_Send or MPI_Recv",
                               &pool->last);
        if (root)
            rpi_trace_end(&trace);
    }
    return end_telling(&telling, status, path);
}
