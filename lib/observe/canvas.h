/* What the picture of a timeline is drawn on: a file of SVG, and all that its parts need to
 * know. */
#ifndef RANKPOOL_OBSERVE_CANVAS_H
#define RANKPOOL_OBSERVE_CANVAS_H

#include "observe/plan.h"
#include "observe/timeline.h"

enum {
    MARKED = 6 /* slowest slices that are marked */
};

struct canvas {
    FILE *file;
    const struct timeline *timeline;
    const struct story *story;
    struct plan plan;
    rp_figures figures;
    int marked;
};

/* Text at a point, of some classes of the style; and a rectangle. */
void rpi_canvas_text(const struct canvas *canvas, double x, double y, const char *class,
                     const char *text);
void rpi_canvas_rectangle(const struct canvas *canvas, double x, double y, double width,
                          double height, const char *class);

/* What the ranks did: the graph of all of them, and a rank's lane. */
void rpi_canvas_graph(const struct canvas *canvas);
void rpi_canvas_lane(const struct canvas *canvas, int rank);

/* What is written beside it: before the lanes, and over them. */
void rpi_canvas_notes_before(const struct canvas *canvas);
void rpi_canvas_notes_over(const struct canvas *canvas);

#endif
