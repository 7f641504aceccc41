/* What the ranks did, column by column. */
#include "observe/canvas.h"
#include "observe/numbers.h"

#include <math.h>

static const char *const layer_classes[LAYERS] = {[LAYER_WORKING] = "work",
                                                  [LAYER_OWN] = "own",
                                                  [LAYER_COMMUNICATING] = "move",
                                                  [LAYER_SCHEDULING] = "claim"};

/* The area under a function that is constant over each column: heights from `base` upwards. */
static void write_area(const struct canvas *canvas, const double *heights, double base,
                       const char *class)
{
    int columns = canvas->timeline->columns;
    double width = canvas->plan.plot_width / columns, level = 0;
    bool open = false;
    for (int column = 0; column <= columns; column++) {
        double height = column < columns ? round(2 * heights[column]) / 2 : 0;
        double x = canvas->plan.left + column * width;
        if (height == level)
            continue;
        if (!open)
            fprintf(canvas->file, "<path class='%s' d='", class);
        if (level == 0)
            fprintf(canvas->file, "M%g %gV%g", x, base, base - height);
        else
            fprintf(canvas->file, "H%gV%g%s", x, base - height, height == 0 ? "z" : "");
        open = true;
        level = height;
    }
    if (open)
        fprintf(canvas->file, "'/>\n");
}

/* Layers from the top one down, each with what is under it, so that no seams show. `share`: of each
 * column and layer; `height`: of a share of 1. */
static void write_layers(const struct canvas *canvas, float (*share)[LAYERS], double base,
                         double height)
{
    double heights[MOST_COLUMNS];
    for (int layer = LAYERS - 1; layer >= 0; layer--) {
        double area = 0;
        for (int column = 0; column < canvas->timeline->columns; column++) {
            double sum = 0;
            for (int below = 0; below <= layer; below++)
                sum += (double)share[column][below];
            heights[column] = height * fmin(sum, 1);
            area += (double)share[column][layer];
        }
        if (area > 0)
            write_area(canvas, heights, base, layer_classes[layer]);
    }
}

void rpi_canvas_graph(const struct canvas *canvas)
{
    const struct plan *plan = &canvas->plan;
    const struct timeline *timeline = canvas->timeline;
    float mean[MOST_COLUMNS][LAYERS];
    for (int column = 0; column < timeline->columns; column++) {
        for (int layer = 0; layer < LAYERS; layer++) {
            double sum = 0;
            for (int rank = 0; rank < canvas->story->ranks; rank++)
                sum += (double)timeline->lanes[rank].column[column][layer];
            mean[column][layer] = (float)(sum / canvas->story->ranks);
        }
    }
    double base = plan->graph_top + plan->graph_height;
    rpi_canvas_rectangle(canvas, plan->left, plan->graph_top, plan->plot_width, plan->graph_height,
                         "wait");
    write_layers(canvas, mean, base, plan->graph_height);
    for (int quarter = 0; quarter <= 4; quarter++) {
        double y = plan->graph_top + plan->graph_height * (4 - quarter) / 4;
        char text[NUMBER_BYTES];
        fprintf(canvas->file, "<path class='grid' stroke-opacity='.55' d='M%g %gH%g'/>\n",
                plan->left, y, plan->left + plan->plot_width);
        snprintf(text, sizeof text, "%d %%", 25 * quarter);
        if (quarter % 2 == 0)
            rpi_canvas_text(canvas, plan->left - 8, y + 4, "small end", text);
    }
    rpi_canvas_text(canvas, plan->left, plan->graph_top - 8, "small", "ranks busy");
}

/* Thin lines between slices that are wide enough to be seen one by one. */
static void write_borders(const struct canvas *canvas, int rank, double top)
{
    const double least = 5;
    const struct lane_picture *lane = &canvas->timeline->lanes[rank];
    bool open = false;
    for (uint32_t i = 1; i < lane->count; i++) {
        const struct stretch *stretch = &lane->stretches[i];
        double x = rpi_plan_x(&canvas->plan, (double)stretch->begin);
        double end = rpi_plan_x(&canvas->plan, (double)stretch->end);
        if (end - x < least || stretch->slices != 1)
            continue;
        fprintf(canvas->file, open ? "M%.1f %.1fv%g" : "<path class='faint' d='M%.1f %.1fv%g", x,
                top, canvas->plan.lane_height);
        open = true;
    }
    if (open)
        fprintf(canvas->file, "'/>\n");
}

void rpi_canvas_lane(const struct canvas *canvas, int rank)
{
    const struct plan *plan = &canvas->plan;
    const struct tale *tale = &canvas->story->tales[rank];
    double top = rpi_plan_lane(plan, canvas->story, rank), height = plan->lane_height;
    double x = rpi_plan_x(plan, tale->since), end = rpi_plan_x(plan, tale->until);
    rpi_canvas_rectangle(canvas, x, top, end - x, height, "wait");
    write_layers(canvas, canvas->timeline->lanes[rank].column, top + height, height);
    if (height >= 12)
        write_borders(canvas, rank, top);
}
