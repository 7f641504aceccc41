/* The profile of all ranks, gathered on the root. Times are seconds of the root's clock since the
 * root began to record. */
#ifndef RANKPOOL_OBSERVE_PROFILE_H
#define RANKPOOL_OBSERVE_PROFILE_H

#include "observe/recorder.h"

#include <stdio.h>

struct profile {
    int ranks, nodes, root;
    const char *const *hosts;                 /* by node */
    const struct rank_profile *rank_profiles; /* by rank */
    double begin, end; /* from the first rank's start to the last rank's end */
};

/* Receives the events of all ranks: rank by rank, in order of time, in portions. */
struct profile_sink {
    void (*on_events)(void *self, int rank, const struct event *events, uint32_t count);
    void *self;
};

/* The statistics of the whole pool. */
rp_pool_stats rpi_profile_figures(const struct profile *profile);

/* Write the statistics, for people and for programs. */
void rpi_profile_table(FILE *file, const struct profile *profile);
void rpi_profile_json(FILE *file, const struct profile *profile);

#endif
