/* Writing a timeline as SVG. */
#include "observe/markup.h"
#include "observe/numbers.h"
#include "observe/plan.h"
#include "observe/timeline.h"
#include "observe/timeline_script.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

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

static const char *const layer_classes[LAYERS] = {[LAYER_WORKING] = "work",
                                                  [LAYER_OWN] = "own",
                                                  [LAYER_COMMUNICATING] = "move",
                                                  [LAYER_SCHEDULING] = "claim"};

static const char style[] =
    "text{font-family:Inter,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif;font-size:12px;"
    "fill:#3d4852}\n"
    ".title{font-size:20px;font-weight:600;fill:#1f2933}\n"
    ".small{font-size:11px;fill:#7b8794}\n.end{text-anchor:end}\n.middle{text-anchor:middle}\n"
    ".work{fill:#3a7ebf}\n.own{fill:#76b7a0}\n.move{fill:#eda63a}\n.claim{fill:#a765a9}\n"
    ".wait{fill:#e4e9ee}\n.grid{stroke:#d3dae1;stroke-width:1;shape-rendering:crispEdges}\n"
    ".faint{stroke:#fff;stroke-width:.6;stroke-opacity:.75;shape-rendering:crispEdges}\n"
    ".slow{fill:none;stroke:#d0324b;stroke-width:1.6}\n"
    ".badge{fill:#d0324b}\n.number{font-size:10px;font-weight:600;fill:#fff;text-anchor:middle}\n"
    ".job{fill:#eef2f6;stroke:#c3ccd5;stroke-width:.8}\n.node{stroke:#9aa5b1;stroke-width:2}\n"
    ".tip{fill:#1f2933;fill-opacity:.94}\n.tiptext{fill:#fff}\n"
    ".cursor{stroke:#1f2933;stroke-width:1;stroke-dasharray:2 3}\n";

static void text_at(const struct canvas *canvas, double x, double y, const char *class,
                    const char *text)
{
    fprintf(canvas->file, "<text x='%.1f' y='%.1f' class='%s'>", x, y, class);
    rpi_xml_text(canvas->file, text);
    fprintf(canvas->file, "</text>\n");
}

static void rectangle(const struct canvas *canvas, double x, double y, double width, double height,
                      const char *class)
{
    fprintf(canvas->file, "<rect x='%.2f' y='%.2f' width='%.2f' height='%.2f' class='%s'/>\n", x, y,
            width, height, class);
}

/* ---- heading ----------------------------------------------------------------------------------- */

/* The name of the longest job. */
static const char *title_of(const struct canvas *canvas)
{
    const struct timeline *timeline = canvas->timeline;
    const struct job_span *longest = NULL;
    for (int i = 0; i < timeline->span_count; i++) {
        const struct job_span *span = &timeline->spans[i];
        if (longest == NULL || span->end - span->begin > longest->end - longest->begin)
            longest = span;
    }
    if (longest == NULL || longest->label == 0)
        return "What every rank did";
    return canvas->story->tales[canvas->story->root].labels[longest->label - 1];
}

static void write_heading(const struct canvas *canvas)
{
    const rp_figures *all = &canvas->figures;
    char text[320], took[NUMBER_BYTES], items[NUMBER_BYTES];
    text_at(canvas, 16, 32, "title", title_of(canvas));
    snprintf(text, sizeof text,
             "%d rank%s on %d node%s, %s, %s items: load balance %.1f %% × communication "
             "efficiency %.1f %% = parallel efficiency %.1f %%",
             all->ranks, all->ranks == 1 ? "" : "s", all->nodes, all->nodes == 1 ? "" : "s",
             rpi_number_seconds(took, all->seconds), rpi_number_count(items, (double)all->items),
             100 * all->load_balance, 100 * all->communication_efficiency,
             100 * all->parallel_efficiency);
    text_at(canvas, 16, 54, "", text);
}

