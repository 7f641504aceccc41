/* Where things are in the picture of a timeline, in its own units, which a browser takes for
 * pixels. */
#ifndef RANKPOOL_OBSERVE_PLAN_H
#define RANKPOOL_OBSERVE_PLAN_H

#include "observe/story.h"

struct plan {
    double width, height;
    double left, plot_width;        /* of everything that has an axis of time */
    double graph_top, graph_height; /* how many are busy */
    double jobs_top, jobs_height;   /* names of jobs */
    double lanes_top, lane_height, lane_gap, node_gap;
    double axis_top, list_top;
    double begin, seconds; /* of the axis of time */
};

struct plan rpi_plan_make(const struct story *story, int slow);

/* The top of a rank's lane. */
double rpi_plan_lane(const struct plan *plan, const struct story *story, int rank);

double rpi_plan_x(const struct plan *plan, double time);

/* The distance of ticks on an axis of `range`, 1, 2 or 5 times a power of ten, so that there are
 * about `ticks` of them. */
double rpi_plan_step(double range, int ticks);

#endif
