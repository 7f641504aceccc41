/* A story in Google's Trace Event format, which Perfetto and chrome://tracing show: nodes are
 * processes, ranks are threads; jobs lie above what they are made of. */
#ifndef RANKPOOL_OBSERVE_TRACE_H
#define RANKPOOL_OBSERVE_TRACE_H

#include "observe/story.h"

struct trace {
    FILE *file;
    const struct story *story;
    int rank;            /* whose events came last */
    uint32_t job, label; /* of the job at hand; 0: none */
    double begin, end;   /* of it, so far; end: also of the last event */
};

void rpi_trace_begin(struct trace *trace);
void rpi_trace_hear(void *trace, int rank, const struct event *events, uint32_t count);
void rpi_trace_end(struct trace *trace);

#endif
