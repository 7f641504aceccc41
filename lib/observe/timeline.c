#include "observe/timeline.h"

#include <math.h>
#include <stdlib.h>

enum {
    COARSE_COLUMNS = 500,
    FEW_RANKS = 64,
    ALL_STRETCHES = 60000 /* of all lanes together, so that the file stays small */
};

static uint32_t stretches_for(int ranks)
{
    uint32_t each = (uint32_t)(ALL_STRETCHES / ranks);
    return each < 40 ? 40 : each > 2000 ? 2000 : each;
}

struct timeline *rpi_timeline_begin(const struct story *story)
{
    struct timeline *timeline = calloc(1, sizeof *timeline);
    if (timeline == NULL)
        return NULL;
    timeline->story = story;
    timeline->columns = story->ranks <= FEW_RANKS ? MOST_COLUMNS : COARSE_COLUMNS;
    timeline->stretches = stretches_for(story->ranks);
    timeline->lanes = calloc((size_t)story->ranks, sizeof *timeline->lanes);
    for (int rank = 0; rank < story->ranks && timeline->lanes != NULL; rank++) {
        struct lane_picture *lane = &timeline->lanes[rank];
        lane->column = calloc((size_t)timeline->columns, sizeof *lane->column);
        lane->mark = story->tales[rank].since;
        /* One stretch more: the last one may be shorter than the others. */
        lane->stretches = calloc((size_t)timeline->stretches * 2 + 1, sizeof *lane->stretches);
        if (lane->column == NULL || lane->stretches == NULL) {
            rpi_timeline_end(timeline);
            return NULL;
        }
    }
    if (timeline->lanes != NULL)
        return timeline;
    free(timeline);
    return NULL;
}

void rpi_timeline_end(struct timeline *timeline)
{
    if (timeline == NULL)
        return;
    for (int rank = 0; rank < timeline->story->ranks; rank++) {
        free(timeline->lanes[rank].column);
        free(timeline->lanes[rank].stretches);
    }
    free(timeline->lanes);
    free(timeline);
}

static double window(const struct timeline *timeline)
{
    double seconds = timeline->story->end - timeline->story->begin;
    return seconds > 0 ? seconds : 1e-9;
}

/* Spreads shares of the time from `begin` to `end` evenly over its columns. */
static void spread(const struct timeline *timeline, struct lane_picture *lane, double begin,
                   double end, const double share[LAYERS])
{
    double scale = timeline->columns / window(timeline);
    double from = (begin - timeline->story->begin) * scale;
    double to = (end - timeline->story->begin) * scale;
    from = fmax(from, 0);
    to = fmin(to, timeline->columns);
    for (int column = (int)from; column < to; column++) {
        double part = fmin(to, column + 1) - fmax(from, column);
        for (int layer = 0; layer < LAYERS; layer++)
            lane->column[column][layer] += (float)(part * share[layer]);
    }
}

static void spread_event(const struct timeline *timeline, struct lane_picture *lane,
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
    spread(timeline, lane, event->begin, event->end, share);
}

/* The program's own code is between events. */
static void spread_own(const struct timeline *timeline, struct lane_picture *lane, double begin,
                       double end)
{
    static const double own[LAYERS] = {[LAYER_OWN] = 1};
    if (end > begin)
        spread(timeline, lane, begin, end, own);
}

static struct stretch stretch_of(const struct event *event)
{
    struct stretch stretch = {.begin = (float)event->begin,
                              .end = (float)event->end,
                              .first = event->first,
                              .items = event->items,
                              .slices = event->slices};
    for (int i = 0; i < ACTIVITIES; i++)
        stretch.seconds[i] = event->seconds[i];
    return stretch;
}

/* Two neighbours together last longer than a stretch may, so there are no more than twice as many
 * as there would be of that length. */
static void stretch_out(const struct timeline *timeline, struct lane_picture *lane,
                        const struct event *event)
{
    float most = (float)(window(timeline) / timeline->stretches);
    struct stretch next = stretch_of(event);
    struct stretch *last = lane->count > 0 ? &lane->stretches[lane->count - 1] : NULL;
    if (last == NULL ||
        (next.end - last->begin > most && lane->count < 2 * timeline->stretches + 1)) {
        lane->stretches[lane->count++] = next;
        return;
    }
    last->end = next.end;
    for (int i = 0; i < ACTIVITIES; i++)
        last->seconds[i] += next.seconds[i];
    if (last->items == 0)
        last->first = next.first;
    last->items += next.items;
    last->slices += next.slices;
}

static void extend(struct job_span *span, const struct event *event)
{
    span->end = event->end;
    if (event->end - span->job_begin > span->longest) {
        span->longest = event->end - span->job_begin;
        span->label = event->label;
    }
}

/* The jobs of the root. Those too short to be seen apart, or for which there is no room, become
 * one. */
static void note_job(struct timeline *timeline, const struct event *event)
{
    const double visible = 0.004;
    struct job_span *last =
        timeline->span_count > 0 ? &timeline->spans[timeline->span_count - 1] : NULL;
    if (event->job == 0)
        return;
    if (last == NULL || last->job != event->job) {
        bool close = last != NULL && event->begin - last->begin < visible * window(timeline);
        if (last == NULL || (!close && timeline->span_count < MOST_SPANS)) {
            last = &timeline->spans[timeline->span_count++];
            *last = (struct job_span){.begin = event->begin};
        }
        last->jobs++;
        last->job = event->job;
        last->job_begin = event->begin;
    }
    extend(last, event);
}

void rpi_timeline_hear(void *self, int rank, const struct event *events, uint32_t count)
{
    struct timeline *timeline = self;
    if (timeline == NULL)
        return;
    struct lane_picture *lane = &timeline->lanes[rank];
    for (uint32_t i = 0; i < count; i++) {
        spread_own(timeline, lane, lane->mark, events[i].begin);
        spread_event(timeline, lane, &events[i]);
        stretch_out(timeline, lane, &events[i]);
        lane->mark = events[i].end;
        if (rank == timeline->story->root)
            note_job(timeline, &events[i]);
    }
}

void rpi_timeline_complete(struct timeline *timeline)
{
    for (int rank = 0; rank < timeline->story->ranks; rank++) {
        struct lane_picture *lane = &timeline->lanes[rank];
        spread_own(timeline, lane, lane->mark, timeline->story->tales[rank].until);
    }
}
