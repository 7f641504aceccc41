#include "observe/trace.h"

#include "observe/markup.h"

#include <inttypes.h>

static int node_of(const struct trace *trace, int rank)
{
    return trace->story->tales[rank].figures.node;
}

/* The beginning of a complete event, up to its arguments. `ts` and `dur` are in microseconds, and
 * told to a thousandth: so that what nests still nests, both are cut from the same two rounded
 * moments. */
static void open_event(const struct trace *trace, int rank, const char *name, double begin,
                       double end)
{
    int64_t from = (int64_t)(begin * 1e9), to = (int64_t)(end * 1e9);
    fprintf(trace->file,
            ",\n{\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"name\":",
            node_of(trace, rank), rank, (double)from / 1e3, (double)(to - from) / 1e3);
    rpi_json_string(trace->file, name);
}

static void end_job(struct trace *trace)
{
    if (trace->job == 0)
        return;
    const struct tale *tale = &trace->story->tales[trace->rank];
    const char *name = trace->label > 0 ? tale->labels[trace->label - 1] : "job";
    open_event(trace, trace->rank, name, trace->begin, trace->end);
    fprintf(trace->file, ",\"cat\":\"job\",\"args\":{\"job\":%u}}", trace->job);
    trace->job = 0;
}

static void name_thing(const struct trace *trace, const char *what, int node, int rank,
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
    const struct story *story = trace->story;
    char name[160];
    trace->rank = -1;
    fprintf(trace->file,
            "{\"displayTimeUnit\":\"ms\",\n\"otherData\":{\"program\":\"Rankpool %s\","
            "\"ranks\":%d,\"nodes\":%d,\"seconds\":%.9f},\n\"traceEvents\":[\n"
            "{\"ph\":\"M\",\"pid\":0,\"name\":\"process_sort_index\","
            "\"args\":{\"sort_index\":0}}",
            RP_VERSION, story->ranks, story->nodes, story->end - story->begin);
    for (int node = 0; node < story->nodes; node++) {
        snprintf(name, sizeof name, "node %d (%.100s)", node, story->hosts[node]);
        name_thing(trace, "process_name", node, 0, name);
    }
    for (int rank = 0; rank < story->ranks; rank++) {
        snprintf(name, sizeof name, "rank %d", rank);
        name_thing(trace, "thread_name", node_of(trace, rank), rank, name);
    }
}

/* What fills most of an event. */
static enum activity main_activity(const struct event *event)
{
    enum activity most = WORKING;
    for (int i = 0; i < ACTIVITIES; i++)
        if (event->seconds[i] > event->seconds[most])
            most = (enum activity)i;
    return most;
}

/* An event that was merged of several tells what is in it. */
static void write_event(struct trace *trace, const struct event *event)
{
    static const char *const names[ACTIVITIES] = {"work", "communicate", "claim", "wait"};
    static const char *const keys[ACTIVITIES] = {"working", "communicating", "scheduling",
                                                 "waiting"};
    enum activity activity = main_activity(event);
    open_event(trace, trace->rank, event->slices > 0 ? names[WORKING] : names[activity],
               event->begin, event->end);
    fprintf(trace->file, ",\"cat\":\"%s\",\"args\":{", names[activity]);
    if (event->items > 0)
        fprintf(trace->file, "\"first\":%" PRId64 ",\"items\":%" PRId64 ",\"slices\":%u,",
                event->first, event->items, event->slices);
    if (event->steals > 0)
        fprintf(trace->file, "\"steals\":%u,", event->steals);
    for (int i = 0; i < ACTIVITIES; i++)
        fprintf(trace->file, "%s\"%s\":%.9f", i > 0 ? "," : "", keys[i], (double)event->seconds[i]);
    fprintf(trace->file, "}}");
}

/* The program's own code is what lies between events, and from the last one to the end. */
static void write_own(struct trace *trace, double begin, double end)
{
    if (end - begin < 1e-9)
        return;
    open_event(trace, trace->rank, "own code", begin, end);
    fprintf(trace->file, ",\"cat\":\"own\",\"args\":{}}");
}

static void end_rank(struct trace *trace)
{
    if (trace->rank < 0)
        return;
    end_job(trace);
    write_own(trace, trace->end, trace->story->tales[trace->rank].until);
}

void rpi_trace_hear(void *self, int rank, const struct event *events, uint32_t count)
{
    struct trace *trace = self;
    if (rank != trace->rank) {
        end_rank(trace);
        trace->rank = rank;
        trace->end = trace->story->tales[rank].since;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct event *event = &events[i];
        if (event->job != trace->job)
            end_job(trace);
        if (event->job != trace->job) {
            trace->job = event->job;
            trace->label = event->label;
            trace->begin = event->begin;
        }
        write_own(trace, trace->end, event->begin);
        write_event(trace, event);
        trace->end = event->end;
    }
}

void rpi_trace_end(struct trace *trace)
{
    end_rank(trace);
    fprintf(trace->file, "\n]}\n");
}
