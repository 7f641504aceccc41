#include "observe/timeline_layout.h"

#include "base/error.h"
#include "observe/escape.h"
#include "observe/human_numbers.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- layout ---------------------------------------------------------------------------------- */

/* The more ranks, the thinner the lanes. */
static double layout_lane_height(int ranks)
{
    static const struct {
        int ranks;
        double height;
    } steps[] = {{4, 44}, {8, 36}, {16, 26}, {32, 18}, {64, 13}, {128, 8}, {256, 5}, {1024, 3}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (ranks <= steps[i].ranks)
            return steps[i].height;
    }
    return 1;
}

struct timeline_layout rpi_timeline_layout_make(const struct profile *profile, int slow)
{
    struct timeline_layout layout = {
        .width = 1200,
        .left = 116,
        .plot_width = 1000,
        .graph_top = 92,
        .graph_height = 96,
        .jobs_height = 18,
        .lane_height = layout_lane_height(profile->ranks),
        .begin = profile->begin,
        .seconds = profile->end - profile->begin,
    };
    if (layout.seconds <= 0)
        layout.seconds = 1e-9;
    layout.lane_gap = layout.lane_height >= 18 ? 4 : layout.lane_height >= 8 ? 1 : 0;
    layout.node_gap = layout.lane_height >= 8 ? 12 : profile->nodes <= 64 ? 5 : 1;
    layout.jobs_top = layout.graph_top + layout.graph_height + 14;
    layout.lanes_top = layout.jobs_top + layout.jobs_height + 8;
    double lanes = profile->ranks * (layout.lane_height + layout.lane_gap) +
                   (profile->nodes - 1) * layout.node_gap;
    layout.axis_top = layout.lanes_top + lanes + 4;
    layout.list_top = layout.axis_top + 52;
    layout.height = layout.list_top + (slow > 0 ? 20 + 18 * ((slow + 1) / 2) : 0) + 12;
    return layout;
}

double rpi_timeline_layout_lane(const struct timeline_layout *layout, const struct profile *profile,
                                int rank)
{
    return layout->lanes_top + rank * (layout->lane_height + layout->lane_gap) +
           profile->rank_profiles[rank].figures.node * layout->node_gap;
}

static double layout_x(const struct timeline_layout *layout, double time)
{
    return layout->left + (time - layout->begin) / layout->seconds * layout->plot_width;
}

/* The distance of ticks on an axis of length `range` with about `ticks` of them: 1, 2 or 5 times a
 * power of ten. */
static double layout_step(double range, int ticks)
{
    double rough = range / ticks, power = pow(10, floor(log10(rough)));
    double factor = rough / power;
    return power * (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10);
}

/* ---- SVG elements ---------------------------------------------------------------------------- */

static void canvas_text(const struct canvas *canvas, double x, double y, const char *class,
                        const char *text)
{
    fprintf(canvas->file, "<text x='%.1f' y='%.1f' class='%s'>", x, y, class);
    rpi_xml_text(canvas->file, text);
    fprintf(canvas->file, "</text>\n");
}

static void canvas_rectangle(const struct canvas *canvas, double x, double y, double width,
                             double height, const char *class)
{
    fprintf(canvas->file, "<rect x='%.2f' y='%.2f' width='%.2f' height='%.2f' class='%s'/>\n", x, y,
            width, height, class);
}

/* ---- the activity of the ranks, column by column --------------------------------------------- */

static const char *const layer_classes[LAYERS] = {[LAYER_WORKING] = "work",
                                                  [LAYER_OWN] = "own",
                                                  [LAYER_COMMUNICATING] = "move",
                                                  [LAYER_SCHEDULING] = "claim"};

