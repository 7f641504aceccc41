/* What all ranks tell, where the root has brought it together. Times are seconds since the root
 * began to record, by the root's clock. */
#ifndef RANKPOOL_OBSERVE_STORY_H
#define RANKPOOL_OBSERVE_STORY_H

#include "observe/recorder.h"

#include <stdio.h>

struct story {
    int ranks, nodes, root;
    const char *const *hosts; /* by node */
    const struct tale *tales; /* by rank */
    double begin, end;        /* from the first rank's beginning to the last one's end */
};

/* Whoever makes something of a story. Events come rank by rank, in the order of time, in
 * portions. */
struct listener {
    void (*hear)(void *self, int rank, const struct event *events, uint32_t count);
    void *self;
};

/* The figures of all ranks, without those of each. */
rp_figures rpi_story_figures(const struct story *story);

/* The figures, for people and for programs. */
void rpi_story_table(FILE *file, const struct story *story);
void rpi_story_json(FILE *file, const struct story *story);

#endif
