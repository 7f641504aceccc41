#include "traces.h"

#include "documents.h"
#include "suites.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Traces have timestamps in thousandths of a microsecond. */
static const double rounding = 0.002;

/* A complete event: a job, or an activity of a rank. */
struct traced {
    int rank;
    double begin, end; /* us */
    int job;           /* number of a job; 0: not a job */
    int64_t first, items;
    double told; /* us of the activities in it */
};

struct trace_read {
    struct traced *events;
    int count;
};

/* ---- reading --------------------------------------------------------------------------------- */

/* A numeric argument of an event; 0 if it has none of that name. */
static double argument(const char *line, const char *name)
{
    char key[32];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(line, key);
    return at != NULL ? strtod(at + strlen(key), NULL) : 0;
}

static bool has_category(const char *line, const char *category)
{
    char text[32];
    snprintf(text, sizeof text, "\"cat\":\"%s\"", category);
    return strstr(line, text) != NULL;
}

static double seconds_told(const char *line)
{
    return argument(line, "working") + argument(line, "communicating") +
           argument(line, "scheduling") + argument(line, "waiting");
}

static struct traced read_event(const char *line)
{
    int node;
    double length;
    struct traced event = {.job = 0};
    ck_assert_int_eq(
        sscanf(line, "{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%lf,\"dur\":%lf,\"name\":", &node,
               &event.rank, &event.begin, &length),
        4);
    ck_assert_msg(0 <= event.rank && event.rank < world_ranks() && length >= 0, "%s", line);
    event.end = event.begin + length;
    if (has_category(line, "job"))
        event.job = (int)argument(line, "job");
    event.first = (int64_t)argument(line, "first");
    event.items = (int64_t)argument(line, "items");
    event.told = has_category(line, "own") ? length : 1e6 * seconds_told(line);
    /* Its items are contiguous, unless it was merged of several chunks. */
    ck_assert(event.items == 0 || (int)argument(line, "chunks") == 1);
    return event;
}

static struct trace_read read_trace(char *text)
{
    struct trace_read trace = {NULL, 0};
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        trace.count++;
    trace.events = calloc((size_t)trace.count + 1, sizeof *trace.events);
    ck_assert_ptr_nonnull(trace.events);
    trace.count = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "{\"ph\":\"X\"", 9) == 0)
            trace.events[trace.count++] = read_event(line);
    }
    return trace;
}

/* ---- events nest ----------------------------------------------------------------------------- */

static bool lies_in(const struct traced *inner, const struct traced *outer)
{
    return inner->begin >= outer->begin - rounding && inner->end <= outer->end + rounding;
}

static bool are_apart(const struct traced *a, const struct traced *b)
{
    return a->end <= b->begin + rounding || b->end <= a->begin + rounding;
}

/* A rank's activities are in order, do not overlap, and are entirely inside or outside a job. */
static void check_nesting(const struct trace_read *trace, int rank)
{
    const struct traced *last[2] = {NULL, NULL}; /* the last activity; the last job */
    for (int i = 0; i < trace->count; i++) {
        const struct traced *event = &trace->events[i];
        bool is_job = event->job > 0;
        if (event->rank != rank)
            continue;
        ck_assert_msg(last[is_job] == NULL || event->begin >= last[is_job]->end - rounding,
                      "rank %d: two %s overlap at %g us", rank, is_job ? "jobs" : "events",
                      event->begin);
        last[is_job] = event;
        for (int j = 0; is_job && j < trace->count; j++) {
            const struct traced *other = &trace->events[j];
            ck_assert_msg(other->rank != rank || other->job > 0 || lies_in(other, event) ||
                              are_apart(other, event),
                          "rank %d: job %d cuts an event at %g us", rank, event->job, other->begin);
        }
    }
}

/* ---- lanes add up ---------------------------------------------------------------------------- */

static void check_lane(const struct trace_read *trace, int rank, double least, double most)
{
    double told = 0, begin = INFINITY, end = -INFINITY;
    for (int i = 0; i < trace->count; i++) {
        const struct traced *event = &trace->events[i];
        if (event->rank != rank || event->job > 0)
            continue;
        told += event->told;
        begin = fmin(begin, event->begin);
        end = fmax(end, event->end);
    }
    double wall = end - begin;
    ck_assert_msg(fabs(told - wall) <= 0.01 * wall, "rank %d: %g of %g us", rank, told, wall);
    ck_assert_msg(wall >= 0.99e6 * least && wall <= 1.01e6 * most, "rank %d: %g us, not %g to %g s",
                  rank, wall, least, most);
}

/* ---- every item once ------------------------------------------------------------------------- */

/* The job of its rank that contains an event. */
static int job_of(const struct trace_read *trace, const struct traced *event)
{
    for (int i = 0; i < trace->count; i++) {
        const struct traced *job = &trace->events[i];
        if (job->job > 0 && job->rank == event->rank && lies_in(event, job))
            return job->job;
    }
    ck_abort_msg("items %" PRId64 " ... of rank %d belong to no job", event->first, event->rank);
}

static void check_items(const struct trace_read *trace, int job, int64_t items)
{
    char *counts = calloc((size_t)items, 1);
    ck_assert_ptr_nonnull(counts);
    for (int i = 0; i < trace->count; i++) {
        const struct traced *event = &trace->events[i];
        if (event->items == 0 || job_of(trace, event) != job)
            continue;
        ck_assert(event->first >= 0 && event->first + event->items <= items);
        for (int64_t item = event->first; item < event->first + event->items; item++)
            counts[item]++;
    }
    for (int64_t item = 0; item < items; item++)
        ck_assert_msg(counts[item] == 1, "job %d: item %" PRId64 " is told %d times", job, item,
                      counts[item]);
    free(counts);
}

/* ---------------------------------------------------------------------------------------------- */

void check_trace(char *text, const struct recording *recording)
{
    ck_assert(document_is_json(text));
    struct trace_read trace = read_trace(text);
    for (int rank = 0; rank < world_ranks(); rank++) {
        check_nesting(&trace, rank);
        check_lane(&trace, rank, recording->least[rank], recording->most[rank]);
    }
    for (int job = 1; job <= recording->jobs; job++)
        check_items(&trace, job, recording->items[job - 1]);
    free(trace.events);
}
