/* Layout of a timeline and drawing of its parts. Lengths are in user units of SVG, which a browser
 * shows as pixels. */
#ifndef RANKPOOL_OBSERVE_TIMELINE_LAYOUT_H
#define RANKPOOL_OBSERVE_TIMELINE_LAYOUT_H

#include "observe/timeline.h"

struct timeline_layout {
    double width, height;
    double left, plot_width;        /* of everything along the time axis */
    double graph_top, graph_height; /* the graph of busy ranks */
    double jobs_top, jobs_height;   /* the row of jobs */
    double lanes_top, lane_height, lane_gap, node_gap;
    double axis_top, list_top;
    double begin, seconds; /* of the time axis */
};

/* `slow`: number of slowest chunks to list below the lanes. */
struct timeline_layout rpi_timeline_layout_make(const struct profile *profile, int slow);

/* The top of a rank's lane. */
double rpi_timeline_layout_lane(const struct timeline_layout *layout, const struct profile *profile,
                                int rank);

enum {
    MARKED = 6 /* limit on the slowest chunks that are marked */
};

/* The canvas: the SVG file, and what the parts need to draw themselves. */
struct canvas {
    FILE *file;
    const struct timeline *timeline;
    const struct profile *profile;
    struct timeline_layout layout;
    rp_pool_stats stats;
    int marked;
};

/* The activity of all ranks as a graph, and one rank's lane. */
void rpi_canvas_graph(const struct canvas *canvas);
void rpi_canvas_lane(const struct canvas *canvas, int rank);

/* Annotations: those to draw before the lanes, and those to draw over them. */
void rpi_canvas_notes_before(const struct canvas *canvas);
void rpi_canvas_notes_over(const struct canvas *canvas);

#endif
