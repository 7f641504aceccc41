/* The public calls that start and stop a recording, and the reports on it. */
#include "base/error.h"
#include "base/numeric_locale.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "observe/gather_profiles.h"
#include "observe/hooks.h"
#include "observe/timeline.h"
#include "observe/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    RECORDED_EVENTS = 65536 /* per rank */
};

static void recording_start(rp_pool *pool, rp_error *error)
{
    if (pool->observe->recorded == NULL)
        pool->observe->recorded = rpi_recorder_make(RECORDED_EVENTS);
    pool->observe->recorder = pool->observe->recorded;
    pool->hooks[HOOK_OF_RECORDER] = &rpi_recorder_hook;
    if (pool->observe->recorder == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for a record of %d events", RECORDED_EVENTS);
    else
        rpi_recorder_start(pool->observe->recorder, rpi_clock_seconds());
}

/* The events recorded so far stay available to reports. */
static void recording_stop(rp_pool *pool)
{
    if (pool->observe->recorder == NULL)
        return;
    pool->observe->recorder->stopped = rpi_clock_seconds();
    pool->observe->recorder = NULL;
    pool->observe->traffic_at_stop = pool->traffic;
}

static void recording_drop(rp_pool *pool)
{
    rpi_recorder_drop(pool->observe->recorded);
    pool->observe->recorder = pool->observe->recorded = NULL;
}

/* The agreement at the end makes the ranks begin together. */
static rp_status recording_measure_clocks(rp_pool *pool)
{
    struct vote vote = rpi_vote(CALL_TOLD);
    int code = rpi_clocks_measure(&pool->world, &pool->observe->recorded_from);
    rpi_mpi_check(code, "MPI between nodes", &vote.error);
    return rpi_pool_agree(pool, &vote);
}

rp_status rp_record_start(rp_pool *pool)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    struct vote vote = rpi_vote(CALL_RECORD_START);
    if (!pool->loop.open)
        recording_start(pool, &vote.error);
    rp_status status = rpi_pool_agree(pool, &vote);
    if (status == RP_OK)
        status = recording_measure_clocks(pool);
    pool->observe->traffic_at_start = pool->traffic;
    if (pool->loop.open)
        return status;
    if (status != RP_OK)
        recording_drop(pool);
    else
        rpi_recorder_start(pool->observe->recorder, rpi_clock_seconds());
    return status;
}

rp_status rp_record_stop(rp_pool *pool)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    struct vote vote = rpi_vote(CALL_RECORD_STOP);
    rp_status status = rpi_pool_agree(pool, &vote);
    if (pool->loop.open)
        return status;
    if (status == RP_OK)
        recording_stop(pool);
    else
        recording_drop(pool);
    return status;
}

/* ---- reports --------------------------------------------------------------------------------- */

static bool path_has_suffix(const char *path, const char *suffix)
{
    size_t length = strlen(path), suffix_length = strlen(suffix);
    return length > suffix_length && strcasecmp(path + length - suffix_length, suffix) == 0;
}

/* The endings of names for the files of a report. */
static const char *report_endings(enum call call)
{
    return call == CALL_TIMELINE ? "svg html htm" : call == CALL_TRACE ? "json" : "json txt";
}

