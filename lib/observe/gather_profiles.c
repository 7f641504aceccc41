#include "observe/gather_profiles.h"

#include "comm/bigcount.h"
#include "comm/mpi_error.h"
#include "observe/hooks.h"

#include <math.h>

enum {
    PORTION_EVENTS = 1024 /* events per message */
};

static double report_root_time(const struct report *report, double time)
{
    return rpi_clocks_of_root(&report->pool->observe->recorded_from, &report->offset, time);
}

/* The profile of this rank, in the root's time. */
static struct rank_profile rank_profile_make(const struct report *report, double now)
{
    const rp_pool *pool = report->pool;
    bool goes_on = pool->observe->recorder != NULL;
    const struct traffic *traffic = goes_on ? &pool->traffic : &pool->observe->traffic_at_stop;
    struct rank_profile rank_profile =
        rpi_recorder_send(pool->observe->recorded,
                          goes_on ? now : pool->observe->recorded->stopped);
    rank_profile.figures.rank = pool->world.rank;
    rank_profile.figures.node = pool->world.node;
    rank_profile.figures.batches = traffic->batches - pool->observe->traffic_at_start.batches;
    rank_profile.figures.messages = traffic->messages - pool->observe->traffic_at_start.messages;
    rank_profile.figures.bytes = traffic->bytes - pool->observe->traffic_at_start.bytes;
    rank_profile.since = report_root_time(report, rank_profile.since);
    rank_profile.until = report_root_time(report, rank_profile.until);
    for (int i = 0; i < rank_profile.slow; i++) {
        rank_profile.slowest[i].rank = pool->world.rank;
        rank_profile.slowest[i].begin = report_root_time(report, rank_profile.slowest[i].begin);
    }
    return rank_profile;
}

/* On the root: makes times relative to the moment when the root began to record. */
static void rank_profile_rebase(double zero, struct rank_profile *rank_profile)
{
    rank_profile->since -= zero;
    rank_profile->until -= zero;
    for (int i = 0; i < rank_profile->slow; i++)
        rank_profile->slowest[i].begin -= zero;
}

static void profile_compose(struct report *report)
{
    struct profile *profile = &report->profile;
    const struct world *world = &report->pool->world;
    double zero = report->rank_profiles[world->root].since;
    *profile = (struct profile){.ranks = world->ranks,
                                .nodes = world->nodes,
                                .root = world->root,
                                .hosts = report->hosts,
                                .rank_profiles = report->rank_profiles,
                                .begin = INFINITY,
                                .end = -INFINITY};
    for (int node = 0; node < world->nodes; node++)
        report->hosts[node] = world->hosts[node];
    for (int rank = 0; rank < world->ranks; rank++) {
        rank_profile_rebase(zero, &report->rank_profiles[rank]);
        profile->begin = fmin(profile->begin, report->rank_profiles[rank].since);
        profile->end = fmax(profile->end, report->rank_profiles[rank].until);
    }
}

int rpi_gather_profiles(struct report *report, double now)
{
    const struct world *world = &report->pool->world;
    struct rank_profile mine = rank_profile_make(report, now);
    if (world->rank != world->root)
        return rpi_message_send(&mine, sizeof mine, world->root, world->comm);
    int code = MPI_SUCCESS;
    report->rank_profiles[world->rank] = mine;
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++) {
        if (rank != world->root)
            code =
                rpi_message_receive(&report->rank_profiles[rank], sizeof mine, rank, world->comm);
        if (code == MPI_SUCCESS && (unsigned)report->rank_profiles[rank].slow > RP_SLOWEST)
            rpi_mpi_reject("rank", rank);
    }
    profile_compose(report);
    return code;
}

/* Copies up to PORTION events of this rank, in the root's time; returns how many. */
static uint32_t portion_fill(const struct report *report, uint32_t first,
                             struct event portion[PORTION_EVENTS])
{
    const struct recorder *recorder = report->pool->observe->recorded;
    uint32_t count = 0;
    for (uint32_t i = first; i < recorder->rank_profile.events && count < PORTION_EVENTS; i++) {
        portion[count] = recorder->events[i];
        portion[count].begin = report_root_time(report, portion[count].begin);
        portion[count++].end = report_root_time(report, recorder->events[i].end);
    }
    return count;
}

/* On the root: receives one rank's events and passes them on. */
static int events_receive_rank(const struct report *report, int rank,
                               const struct profile_sink *sink)
{
    const struct world *world = &report->pool->world;
    double zero = report->pool->observe->recorded->rank_profile.since;
    uint32_t events = report->rank_profiles[rank].events, first = 0;
    struct event portion[PORTION_EVENTS];
    int code = MPI_SUCCESS;
    while (first < events && code == MPI_SUCCESS) {
        uint32_t count = events - first < PORTION_EVENTS ? events - first : PORTION_EVENTS;
        if (rank == world->root)
            portion_fill(report, first, portion);
        else
            code = rpi_message_receive(portion, count * sizeof *portion, rank, world->comm);
        for (uint32_t i = 0; i < count; i++) {
            portion[i].begin -= zero;
            portion[i].end -= zero;
        }
        if (code == MPI_SUCCESS)
            sink->on_events(sink->self, rank, portion, count);
        first += count;
    }
    return code;
}

static int events_send(const struct report *report)
{
    const struct world *world = &report->pool->world;
    struct event portion[PORTION_EVENTS];
    uint32_t count, first = 0;
    int code = MPI_SUCCESS;
    while (code == MPI_SUCCESS && (count = portion_fill(report, first, portion)) > 0) {
        code = rpi_message_send(portion, count * sizeof *portion, world->root, world->comm);
        first += count;
    }
    return code;
}

int rpi_gather_events(const struct report *report, const struct profile_sink *sink)
{
    const struct world *world = &report->pool->world;
    int code = MPI_SUCCESS;
    if (world->rank != world->root)
        return events_send(report);
    for (int rank = 0; rank < world->ranks && code == MPI_SUCCESS; rank++)
        code = events_receive_rank(report, rank, sink);
    return code;
}