/* The area below a step function that is constant in each column: heights from `base` upwards. */
static void area_write(const struct canvas *canvas, const double *heights, double base,
                       const char *class)
{
    int columns = canvas->timeline->columns;
    double width = canvas->layout.plot_width / columns, level = 0;
    bool open = false;
    for (int column = 0; column <= columns; column++) {
        double height = column < columns ? round(2 * heights[column]) / 2 : 0;
        double x = canvas->layout.left + column * width;
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

/* Draws the layers from the top one down, each including all below it, so that no seams show.
 * `height`: of a share of 1. */
static void layers_write(const struct canvas *canvas, float (*share)[LAYERS], double base,
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
            area_write(canvas, heights, base, layer_classes[layer]);
    }
}

void rpi_canvas_graph(const struct canvas *canvas)
{
    const struct timeline_layout *layout = &canvas->layout;
    const struct timeline *timeline = canvas->timeline;
    float mean[MOST_COLUMNS][LAYERS];
    for (int column = 0; column < timeline->columns; column++) {
        for (int layer = 0; layer < LAYERS; layer++) {
            double sum = 0;
            for (int rank = 0; rank < canvas->profile->ranks; rank++)
                sum += (double)timeline->lanes[rank].column[column][layer];
            mean[column][layer] = (float)(sum / canvas->profile->ranks);
        }
    }
    double base = layout->graph_top + layout->graph_height;
    canvas_rectangle(canvas, layout->left, layout->graph_top, layout->plot_width,
                     layout->graph_height, "wait");
    layers_write(canvas, mean, base, layout->graph_height);
    for (int quarter = 0; quarter <= 4; quarter++) {
        double y = layout->graph_top + layout->graph_height * (4 - quarter) / 4;
        char text[NUMBER_BYTES];
        fprintf(canvas->file, "<path class='grid' stroke-opacity='.55' d='M%g %gH%g'/>\n",
                layout->left, y, layout->left + layout->plot_width);
        snprintf(text, sizeof text, "%d %%", 25 * quarter);
        if (quarter % 2 == 0)
            canvas_text(canvas, layout->left - 8, y + 4, "small end", text);
    }
    canvas_text(canvas, layout->left, layout->graph_top - 8, "small", "ranks busy");
}

/* Thin lines between chunks that are wide enough to see one by one. */
static void lane_write_borders(const struct canvas *canvas, int rank, double top)
{
    const double least = 5;
    const struct lane_picture *lane = &canvas->timeline->lanes[rank];
    bool open = false;
    for (uint32_t i = 1; i < lane->count; i++) {
        const struct event *stretch = &lane->stretches[i];
        double x = layout_x(&canvas->layout, stretch->begin);
        double end = layout_x(&canvas->layout, stretch->end);
        if (end - x < least || stretch->chunks != 1)
            continue;
        fprintf(canvas->file, open ? "M%.1f %.1fv%g" : "<path class='faint' d='M%.1f %.1fv%g", x,
                top, canvas->layout.lane_height);
        open = true;
    }
    if (open)
        fprintf(canvas->file, "'/>\n");
}

void rpi_canvas_lane(const struct canvas *canvas, int rank)
{
    const struct timeline_layout *layout = &canvas->layout;
    const struct rank_profile *rank_profile = &canvas->profile->rank_profiles[rank];
    double top = rpi_timeline_layout_lane(layout, canvas->profile, rank),
           height = layout->lane_height;
    double x = layout_x(layout, rank_profile->since), end = layout_x(layout, rank_profile->until);
    canvas_rectangle(canvas, x, top, end - x, height, "wait");
    layers_write(canvas, canvas->timeline->lanes[rank].column, top + height, height);
    if (height >= 12)
        lane_write_borders(canvas, rank, top);
}

/* ---- heading --------------------------------------------------------------------------------- */

/* The name of the longest job, or of the longest interval of short ones. */
static const char *heading_title(const struct canvas *canvas)
{
    const struct timeline *timeline = canvas->timeline;
    const struct job_interval *longest = NULL;
    for (int i = 0; i < timeline->job_interval_count; i++) {
        const struct job_interval *interval = &timeline->job_intervals[i];
        if (longest == NULL || interval->end - interval->begin > longest->end - longest->begin)
            longest = interval;
    }
    if (longest == NULL || longest->label == 0)
        return "What every rank did";
    return canvas->profile->rank_profiles[canvas->profile->root].labels[longest->label - 1];
}

static void heading_write(const struct canvas *canvas)
{
    const rp_pool_stats *all = &canvas->stats;
    char text[320], took[NUMBER_BYTES], items[NUMBER_BYTES];
    canvas_text(canvas, 16, 32, "title", heading_title(canvas));
    snprintf(text, sizeof text,
             "%d rank%s on %d node%s, %s, %s items: load balance %.1f %% × communication "
             "efficiency %.1f %% = parallel efficiency %.1f %%",
             all->ranks, all->ranks == 1 ? "" : "s", all->nodes, all->nodes == 1 ? "" : "s",
             rpi_number_seconds(took, all->seconds), rpi_number_count(items, (double)all->items),
             100 * all->load_balance, 100 * all->communication_efficiency,
             100 * all->parallel_efficiency);
    canvas_text(canvas, 16, 54, "", text);
}

static void legend_write(const struct canvas *canvas)
{
    static const struct {
        const char *class, *text;
        double width;
    } entries[] = {{"work", "works on items", 122},
                   {"own", "own code", 90},
                   {"move", "communicates", 120},
                   {"claim", "looks for items", 120},
                   {"wait", "waits", 54}};
    double x = canvas->layout.left + canvas->layout.plot_width;
    for (int i = 0; i < 5; i++)
        x -= entries[i].width;
    for (int i = 0; i < 5; i++) {
        canvas_rectangle(canvas, x, 20, 12, 12, entries[i].class);
        canvas_text(canvas, x + 17, 30, "", entries[i].text);
        x += entries[i].width;
    }
}

/* ---- jobs and labels ------------------------------------------------------------------------- */

static void jobs_write(const struct canvas *canvas)
{
    const struct timeline_layout *layout = &canvas->layout;
    const struct rank_profile *root = &canvas->profile->rank_profiles[canvas->profile->root];
    for (int i = 0; i < canvas->timeline->job_interval_count; i++) {
        const struct job_interval *interval = &canvas->timeline->job_intervals[i];
        double x = layout_x(layout, interval->begin), end = layout_x(layout, interval->end);
        char text[LABEL_BYTES + 32];
        const char *label = interval->label > 0 ? root->labels[interval->label - 1] : "job";
        if (interval->longest < 0.8 * (interval->end - interval->begin))
            snprintf(text, sizeof text, "%u jobs", interval->jobs);
        else
            snprintf(text, sizeof text, "%s", label);
        canvas_rectangle(canvas, x, layout->jobs_top, fmax(end - x, 1), layout->jobs_height, "job");
        if (end - x > 7.0 * (double)(strlen(text) + 1))
            canvas_text(canvas, (x + end) / 2, layout->jobs_top + 13, "small middle", text);
    }
    canvas_text(canvas, layout->left - 8, layout->jobs_top + 13, "small end", "jobs");
}

/* Labels only every n-th lane if the lanes are thin, so that labels do not overlap. */
static void lane_label(const struct canvas *canvas, int rank)
{
    const struct timeline_layout *layout = &canvas->layout;
    const rp_rank_stats *stats = &canvas->profile->rank_profiles[rank].figures;
    int every = (int)ceil(12 / (layout->lane_height + layout->lane_gap));
    double y =
        rpi_timeline_layout_lane(layout, canvas->profile, rank) + layout->lane_height / 2 + 4;
    char text[64];
    if (rank % every != 0)
        return;
    snprintf(text, sizeof text, layout->lane_height >= 12 ? "rank %d" : "%d", rank);
    canvas_text(canvas, layout->left - 8, y, layout->lane_height >= 18 ? "end" : "small end", text);
    if (stats->seconds <= 0)
        return;
    snprintf(text, sizeof text, "%.1f %%",
             100 * (stats->working + stats->application) / stats->seconds);
    canvas_text(canvas, layout->left + layout->plot_width + 8, y, "small", text);
}

static void nodes_label(const struct canvas *canvas)
{
    const struct timeline_layout *layout = &canvas->layout;
    const struct profile *profile = canvas->profile;
    double free_below = 0;
    for (int rank = 0, last; rank < profile->ranks; rank = last + 1) {
        int node = profile->rank_profiles[rank].figures.node;
        for (last = rank; last + 1 < profile->ranks; last++)
            if (profile->rank_profiles[last + 1].figures.node != node)
                break;
        double top = rpi_timeline_layout_lane(layout, profile, rank);
        double bottom = rpi_timeline_layout_lane(layout, profile, last) + layout->lane_height;
        char text[48];
        fprintf(canvas->file, "<path class='node' d='M12 %gV%g'><title>", top, bottom);
        rpi_xml_text(canvas->file, profile->hosts[node]);
        fprintf(canvas->file, "</title></path>\n");
        snprintf(text, sizeof text, "node %d", node);
        if ((top + bottom) / 2 >= free_below)
            canvas_text(canvas, 19, (top + bottom) / 2 + 4, "small", text);
        free_below = fmax(free_below, (top + bottom) / 2 + 14);
    }
}

/* ---- time axis ------------------------------------------------------------------------------- */

static void axis_write(const struct canvas *canvas)
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}};
    const struct timeline_layout *layout = &canvas->layout;
    double step = layout_step(layout->seconds, 10);
    int unit = layout->seconds >= 2 ? 0 : layout->seconds >= 2e-3 ? 1 : 2;
    double first = ceil(layout->begin / step - 1e-9) * step;
    for (double time = first; time <= layout->begin + layout->seconds; time += step) {
        double x = layout_x(layout, time), value = time / units[unit].seconds;
        char text[NUMBER_BYTES + 8];
        fprintf(canvas->file, "<path class='grid' stroke-opacity='.5' d='M%.1f %gV%g'/>\n", x,
                layout->graph_top, layout->axis_top + 4);
        snprintf(text, sizeof text, "%.6g %s", fabs(value) < 1e-9 ? 0 : value, units[unit].name);
        canvas_text(canvas, x, layout->axis_top + 19, "small middle", text);
    }
    canvas_text(canvas, layout->left + layout->plot_width / 2, layout->axis_top + 36,
                "small middle", "time since recording began");
}

