/* A profile in Google's Trace Event format, for Perfetto and chrome://tracing: nodes are processes,
 * ranks are threads, and jobs enclose their events. */
#ifndef RANKPOOL_OBSERVE_TRACE_H
#define RANKPOOL_OBSERVE_TRACE_H

#include "observe/profile.h"

struct trace {
    FILE *file;
    const struct profile *profile;
    int rank;            /* of the last events; -1: none yet */
    uint32_t job, label; /* current; 0: none */
    double begin, end;   /* of the job, so far; end: also of the last event */
};

void rpi_trace_begin(struct trace *trace);
void rpi_trace_event(void *trace, int rank, const struct event *events, uint32_t count);
void rpi_trace_end(struct trace *trace);

#endif