/* Allocates the root's buffers and opens the file, so that the agreement covers failures. */
static void report_prepare(struct report *report, const char *path, rp_error *error)
{
    const struct world *world = &report->pool->world;
    report->rank_profiles = calloc((size_t)world->ranks, sizeof *report->rank_profiles);
    report->hosts = calloc((size_t)world->nodes, sizeof *report->hosts);
    if (report->rank_profiles == NULL || report->hosts == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory for the records of %d ranks", world->ranks);
    else if (path != NULL)
        rpi_output_open(&report->output, path, error);
}

/* Agrees on the call, then gathers the rank profiles. */
static rp_status report_begin(struct report *report, rp_pool *pool, enum call call,
                              const char *path, bool path_needed)
{
    *report = (struct report){.pool = pool};
    struct vote vote = rpi_vote(call);
    if (pool->observe->recorded == NULL)
        rpi_error_set(&vote.error, RP_ERR_STATE,
                      "nothing is recorded: call rp_record_start() before the jobs to report on");
    else if (pool->world.rank == pool->world.root && path_needed && path == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no name of a file to write");
    else if (pool->world.rank == pool->world.root && !pool->loop.open &&
             (path == NULL ||
              rpi_output_check_ending(path, report_endings(call), &vote.error) == RP_OK))
        report_prepare(report, path, &vote.error);
    if (rpi_pool_agree(pool, &vote) != RP_OK)
        return pool->last.status;
    double now = rpi_clock_seconds();
    int code = rpi_clocks_measure(&pool->world, &report->offset);
    if (code == MPI_SUCCESS)
        code = rpi_gather_profiles(report, now);
    return rpi_mpi_check(code, "MPI_Send or MPI_Recv", &pool->last);
}

/* Agrees again, so that all ranks know whether the report was written. */
static rp_status report_end(struct report *report, rp_status status)
{
    rp_pool *pool = report->pool;
    struct vote vote = rpi_vote(CALL_TOLD);
    if (report->output.file != NULL)
        rpi_output_close(&report->output, status == RP_OK, &vote.error);
    free(report->rank_profiles);
    free(report->hosts);
    return status == RP_OK ? rpi_pool_agree(pool, &vote) : status;
}

static rp_status stats_broadcast(struct report *report, rp_pool_stats *stats, rp_rank_stats *each)
{
    const struct world *world = &report->pool->world;
    rp_pool_stats all = {.ranks = world->ranks};
    if (world->rank == world->root)
        all = rpi_profile_figures(&report->profile);
    int code = rpi_message_broadcast(&all, sizeof all, world->root, world->comm);
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++) {
        rp_rank_stats one = {.rank = rank};
        if (world->rank == world->root)
            one = report->rank_profiles[rank].figures;
        code = rpi_message_broadcast(&one, sizeof one, world->root, world->comm);
        if (each != NULL)
            each[rank] = one;
    }
    if (stats != NULL)
        *stats = all;
    return rpi_mpi_check(code, "MPI_Bcast", &report->pool->last);
}

rp_status rp_stats(rp_pool *pool, rp_pool_stats *stats, rp_rank_stats *each)
{
    struct report report;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rp_status status = report_begin(&report, pool, CALL_STATS, NULL, false);
    if (status == RP_OK)
        status = stats_broadcast(&report, stats, each);
    return report_end(&report, status);
}

rp_status rp_stats_write(rp_pool *pool, const char *path)
{
    struct report report;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rp_status status = report_begin(&report, pool, CALL_STATS, path, false);
    if (status == RP_OK && pool->world.rank == pool->world.root) {
        FILE *file = report.output.file != NULL ? report.output.file : stderr;
        locale_t before = rpi_numeric_locale_begin();
        if (path != NULL && path_has_suffix(path, ".json"))
            rpi_profile_json(file, &report.profile);
        else
            rpi_profile_table(file, &report.profile);
        rpi_numeric_locale_end(before);
    }
    return report_end(&report, status);
}

/* Passes the events of all ranks to the root's sink. */
static rp_status report_gather_events(const struct report *report, const struct profile_sink *sink)
{
    return rpi_mpi_check(rpi_gather_events(report, sink), "MPI_Send or MPI_Recv",
                         &report->pool->last);
}

/* The root draws the events of all ranks. */
static rp_status timeline_draw(struct report *report, const char *path)
{
    bool root = report->pool->world.rank == report->pool->world.root;
    struct timeline *timeline = root ? rpi_timeline_begin(&report->profile) : NULL;
    struct profile_sink sink = {rpi_timeline_event, timeline};
    rp_status status = report_gather_events(report, &sink);
    if (timeline != NULL) {
        locale_t before = rpi_numeric_locale_begin();
        rpi_timeline_complete(timeline);
        rpi_timeline_write(report->output.file, timeline,
                           path_has_suffix(path, ".html") || path_has_suffix(path, ".htm"));
        rpi_numeric_locale_end(before);
    } else if (root) {
        report->output.code = ENOMEM;
    }
    rpi_timeline_end(timeline);
    return status;
}

rp_status rp_timeline(rp_pool *pool, const char *path)
{
    struct report report;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rp_status status = report_begin(&report, pool, CALL_TIMELINE, path, true);
    if (status == RP_OK)
        status = timeline_draw(&report, path);
    return report_end(&report, status);
}

rp_status rp_trace(rp_pool *pool, const char *path)
{
    struct report report;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rp_status status = report_begin(&report, pool, CALL_TRACE, path, true);
    if (status == RP_OK) {
        struct trace trace = {.file = report.output.file, .profile = &report.profile};
        struct profile_sink sink = {rpi_trace_event, &trace};
        bool root = pool->world.rank == pool->world.root;
        locale_t before = rpi_numeric_locale_begin();
        if (root)
            rpi_trace_begin(&trace);
        status = report_gather_events(&report, &sink);
        if (root)
            rpi_trace_end(&trace);
        rpi_numeric_locale_end(before);
    }
    return report_end(&report, status);
}
