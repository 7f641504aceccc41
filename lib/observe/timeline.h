/* The picture of a profile: one lane per rank, coloured by activity, below a graph of how many
 * ranks were busy. Events are summed into columns of the picture as they arrive, so that neither
 * memory nor file grows with their number. */
#ifndef RANKPOOL_OBSERVE_TIMELINE_H
#define RANKPOOL_OBSERVE_TIMELINE_H

#include "observe/profile.h"

/* Layers of a lane, from the bottom up; the rest, above them, is waiting. */
enum layer {
    LAYER_WORKING,
    LAYER_OWN,
    LAYER_COMMUNICATING,
    LAYER_SCHEDULING,
    LAYERS
};

enum {
    MOST_COLUMNS = 1000,
    MOST_JOB_INTERVALS = 64 /* jobs with a name in the picture */
};

struct lane_picture {
    float (*column)[LAYERS]; /* per column, each layer's share of its time */
    struct event *stretches; /* joined neighbours, which the page shows under the mouse */
    uint32_t count;
    double mark; /* the end of the last event */
};

/* A job of the root, or several neighbours that are too short to see apart. */
struct job_interval {
    double begin, end;
    uint32_t jobs, job; /* their number; the last one's number */
    double job_begin;   /* of the last one */
    double longest;     /* seconds of the longest */
    uint32_t label;     /* of the longest */
};

struct timeline {
    const struct profile *profile;
    int columns;
    uint32_t stretches; /* of a lane, if all had the full length */
    struct lane_picture *lanes;
    struct job_interval job_intervals[MOST_JOB_INTERVALS];
    int job_interval_count;
};

/* NULL: no memory. */
struct timeline *rpi_timeline_begin(const struct profile *profile);

void rpi_timeline_event(void *timeline, int rank, const struct event *events, uint32_t count);

/* After the last event: counts the remaining time of each rank as the application's own. */
void rpi_timeline_complete(struct timeline *timeline);

/* Writes the timeline as SVG, or as an HTML page that contains the SVG. */
void rpi_timeline_write(FILE *file, const struct timeline *timeline, bool page);

void rpi_timeline_end(struct timeline *timeline);

#endif
