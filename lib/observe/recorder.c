#include "observe/recorder.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recorder *rpi_recorder_make(uint32_t capacity)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL)
        return NULL;
    recorder->capacity = capacity;
    recorder->events = malloc(capacity * sizeof *recorder->events);
    if (recorder->events != NULL)
        return recorder;
    free(recorder);
    return NULL;
}

void rpi_recorder_drop(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    free(recorder->events);
    free(recorder);
}

void rpi_recorder_start(struct recorder *recorder, double now)
{
    struct event *events = recorder->events;
    uint32_t capacity = recorder->capacity;
    *recorder = (struct recorder){.events = events, .capacity = capacity, .mark = now};
    recorder->tale.since = now;
}

/* ---- events
 * ------------------------------------------------------------------------------------ */

static void join(struct event *event, const struct event *next)
{
    event->end = next->end;
    for (int i = 0; i < ACTIVITIES; i++)
        event->seconds[i] += next->seconds[i];
    if (event->items == 0)
        event->first = next->first;
    event->items += next->items;
    event->slices += next->slices;
    event->steals += next->steals;
    if (event->job != next->job)
        event->job = event->label = 0;
}

static bool fits(const struct recorder *recorder, const struct event *event,
                 const struct event *next)
{
    return next->end - event->begin <= recorder->resolution;
}

/* One pass over all events. */
static void thin(struct recorder *recorder)
{
    struct event *events = recorder->events;
    uint32_t kept = 0;
    for (uint32_t i = 1; i < recorder->tale.events; i++) {
        if (fits(recorder, &events[kept], &events[i]))
            join(&events[kept], &events[i]);
        else
            events[++kept] = events[i];
    }
    recorder->tale.events = kept + 1;
}

static void make_room(struct recorder *recorder)
{
    const struct event *last = &recorder->events[recorder->tale.events - 1];
    double least = (last->end - recorder->events[0].begin) / recorder->capacity;
    if (recorder->resolution < least)
        recorder->resolution = least;
    while (recorder->tale.events > recorder->capacity / 2) {
        recorder->resolution *= 2;
        thin(recorder);
    }
}

static void add(struct recorder *recorder, const struct event *event)
{
    struct tale *tale = &recorder->tale;
    recorder->mark = event->end;
    tale->figures.working += (double)event->seconds[WORKING];
    tale->figures.communicating += (double)event->seconds[COMMUNICATING];
    tale->figures.scheduling += (double)event->seconds[SCHEDULING];
    tale->figures.waiting += (double)event->seconds[WAITING];
    tale->figures.items += event->items;
    tale->figures.slices += event->slices;
    if (tale->events > 0 && fits(recorder, &recorder->events[tale->events - 1], event)) {
        join(&recorder->events[tale->events - 1], event);
        return;
    }
    if (tale->events == recorder->capacity)
        make_room(recorder);
    recorder->events[tale->events++] = *event;
}

/* An event in which nothing has happened yet. */
static struct event event_of(const struct recorder *recorder, double begin, double end)
{
    return (
        struct event){.begin = begin, .end = end, .job = recorder->job, .label = recorder->label};
}

void rpi_record(struct recorder *recorder, enum activity activity, double begin, double end)
{
    struct event event = event_of(recorder, begin, end);
    event.seconds[activity] = (float)(end - begin);
    if (end > begin)
        add(recorder, &event);
}

void rpi_record_until_now(struct recorder *recorder, enum activity activity)
{
    if (recorder != NULL)
        rpi_record(recorder, activity, recorder->mark, rpi_clock_seconds());
}

/* ---- slices
 * ------------------------------------------------------------------------------------ */

/* The slowest slices, the slowest first. */
static void keep_if_slow(struct tale *tale, const rp_slow_slice *slice)
{
    int place = tale->slow;
    while (place > 0 && tale->slowest[place - 1].seconds < slice->seconds)
        place--;
    if (place == RP_SLOWEST)
        return;
    if (tale->slow < RP_SLOWEST)
        tale->slow++;
    size_t behind = (size_t)(tale->slow - 1 - place);
    memmove(&tale->slowest[place + 1], &tale->slowest[place], behind * sizeof *slice);
    tale->slowest[place] = *slice;
}

/* The slice in hand, up to `end`. */
static struct event end_slice(struct recorder *recorder, double end, bool finished)
{
    struct event event = event_of(recorder, recorder->begun, end);
    double seconds = end - recorder->begun;
    event.seconds[COMMUNICATING] = (float)recorder->moving;
    event.seconds[WORKING] = (float)(seconds - recorder->moving);
    if (finished) {
        event.first = recorder->slice.begin;
        event.items = recorder->slice.end - recorder->slice.begin;
        event.slices = 1;
        keep_if_slow(&recorder->tale, &(rp_slow_slice){.first = event.first,
                                                       .items = event.items,
                                                       .begin = event.begin,
                                                       .seconds = seconds});
    }
    recorder->slice = (rp_range){0, 0};
    recorder->moving = 0;
    return event;
}

void rpi_record_claim(struct recorder *recorder, double begin, double end, double waited,
                      uint64_t steals, const rp_range *next)
{
    struct event event = event_of(recorder, begin, end);
    if (recorder->slice.begin < recorder->slice.end) {
        event = end_slice(recorder, begin, true);
        if (waited > 0) {
            add(recorder, &event);
            event = event_of(recorder, begin, end);
        }
    }
    event.end = end;
    event.seconds[WAITING] += (float)waited;
    event.seconds[SCHEDULING] += (float)(end - begin - waited);
    event.steals = (uint32_t)steals;
    add(recorder, &event);
    recorder->tale.figures.steals += (int64_t)steals;
    if (next != NULL)
        recorder->slice = *next;
    recorder->begun = end;
}

void rpi_record_slice(struct recorder *recorder, double begin, double end, rp_range items)
{
    recorder->begun = begin;
    recorder->slice = items;
    struct event event = end_slice(recorder, end, true);
    add(recorder, &event);
}

/* ---- jobs
 * -------------------------------------------------------------------------------------- */

/* The place of a name among the labels, counted from 1; 0 where there is none, or no room for
 * it. */
static uint32_t label_of(struct tale *tale, const char *name)
{
    char label[LABEL_BYTES];
    if (name == NULL || name[0] == '\0')
        return 0;
    snprintf(label, sizeof label, "%s", name);
    for (uint32_t i = 0; i < LABELS; i++) {
        if (tale->labels[i][0] == '\0')
            memcpy(tale->labels[i], label, sizeof label);
        if (strcmp(tale->labels[i], label) == 0)
            return i + 1;
    }
    return 0;
}

void rpi_record_job(struct recorder *recorder, const char *name)
{
    recorder->moving = 0;
    recorder->job = (uint32_t)++recorder->tale.jobs;
    recorder->label = label_of(&recorder->tale, name);
}

void rpi_record_job_end(struct recorder *recorder, double now, uint64_t draws)
{
    recorder->tale.figures.draws += (int64_t)draws;
    if (recorder->slice.begin < recorder->slice.end) {
        struct event event = end_slice(recorder, now, false);
        add(recorder, &event);
    }
}

struct tale rpi_recorder_tell(const struct recorder *recorder, double now)
{
    struct tale tale = recorder->tale;
    rp_rank_figures *figures = &tale.figures;
    tale.until = now;
    figures->seconds = now - tale.since;
    figures->own = figures->seconds - figures->working - figures->communicating -
                   figures->scheduling - figures->waiting;
    return tale;
}