static void write_legend(const struct canvas *canvas)
{
    static const struct {
        const char *class, *text;
        double width;
    } entries[] = {{"work", "works on items", 112},
                   {"own", "own code", 84},
                   {"move", "communicates", 106},
                   {"claim", "looks for items", 110},
                   {"wait", "waits", 62}};
    double x = canvas->plan.left + canvas->plan.plot_width;
    for (int i = 0; i < 5; i++)
        x -= entries[i].width;
    for (int i = 0; i < 5; i++) {
        rectangle(canvas, x, 20, 12, 12, entries[i].class);
        text_at(canvas, x + 17, 30, "", entries[i].text);
        x += entries[i].width;
    }
}

/* ---- steps ------------------------------------------------------------------------------------- */

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

/* ---- the graph on top -------------------------------------------------------------------------- */

static void write_graph(const struct canvas *canvas)
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
    rectangle(canvas, plan->left, plan->graph_top, plan->plot_width, plan->graph_height, "wait");
    write_layers(canvas, mean, base, plan->graph_height);
    for (int quarter = 0; quarter <= 4; quarter++) {
        double y = plan->graph_top + plan->graph_height * (4 - quarter) / 4;
        char text[NUMBER_BYTES];
        fprintf(canvas->file, "<path class='grid' stroke-opacity='.55' d='M%g %gH%g'/>\n",
                plan->left, y, plan->left + plan->plot_width);
        snprintf(text, sizeof text, "%d %%", 25 * quarter);
        if (quarter % 2 == 0)
            text_at(canvas, plan->left - 8, y + 4, "small end", text);
    }
    text_at(canvas, plan->left, plan->graph_top - 8, "small", "ranks busy");
}

/* ---- lanes ------------------------------------------------------------------------------------- */

static void write_jobs(const struct canvas *canvas)
{
    const struct plan *plan = &canvas->plan;
    const struct tale *root = &canvas->story->tales[canvas->story->root];
    for (int i = 0; i < canvas->timeline->span_count; i++) {
        const struct job_span *span = &canvas->timeline->spans[i];
        double x = rpi_plan_x(plan, span->begin), end = rpi_plan_x(plan, span->end);
        char text[LABEL_BYTES + 32];
        const char *label = span->label > 0 ? root->labels[span->label - 1] : "job";
        if (span->longest < 0.8 * (span->end - span->begin))
            snprintf(text, sizeof text, "%u jobs", span->jobs);
        else
            snprintf(text, sizeof text, "%s", label);
        rectangle(canvas, x, plan->jobs_top, fmax(end - x, 1), plan->jobs_height, "job");
        if (end - x > 7.0 * (double)(strlen(text) + 1))
            text_at(canvas, (x + end) / 2, plan->jobs_top + 13, "small middle", text);
    }
    text_at(canvas, plan->left - 8, plan->jobs_top + 13, "small end", "jobs");
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

static void write_lane(const struct canvas *canvas, int rank)
{
    const struct plan *plan = &canvas->plan;
    const struct tale *tale = &canvas->story->tales[rank];
    double top = rpi_plan_lane(plan, canvas->story, rank), height = plan->lane_height;
    double x = rpi_plan_x(plan, tale->since), end = rpi_plan_x(plan, tale->until);
    rectangle(canvas, x, top, end - x, height, "wait");
    write_layers(canvas, canvas->timeline->lanes[rank].column, top + height, height);
    if (height >= 12)
        write_borders(canvas, rank, top);
}

/* Every so many ranks that labels do not touch. */
static void label_lane(const struct canvas *canvas, int rank)
{
    const struct plan *plan = &canvas->plan;
    const rp_rank_figures *figures = &canvas->story->tales[rank].figures;
    int every = (int)ceil(12 / (plan->lane_height + plan->lane_gap));
    double y = rpi_plan_lane(plan, canvas->story, rank) + plan->lane_height / 2 + 4;
    char text[64];
    if (rank % every != 0)
        return;
    snprintf(text, sizeof text, plan->lane_height >= 12 ? "rank %d" : "%d", rank);
    text_at(canvas, plan->left - 8, y, plan->lane_height >= 18 ? "end" : "small end", text);
    if (figures->seconds > 0)
        snprintf(text, sizeof text, "%.1f %%",
                 100 * (figures->working + figures->own) / figures->seconds);
    text_at(canvas, plan->left + plan->plot_width + 8, y, "small", text);
}

static void label_nodes(const struct canvas *canvas)
{
    const struct plan *plan = &canvas->plan;
    const struct story *story = canvas->story;
    double free_below = 0;
    for (int rank = 0, last; rank < story->ranks; rank = last + 1) {
        int node = story->tales[rank].figures.node;
        for (last = rank; last + 1 < story->ranks; last++)
            if (story->tales[last + 1].figures.node != node)
                break;
        double top = rpi_plan_lane(plan, story, rank);
        double bottom = rpi_plan_lane(plan, story, last) + plan->lane_height;
        char text[48];
        fprintf(canvas->file, "<path class='node' d='M12 %gV%g'><title>", top, bottom);
        rpi_xml_text(canvas->file, story->hosts[node]);
        fprintf(canvas->file, "</title></path>\n");
        snprintf(text, sizeof text, "node %d", node);
        if ((top + bottom) / 2 >= free_below)
            text_at(canvas, 19, (top + bottom) / 2 + 4, "small", text);
        free_below = fmax(free_below, (top + bottom) / 2 + 14);
    }
}

/* ---- the axis of time -------------------------------------------------------------------------- */

static void write_axis(const struct canvas *canvas)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}};
    const struct plan *plan = &canvas->plan;
    double step = rpi_plan_step(plan->seconds, 10);
    int unit = plan->seconds >= 2 ? 0 : plan->seconds >= 2e-3 ? 1 : 2;
    double first = ceil(plan->begin / step - 1e-9) * step;
    for (double time = first; time <= plan->begin + plan->seconds; time += step) {
        double x = rpi_plan_x(plan, time), value = time / units[unit].seconds;
        char text[NUMBER_BYTES + 8];
        fprintf(canvas->file, "<path class='grid' stroke-opacity='.5' d='M%.1f %gV%g'/>\n", x,
                plan->graph_top, plan->axis_top + 4);
        snprintf(text, sizeof text, "%.6g %s", fabs(value) < 1e-9 ? 0 : value, units[unit].name);
        text_at(canvas, x, plan->axis_top + 19, "small middle", text);
    }
    text_at(canvas, plan->left + plan->plot_width / 2, plan->axis_top + 36, "small middle",
            "time since recording began");
}

