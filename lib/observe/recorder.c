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
    recorder->rank_profile.since = now;
}

/* ---- events ---------------------------------------------------------------------------------- */

void rpi_event_join(struct event *event, const struct event *next)
{
    event->end = next->end;
    for (int i = 0; i < ACTIVITIES; i++)
        event->seconds[i] += next->seconds[i];
    if (event->items == 0)
        event->first = next->first;
    event->items += next->items;
    event->chunks += next->chunks;
    event->steals += next->steals;
    if (event->job != next->job)
        event->job = event->label = 0;
}

static bool event_fits(const struct recorder *recorder, const struct event *event,
                       const struct event *next)
{
    return next->end - event->begin <= recorder->resolution;
}

/* Joins neighbours within the resolution, in one pass over all events. */
static void recorder_thin(struct recorder *recorder)
{
    struct event *events = recorder->events;
    uint32_t last = 0;
    for (uint32_t i = 1; i < recorder->rank_profile.events; i++) {
        if (event_fits(recorder, &events[last], &events[i]))
            rpi_event_join(&events[last], &events[i]);
        else
            events[++last] = events[i];
    }
    recorder->rank_profile.events = last + 1;
}

static void recorder_make_room(struct recorder *recorder)
{
    const struct event *last = &recorder->events[recorder->rank_profile.events - 1];
    double least = (last->end - recorder->events[0].begin) / recorder->capacity;
    if (recorder->resolution < least)
        recorder->resolution = least;
    while (recorder->rank_profile.events > recorder->capacity / 2) {
        recorder->resolution *= 2;
        recorder_thin(recorder);
    }
}

static void recorder_append(struct recorder *recorder, const struct event *event)
{
    struct rank_profile *rank_profile = &recorder->rank_profile;
    recorder->mark = event->end;
    rank_profile->figures.working += (double)event->seconds[WORKING];
    rank_profile->figures.communicating += (double)event->seconds[COMMUNICATING];
    rank_profile->figures.scheduling += (double)event->seconds[SCHEDULING];
    rank_profile->figures.waiting += (double)event->seconds[WAITING];
    rank_profile->figures.items += event->items;
    rank_profile->figures.chunks += event->chunks;
    if (rank_profile->events > 0 &&
        event_fits(recorder, &recorder->events[rank_profile->events - 1], event)) {
        rpi_event_join(&recorder->events[rank_profile->events - 1], event);
        return;
    }
    if (rank_profile->events == recorder->capacity)
        recorder_make_room(recorder);
    recorder->events[rank_profile->events++] = *event;
}

/* An event without any activity yet. */
static struct event event_make(const struct recorder *recorder, double begin, double end)
{
    return (
        struct event){.begin = begin, .end = end, .job = recorder->job, .label = recorder->label};
}

/* Appends the event. If the application's own time is work, first appends the time since the last
 * event. */
static void recorder_add(struct recorder *recorder, const struct event *event)
{
    if (recorder->own_is_work && event->begin > recorder->mark) {
        struct event own = event_make(recorder, recorder->mark, event->begin);
        own.seconds[WORKING] = (float)(own.end - own.begin);
        recorder_append(recorder, &own);
    }
    recorder_append(recorder, event);
}

void rpi_record(struct recorder *recorder, enum activity activity, double begin, double end)
{
    struct event event = event_make(recorder, begin, end);
    event.seconds[activity] = (float)(end - begin);
    if (end > begin)
        recorder_add(recorder, &event);
}

void rpi_record_until_now(struct recorder *recorder, enum activity activity)
{
    if (recorder != NULL)
        rpi_record(recorder, activity, recorder->mark, rpi_clock_seconds());
}

/* ---- chunks ---------------------------------------------------------------------------------- */

void rpi_slowest_insert(rp_slow_chunk slowest[RP_SLOWEST], int *count, const rp_slow_chunk *chunk)
{
    int place = *count;
    while (place > 0 && slowest[place - 1].seconds < chunk->seconds)
        place--;
    if (place == RP_SLOWEST)
        return;
    *count += *count < RP_SLOWEST;
    memmove(&slowest[place + 1], &slowest[place], (size_t)(*count - 1 - place) * sizeof *chunk);
    slowest[place] = *chunk;
}

