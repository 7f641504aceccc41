#include "observe/trace.h"

#include "observe/escape.h"

#include <inttypes.h>

static int trace_node(const struct trace *trace, int rank)
{
    return trace->profile->rank_profiles[rank].figures.node;
}

/* The first members of a complete event. `ts` and `dur` are in microseconds with three decimals,
 * both from the same truncated begin and end, so that nested events stay nested. */
static void trace_open_event(const struct trace *trace, int rank, const char *name, double begin,
                             double end)
{
    int64_t from = (int64_t)(begin * 1e9), to = (int64_t)(end * 1e9);
    fprintf(trace->file,
            ",\n{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"name\":",
            trace_node(trace, rank), rank, (double)from / 1e3, (double)(to - from) / 1e3);
    rpi_json_string(trace->file, name);
}

static void trace_end_job(struct trace *trace)
{
    if (trace->job == 0)
        return;
    const struct rank_profile *rank_profile = &trace->profile->rank_profiles[trace->rank];
    const char *name = trace->label > 0 ? rank_profile->labels[trace->label - 1] : "job";
    trace_open_event(trace, trace->rank, name, trace->begin, trace->end);
    fprintf(trace->file, ",\"cat\":\"job\",\"args\":{\"job\":%u}}", trace->job);
    trace->job = 0;
}

static void trace_write_name(const struct trace *trace, const char *what, int node, int rank,
                             const char *name)
{
    fprintf(trace->file,
            ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%d,\"name\":\"%s\",\"args\":{\"name\":", node,
            rank, what);
    rpi_json_string(trace->file, name);
    fprintf(trace->file, "}}");
}

void rpi_trace_begin(struct trace *trace)
{
    const struct profile *profile = trace->profile;
    char name[160];
    trace->rank = -1;
    fprintf(trace->file,
            "{\"displayTimeUnit\":\"ms\",\n\"otherData\":{\"program\":\"Rankpool %s\","
            "\"ranks\":%d,\"nodes\":%d,\"seconds\":%.9f},\n\"traceEvents\":[\n"
            "{\"ph\":\"M\",\"pid\":0,\"name\":\"process_sort_index\","
            "\"args\":{\"sort_index\":0}}",
            RP_VERSION, profile->ranks, profile->nodes, profile->end - profile->begin);
    for (int node = 0; node < profile->nodes; node++) {
        snprintf(name, sizeof name, "node %d (%.100s)", node, profile->hosts[node]);
        trace_write_name(trace, "process_name", node, 0, name);
    }
    for (int rank = 0; rank < profile->ranks; rank++) {
        snprintf(name, sizeof name, "rank %d", rank);
        trace_write_name(trace, "thread_name", trace_node(trace, rank), rank, name);
    }
}

/* The activity that takes the most time of an event. */
static enum activity event_main_activity(const struct event *event)
{
    enum activity most = WORKING;
    for (int i = 0; i < ACTIVITIES; i++)
        if (event->seconds[i] > event->seconds[most])
            most = (enum activity)i;
    return most;
}

/* The arguments say what an event contains, as it may be joined from several. */
static void trace_write_event(struct trace *trace, const struct event *event)
{
    static const char *const names[ACTIVITIES] = {"work", "communicate", "claim", "wait"};
    static const char *const keys[ACTIVITIES] = {"working", "communicating", "scheduling",
                                                 "waiting"};
    enum activity activity = event_main_activity(event);
    trace_open_event(trace, trace->rank, event->chunks > 0 ? names[WORKING] : names[activity],
                     event->begin, event->end);
    fprintf(trace->file, ",\"cat\":\"%s\",\"args\":{", names[activity]);
    if (event->items > 0)
        fprintf(trace->file, "\"first\":%" PRId64 ",\"items\":%" PRId64 ",\"chunks\":%u,",
                event->first, event->items, event->chunks);
    if (event->steals > 0)
        fprintf(trace->file, "\"steals\":%u,", event->steals);
    for (int i = 0; i < ACTIVITIES; i++)
        fprintf(trace->file, "%s\"%s\":%.9f", i > 0 ? "," : "", keys[i], (double)event->seconds[i]);
    fprintf(trace->file, "}}");
}

/* The application's own code runs between events, and from the last event to the end. */
static void trace_write_own(struct trace *trace, double begin, double end)
{
    if (end - begin < 1e-9)
        return;
    trace_open_event(trace, trace->rank, "own code", begin, end);
    fprintf(trace->file, ",\"cat\":\"own\",\"args\":{}}");
}

static void trace_end_rank(struct trace *trace)
{
    if (trace->rank < 0)
        return;
    trace_end_job(trace);
    trace_write_own(trace, trace->end, trace->profile->rank_profiles[trace->rank].until);
}

void rpi_trace_event(void *self, int rank, const struct event *events, uint32_t count)
{
    struct trace *trace = self;
    if (rank != trace->rank) {
        trace_end_rank(trace);
        trace->rank = rank;
        trace->end = trace->profile->rank_profiles[rank].since;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct event *event = &events[i];
        if (event->job != trace->job)
            trace_end_job(trace);
        if (event->job != trace->job) {
            trace->job = event->job;
            trace->label = event->label;
            trace->begin = event->begin;
        }
        trace_write_own(trace, trace->end, event->begin);
        trace_write_event(trace, event);
        trace->end = event->end;
    }
}

void rpi_trace_end(struct trace *trace)
{
    trace_end_rank(trace);
    fprintf(trace->file, "\n]}\n");
}
