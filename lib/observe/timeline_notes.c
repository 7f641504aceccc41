/* What is written around a timeline: its heading, what its colours mean, names, time, the slowest
 * slices. */
#include "observe/canvas.h"
#include "observe/markup.h"
#include "observe/numbers.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- heading
 * ----------------------------------------------------------------------------------- */

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
    rpi_canvas_text(canvas, 16, 32, "title", title_of(canvas));
    snprintf(text, sizeof text,
             "%d rank%s on %d node%s, %s, %s items: load balance %.1f %% × communication "
             "efficiency %.1f %% = parallel efficiency %.1f %%",
             all->ranks, all->ranks == 1 ? "" : "s", all->nodes, all->nodes == 1 ? "" : "s",
             rpi_number_seconds(took, all->seconds), rpi_number_count(items, (double)all->items),
             100 * all->load_balance, 100 * all->communication_efficiency,
             100 * all->parallel_efficiency);
    rpi_canvas_text(canvas, 16, 54, "", text);
}

static void write_legend(const struct canvas *canvas)
{
    static const struct {
        const char *class, *text;
        double width;
    } entries[] = {{"work", "works on items", 122},
                   {"own", "own code", 90},
                   {"move", "communicates", 120},
                   {"claim", "looks for items", 120},
                   {"wait", "waits", 54}};
    double x = canvas->plan.left + canvas->plan.plot_width;
    for (int i = 0; i < 5; i++)
        x -= entries[i].width;
    for (int i = 0; i < 5; i++) {
        rpi_canvas_rectangle(canvas, x, 20, 12, 12, entries[i].class);
        rpi_canvas_text(canvas, x + 17, 30, "", entries[i].text);
        x += entries[i].width;
    }
}

/* ---- jobs and labels
 * ------------------------------------------------------------------------------ */

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
        rpi_canvas_rectangle(canvas, x, plan->jobs_top, fmax(end - x, 1), plan->jobs_height, "job");
        if (end - x > 7.0 * (double)(strlen(text) + 1))
            rpi_canvas_text(canvas, (x + end) / 2, plan->jobs_top + 13, "small middle", text);
    }
    rpi_canvas_text(canvas, plan->left - 8, plan->jobs_top + 13, "small end", "jobs");
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
    rpi_canvas_text(canvas, plan->left - 8, y, plan->lane_height >= 18 ? "end" : "small end", text);
    if (figures->seconds > 0)
        snprintf(text, sizeof text, "%.1f %%",
                 100 * (figures->working + figures->own) / figures->seconds);
    rpi_canvas_text(canvas, plan->left + plan->plot_width + 8, y, "small", text);
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
            rpi_canvas_text(canvas, 19, (top + bottom) / 2 + 4, "small", text);
        free_below = fmax(free_below, (top + bottom) / 2 + 14);
    }
}

/* ---- the axis of time
 * -------------------------------------------------------------------------- */

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
        rpi_canvas_text(canvas, x, plan->axis_top + 19, "small middle", text);
    }
    rpi_canvas_text(canvas, plan->left + plan->plot_width / 2, plan->axis_top + 36, "small middle",
                    "time since recording began");
}

/* ---- the slowest
 * ------------------------------------------------------------------------------- */

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
    rpi_canvas_text(canvas, plan->left, plan->list_top + 4, "",
                    canvas->marked > 0 ? "slowest slices" : "");
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
        rpi_canvas_text(canvas, list_x + 14, list_y + 4, "", text);
    }
}

void rpi_canvas_notes_before(const struct canvas *canvas)
{
    write_heading(canvas);
    write_legend(canvas);
    write_jobs(canvas);
}

void rpi_canvas_notes_over(const struct canvas *canvas)
{
    const struct plan *plan = &canvas->plan;
    write_axis(canvas);
    for (int rank = 0; rank < canvas->story->ranks; rank++)
        label_lane(canvas, rank);
    rpi_canvas_text(canvas, plan->left + plan->plot_width + 8, plan->jobs_top + 13, "small",
                    "useful");
    label_nodes(canvas);
    mark_slowest(canvas);
}