static void recorder_note_slow(struct recorder *recorder, const struct event *event, double begin,
                               double seconds)
{
    rpi_slowest_insert(recorder->rank_profile.slowest, &recorder->rank_profile.slow,
                       &(rp_slow_chunk){.first = event->first,
                                        .items = event->items,
                                        .begin = begin,
                                        .seconds = seconds});
}

/* Ends the current chunk. An unfinished one counts as time, but not as a chunk. */
static struct event chunk_end(struct recorder *recorder, double end, bool finished)
{
    struct event event = event_make(recorder, recorder->begun, end);
    double seconds = end - recorder->begun;
    event.seconds[COMMUNICATING] = (float)recorder->moving;
    event.seconds[WORKING] = (float)(seconds - recorder->moving);
    if (finished) {
        event.first = recorder->chunk.begin;
        event.items = recorder->chunk.end - recorder->chunk.begin;
        event.chunks = 1;
        recorder_note_slow(recorder, &event, event.begin, seconds);
    }
    recorder->chunk = (rp_range){0, 0};
    recorder->moving = 0;
    return event;
}

void rpi_record_claim(struct recorder *recorder, double begin, double end, double waited,
                      uint64_t steals, const rp_range *next)
{
    struct event event = event_make(recorder, begin, end);
    if (recorder->chunk.begin < recorder->chunk.end) {
        event = chunk_end(recorder, begin, true);
        if (waited > 0) {
            recorder_add(recorder, &event);
            event = event_make(recorder, begin, end);
        }
    }
    event.end = end;
    event.seconds[WAITING] += (float)waited;
    event.seconds[SCHEDULING] += (float)(end - begin - waited);
    event.steals = (uint32_t)steals;
    recorder_add(recorder, &event);
    recorder->rank_profile.figures.steals += (int64_t)steals;
    if (next != NULL)
        recorder->chunk = *next;
    recorder->begun = end;
}

void rpi_record_chunk(struct recorder *recorder, double begin, double end, rp_range items)
{
    recorder->begun = begin;
    recorder->chunk = items;
    struct event event = chunk_end(recorder, end, true);
    recorder_add(recorder, &event);
}

/* ---- the application's own work -------------------------------------------------------------- */

void rpi_record_own_work(struct recorder *recorder, double now, bool works)
{
    struct event until_now = event_make(recorder, now, now);
    recorder_add(recorder, &until_now);
    recorder->own_is_work = works;
    recorder->begun = now;
}

void rpi_record_step(struct recorder *recorder, double now, rp_range items)
{
    struct event event = event_make(recorder, recorder->mark, now);
    event.seconds[WORKING] = (float)(now - recorder->mark);
    event.first = items.begin;
    event.items = items.end - items.begin;
    event.chunks = 1;
    recorder_note_slow(recorder, &event, recorder->begun, now - recorder->begun);
    recorder_append(recorder, &event);
    recorder->begun = now;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* The index of a name among the labels, from 1; 0 if there is no name, or no room for it. */
static uint32_t label_find(struct rank_profile *rank_profile, const char *name)
{
    char label[LABEL_BYTES];
    if (name == NULL || name[0] == '\0')
        return 0;
    snprintf(label, sizeof label, "%s", name);
    for (uint32_t i = 0; i < LABELS; i++) {
        if (rank_profile->labels[i][0] == '\0')
            memcpy(rank_profile->labels[i], label, sizeof label);
        if (strcmp(rank_profile->labels[i], label) == 0)
            return i + 1;
    }
    return 0;
}

void rpi_record_job(struct recorder *recorder, const char *name)
{
    recorder->moving = 0;
    recorder->job = (uint32_t)++recorder->rank_profile.jobs;
    recorder->label = label_find(&recorder->rank_profile, name);
}

void rpi_record_job_end(struct recorder *recorder, double now, uint64_t draws)
{
    recorder->rank_profile.figures.takes += (int64_t)draws;
    if (recorder->chunk.begin < recorder->chunk.end) {
        struct event event = chunk_end(recorder, now, false);
        recorder_add(recorder, &event);
    }
}

struct rank_profile rpi_recorder_send(const struct recorder *recorder, double now)
{
    struct rank_profile rank_profile = recorder->rank_profile;
    rp_rank_stats *figures = &rank_profile.figures;
    rank_profile.until = now;
    figures->seconds = now - rank_profile.since;
    figures->application = figures->seconds - figures->working - figures->communicating -
                           figures->scheduling - figures->waiting;
    return rank_profile;
}