/* ---- slowest chunks -------------------------------------------------------------------------- */

static void slowest_describe(char text[192], const rp_slow_chunk *chunk)
{
    char took[NUMBER_BYTES], items[64];
    rpi_range_text((rp_range){chunk->first, chunk->first + chunk->items}, items, sizeof items);
    snprintf(text, 192, "%s on rank %d: %s", rpi_number_seconds(took, chunk->seconds), chunk->rank,
             items);
}

static void badge_write(const struct canvas *canvas, double x, double y, int number)
{
    fprintf(canvas->file,
            "<circle class='badge' cx='%.1f' cy='%.1f' r='7'/><text class='number' x='%.1f' "
            "y='%.1f'>%d</text>\n",
            x, y, x, y + 3.5, number);
}

static void slowest_mark(const struct canvas *canvas)
{
    const struct timeline_layout *layout = &canvas->layout;
    canvas_text(canvas, layout->left, layout->list_top + 4, "",
                canvas->marked > 0 ? "slowest chunks" : "");
    for (int i = canvas->marked - 1; i >= 0; i--) {
        const rp_slow_chunk *chunk = &canvas->stats.slowest[i];
        double x = layout_x(layout, chunk->begin);
        double width = fmax(chunk->seconds / layout->seconds * layout->plot_width, 2);
        double top = rpi_timeline_layout_lane(layout, canvas->profile, chunk->rank);
        double list_x = layout->left + 8 + (i % 2) * 420,
               list_y = layout->list_top + 22 + 18 * (i / 2);
        char text[192];
        slowest_describe(text, chunk);
        fprintf(canvas->file,
                "<g><title>%s</title><rect class='slow' x='%.2f' y='%.2f' width='%.2f' "
                "height='%.2f' rx='1.5'/>",
                text, x, top - 1, width, layout->lane_height + 2);
        badge_write(canvas, x + width / 2, top - 1, i + 1);
        fprintf(canvas->file, "</g>\n");
        badge_write(canvas, list_x, list_y, i + 1);
        canvas_text(canvas, list_x + 14, list_y + 4, "", text);
    }
}

void rpi_canvas_notes_before(const struct canvas *canvas)
{
    heading_write(canvas);
    legend_write(canvas);
    jobs_write(canvas);
}

void rpi_canvas_notes_over(const struct canvas *canvas)
{
    const struct timeline_layout *layout = &canvas->layout;
    axis_write(canvas);
    for (int rank = 0; rank < canvas->profile->ranks; rank++)
        lane_label(canvas, rank);
    canvas_text(canvas, layout->left + layout->plot_width + 8, layout->jobs_top + 13, "small",
                "useful");
    nodes_label(canvas);
    slowest_mark(canvas);
}