/* ---- the slowest ------------------------------------------------------------------------------- */

static void describe_slow(char text[192], const rp_slow_slice *slice)
{
    char took[NUMBER_BYTES];
    rpi_number_seconds(took, slice->seconds);
    if (slice->items == 1)
        snprintf(text, 192, "%s on rank %d: item %" PRId64, took, slice->rank, slice->first);
    else
        snprintf(text, 192, "%s on rank %d: items %" PRId64 " to %" PRId64, took, slice->rank,
                 slice->first, slice->first + slice->items - 1);
}

static void write_badge(const struct canvas *canvas, double x, double y, int number)
{
    fprintf(canvas->file,
            "<circle class='badge' cx='%.1f' cy='%.1f' r='7'/><text class='number' x='%.1f' "
            "y='%.1f'>%d</text>\n",
            x, y, x, y + 3.5, number);
}

static void mark_slowest(const struct canvas *canvas)
{
    const struct plan *plan = &canvas->plan;
    text_at(canvas, plan->left, plan->list_top + 4, "", canvas->marked > 0 ? "slowest slices" : "");
    for (int i = canvas->marked - 1; i >= 0; i--) {
        const rp_slow_slice *slice = &canvas->figures.slowest[i];
        double x = rpi_plan_x(plan, slice->begin);
        double width = fmax(slice->seconds / plan->seconds * plan->plot_width, 2);
        double top = rpi_plan_lane(plan, canvas->story, slice->rank);
        double list_x = plan->left + 8 + (i % 2) * 420, list_y = plan->list_top + 22 + 18 * (i / 2);
        char text[192];
        describe_slow(text, slice);
        fprintf(canvas->file,
                "<g><title>%s</title><rect class='slow' x='%.2f' y='%.2f' width='%.2f' "
                "height='%.2f' rx='1.5'/>",
                text, x, top - 1, width, plan->lane_height + 2);
        write_badge(canvas, x + width / 2, top - 1, i + 1);
        fprintf(canvas->file, "</g>\n");
        write_badge(canvas, list_x, list_y, i + 1);
        text_at(canvas, list_x + 14, list_y + 4, "", text);
    }
}

