/* The picture of a story: a lane for every rank, coloured by what it did, under a graph of how many
 * were busy. However many events there are, they are added up in columns of the picture as they
 * come, so that neither memory nor file grows with them. */
#ifndef RANKPOOL_OBSERVE_TIMELINE_H
#define RANKPOOL_OBSERVE_TIMELINE_H

#include "observe/story.h"

/* Layers of a lane, from the ground up; what is above them is waiting. */
enum layer {
    LAYER_WORKING,
    LAYER_OWN,
    LAYER_COMMUNICATING,
    LAYER_SCHEDULING,
    LAYERS
};

enum {
    MOST_COLUMNS = 1000,
    MOST_SPANS = 64 /* jobs that are shown by name */
};

/* Neighbouring events as a mouse finds them. */
struct stretch {
    float begin, end;
    float seconds[ACTIVITIES];
    int64_t first, items;
    uint32_t slices;
};

struct lane_picture {
    float (*column)[LAYERS]; /* the share of each column's time */
    struct stretch *stretches;
    uint32_t count;
    double mark; /* the end of the last event */
};

/* A job of the root, or several neighbours that are too short to tell apart. */
struct job_span {
    double begin, end;
    uint32_t jobs, job; /* how many; the last of them */
    double job_begin;
    double longest; /* of them, in seconds */
    uint32_t label; /* of the longest */
};

struct timeline {
    const struct story *story;
    int columns;
    uint32_t stretches; /* of a lane, at most */
    struct lane_picture *lanes;
    struct job_span spans[MOST_SPANS];
    int span_count;
};

/* NULL: no memory. */
struct timeline *rpi_timeline_begin(const struct story *story);

void rpi_timeline_hear(void *timeline, int rank, const struct event *events, uint32_t count);

/* After the last event: what the ranks did since is their own code. */
void rpi_timeline_complete(struct timeline *timeline);

/* Writes it as SVG, or as a page with it. */
void rpi_timeline_write(FILE *file, const struct timeline *timeline, bool page);

void rpi_timeline_end(struct timeline *timeline);

#endif
