#include "observe/timeline.h"

#include <math.h>
#include <stdlib.h>

enum {
    COARSE_COLUMNS = 500,
    FEW_RANKS = 64,
    ALL_STRETCHES = 60000 /* of all lanes, to keep the file small */
};

static uint32_t timeline_stretches(int ranks)
{
    uint32_t each = (uint32_t)(ALL_STRETCHES / ranks);
    return each < 40 ? 40 : each > 2000 ? 2000 : each;
}

struct timeline *rpi_timeline_begin(const struct profile *profile)
{
    struct timeline *timeline = calloc(1, sizeof *timeline);
    if (timeline == NULL)
        return NULL;
    timeline->profile = profile;
    timeline->columns = profile->ranks <= FEW_RANKS ? MOST_COLUMNS : COARSE_COLUMNS;
    timeline->stretches = timeline_stretches(profile->ranks);
    timeline->lanes = calloc((size_t)profile->ranks, sizeof *timeline->lanes);
    bool roomy = timeline->lanes != NULL;
    for (int rank = 0; rank < profile->ranks && roomy; rank++) {
        struct lane_picture *lane = &timeline->lanes[rank];
        lane->column = calloc((size_t)timeline->columns, sizeof *lane->column);
        lane->mark = profile->rank_profiles[rank].since;
        /* One more, as the last stretch may be shorter than the others. */
        lane->stretches = calloc((size_t)timeline->stretches * 2 + 1, sizeof *lane->stretches);
        roomy = roomy && lane->column != NULL && lane->stretches != NULL;
    }
    if (roomy)
        return timeline;
    rpi_timeline_end(timeline);
    return NULL;
}

void rpi_timeline_end(struct timeline *timeline)
{
    if (timeline == NULL)
        return;
    for (int rank = 0; rank < timeline->profile->ranks && timeline->lanes != NULL; rank++) {
        free(timeline->lanes[rank].column);
        free(timeline->lanes[rank].stretches);
    }
    free(timeline->lanes);
    free(timeline);
}

static double timeline_seconds(const struct timeline *timeline)
{
    double seconds = timeline->profile->end - timeline->profile->begin;
    return seconds > 0 ? seconds : 1e-9;
}

/* Spreads the layers' shares of the time from `begin` to `end` evenly over its columns. */
static void columns_add(const struct timeline *timeline, struct lane_picture *lane, double begin,
                        double end, const double share[LAYERS])
{
    double scale = timeline->columns / timeline_seconds(timeline);
    double from = (begin - timeline->profile->begin) * scale;
    double to = (end - timeline->profile->begin) * scale;
    from = fmax(from, 0);
    to = fmin(to, timeline->columns);
    for (int column = (int)from; column < to; column++) {
        double part = fmin(to, column + 1) - fmax(from, column);
        for (int layer = 0; layer < LAYERS; layer++)
            lane->column[column][layer] += (float)(part * share[layer]);
    }
}

static void columns_add_event(const struct timeline *timeline, struct lane_picture *lane,
                              const struct event *event)
{
    double seconds = event->end - event->begin;
    if (seconds <= 0)
        return;
    const double parts[LAYERS] = {
        [LAYER_WORKING] = (double)event->seconds[WORKING],
        [LAYER_COMMUNICATING] = (double)event->seconds[COMMUNICATING],
        [LAYER_SCHEDULING] = (double)event->seconds[SCHEDULING],
        [LAYER_OWN] = seconds - (double)event->seconds[WORKING] -
                      (double)event->seconds[COMMUNICATING] - (double)event->seconds[SCHEDULING] -
                      (double)event->seconds[WAITING],
    };
    double share[LAYERS];
    for (int layer = 0; layer < LAYERS; layer++)
        share[layer] = fmax(0, parts[layer] / seconds);
    columns_add(timeline, lane, event->begin, event->end, share);
}

/* Time between events is the application's own. */
static void columns_add_own(const struct timeline *timeline, struct lane_picture *lane,
                            double begin, double end)
{
    static const double own[LAYERS] = {[LAYER_OWN] = 1};
    if (end > begin)
        columns_add(timeline, lane, begin, end, own);
}

/* Joins the event to the last stretch if they last no longer than a stretch may. Any two neighbours
 * last longer, so there are at most twice as many as stretches of that length. */
static void stretches_add(const struct timeline *timeline, struct lane_picture *lane,
                          const struct event *event)
{
    double most = timeline_seconds(timeline) / timeline->stretches;
    struct event *last = lane->count > 0 ? &lane->stretches[lane->count - 1] : NULL;
    if (last == NULL ||
        (event->end - last->begin > most && lane->count < 2 * timeline->stretches + 1))
        lane->stretches[lane->count++] = *event;
    else
        rpi_event_join(last, event);
}

static void job_interval_extend(struct job_interval *interval, const struct event *event)
{
    interval->end = event->end;
    if (event->end - interval->job_begin > interval->longest) {
        interval->longest = event->end - interval->job_begin;
        interval->label = event->label;
    }
}

/* Collects the jobs of the root. Joins a job to its predecessor if they are too short to see apart,
 * or if the array is full. */
static void job_intervals_add(struct timeline *timeline, const struct event *event)
{
    const double visible = 0.004;
    struct job_interval *last = timeline->job_interval_count > 0
                                    ? &timeline->job_intervals[timeline->job_interval_count - 1]
                                    : NULL;
    if (event->job == 0)
        return;
    if (last == NULL || last->job != event->job) {
        bool close =
            last != NULL && event->begin - last->begin < visible * timeline_seconds(timeline);
        if (last == NULL || (!close && timeline->job_interval_count < MOST_JOB_INTERVALS)) {
            last = &timeline->job_intervals[timeline->job_interval_count++];
            *last = (struct job_interval){.begin = event->begin};
        }
        last->jobs++;
        last->job = event->job;
        last->job_begin = event->begin;
    }
    job_interval_extend(last, event);
}

void rpi_timeline_event(void *self, int rank, const struct event *events, uint32_t count)
{
    struct timeline *timeline = self;
    if (timeline == NULL)
        return;
    struct lane_picture *lane = &timeline->lanes[rank];
    for (uint32_t i = 0; i < count; i++) {
        columns_add_own(timeline, lane, lane->mark, events[i].begin);
        columns_add_event(timeline, lane, &events[i]);
        stretches_add(timeline, lane, &events[i]);
        lane->mark = events[i].end;
        if (rank == timeline->profile->root)
            job_intervals_add(timeline, &events[i]);
    }
}

void rpi_timeline_complete(struct timeline *timeline)
{
    for (int rank = 0; rank < timeline->profile->ranks; rank++) {
        struct lane_picture *lane = &timeline->lanes[rank];
        columns_add_own(timeline, lane, lane->mark, timeline->profile->rank_profiles[rank].until);
    }
}