/* ---- the whole --------------------------------------------------------------------------------- */

/* What the script finds under the mouse: for each lane its top, and its stretches. */
static void write_data(const struct canvas *canvas)
{
    const struct timeline *timeline = canvas->timeline;
    fprintf(canvas->file, "var lanes=[");
    for (int rank = 0; rank < canvas->story->ranks; rank++) {
        const struct lane_picture *lane = &timeline->lanes[rank];
        fprintf(canvas->file, "%s\n[%g,%d,[", rank > 0 ? "," : "",
                rpi_plan_lane(&canvas->plan, canvas->story, rank),
                canvas->story->tales[rank].figures.node);
        for (uint32_t i = 0; i < lane->count; i++) {
            const struct stretch *at = &lane->stretches[i];
            fprintf(canvas->file, "%s%.6g,%.6g,%.4g,%.4g,%.4g,%.4g,%" PRId64 ",%" PRId64 ",%u",
                    i > 0 ? "," : "", (double)at->begin, (double)at->end,
                    (double)at->seconds[WORKING], (double)at->seconds[COMMUNICATING],
                    (double)at->seconds[SCHEDULING], (double)at->seconds[WAITING], at->first,
                    at->items, at->slices);
        }
        fprintf(canvas->file, "]]");
    }
    fprintf(canvas->file, "];\nvar left=%g,wide=%g,tall=%g,begin=%.9g,seconds=%.9g,bottom=%g;\n",
            canvas->plan.left, canvas->plan.plot_width, canvas->plan.lane_height,
            canvas->plan.begin, canvas->plan.seconds, canvas->plan.axis_top);
}

static void write_svg(const struct canvas *canvas)
{
    const struct plan *plan = &canvas->plan;
    fprintf(canvas->file,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %g %g' width='%g' height='%g' "
            "class='rankpool'>\n<style>%s</style>\n<rect width='100%%' height='100%%' "
            "fill='#fff'/>\n",
            plan->width, plan->height, plan->width, plan->height, style);
    write_heading(canvas);
    write_legend(canvas);
    write_graph(canvas);
    write_jobs(canvas);
    for (int rank = 0; rank < canvas->story->ranks; rank++)
        write_lane(canvas, rank);
    write_axis(canvas);
    for (int rank = 0; rank < canvas->story->ranks; rank++)
        label_lane(canvas, rank);
    text_at(canvas, plan->left + plan->plot_width + 8, plan->jobs_top + 13, "small", "useful");
    label_nodes(canvas);
    mark_slowest(canvas);
    fprintf(canvas->file, "<g id='hover' visibility='hidden' pointer-events='none'></g>\n"
                          "<script><![CDATA[\n(function(){\n");
    write_data(canvas);
    fprintf(canvas->file, "%s})();\n]]></script>\n</svg>\n", rpi_timeline_script);
}

void rpi_timeline_write(FILE *file, const struct timeline *timeline, bool page)
{
    struct canvas canvas = {.file = file,
                            .timeline = timeline,
                            .story = timeline->story,
                            .figures = rpi_story_figures(timeline->story)};
    canvas.marked = canvas.figures.slow < MARKED ? canvas.figures.slow : MARKED;
    canvas.plan = rpi_plan_make(timeline->story, canvas.marked);
    if (page)
        fprintf(file, "<!doctype html>\n<html lang='en'>\n<meta charset='utf-8'>\n"
                      "<title>Rankpool timeline</title>\n"
                      "<style>body{margin:0;background:#fff}svg{display:block;margin:auto;"
                      "max-width:100%%;height:auto}</style>\n");
    write_svg(&canvas);
    if (page)
        fprintf(file, "</html>\n");
}
