/* Draws how far the library scales: the speed-up over the cores of one machine, and the efficiency
 * over nodes. Reads points, one a line, and writes SVG; bench/picture prepares the points.
 *
 *     chart CORES MACHINE <POINTS >FILE.svg
 *
 * A point is `PANEL|SOURCE|SERIES|X|Y|LOW|HIGH`: PANEL is `speed` or `nodes`; SOURCE is `run`,
 * `simulated` or `modelled`; X the ranks or nodes; Y the speed-up or the efficiency, with its
 * interval. A series' points of one source are in ascending order of X, and joined. */
#include "observe/escape.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_POINTS = 512,
    MOST_SERIES = 12
};

struct point {
    char panel[16], source[16], series[64];
    double x, y, low, high;
};

/* Both axes of a panel; x is logarithmic, as y is if `log_y`. */
struct panel {
    const char *name, *title;
    double left, top, width, height;
    double x_least, x_most, y_least, y_most;
    bool log_y;
};

static struct point points[MOST_POINTS];
static int count;

/* ---- reading --------------------------------------------------------------------------------- */

static bool points_read(void)
{
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct point *point = &points[count];
        if (count == MOST_POINTS ||
            sscanf(line, "%15[^|]|%15[^|]|%63[^|]|%lf|%lf|%lf|%lf", point->panel, point->source,
                   point->series, &point->x, &point->y, &point->low, &point->high) != 7 ||
            point->x < 1 || point->y <= 0)
            return false;
        count++;
    }
    return count > 0;
}

/* The names of a panel's series, in their order; how many. */
static int series_of(const char *panel, const char *names[MOST_SERIES])
{
    int found = 0;
    for (int i = 0; i < count; i++) {
        int known = 0;
        if (strcmp(points[i].panel, panel) != 0)
            continue;
        while (known < found && strcmp(names[known], points[i].series) != 0)
            known++;
        if (known == found && found < MOST_SERIES)
            names[found++] = points[i].series;
    }
    return found;
}

/* ---- elements -------------------------------------------------------------------------------- */

static const char style[] =
    "text{font-family:Inter,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif;font-size:12px;"
    "fill:#3d4852}\n"
    ".title{font-size:16px;font-weight:600;fill:#1f2933}\n"
    ".small{font-size:11px;fill:#7b8794}\n.end{text-anchor:end}\n.middle{text-anchor:middle}\n"
    ".grid{stroke:#e4e9ee;stroke-width:1}\n.axis{stroke:#9aa5b1;stroke-width:1}\n"
    ".ideal{fill:none;stroke:#9aa5b1;stroke-width:1.5;stroke-dasharray:6 4}\n"
    ".crowd{fill:#f5f7f9}\n.line{fill:none;stroke-width:2;stroke-linejoin:round}\n"
    ".modelled{stroke-dasharray:2 4;stroke-linecap:round}\n.bar{stroke-width:1.5;opacity:.6}\n";

static const char *const colours[MOST_SERIES] = {"#3a7ebf", "#d9822b", "#3f9f7f", "#a765a9",
                                                 "#d0324b", "#6b7a8a", "#1f4e79", "#8a5a1c",
                                                 "#1f6f54", "#6d3f70", "#8c2233", "#444f5a"};

static double panel_x(const struct panel *panel, double x)
{
    return panel->left +
           panel->width * log(x / panel->x_least) / log(panel->x_most / panel->x_least);
}

static double panel_y(const struct panel *panel, double y)
{
    double part = panel->log_y ? log(y / panel->y_least) / log(panel->y_most / panel->y_least)
                               : (y - panel->y_least) / (panel->y_most - panel->y_least);
    return panel->top + panel->height * (1 - part);
}

static void write_text(double x, double y, const char *class, const char *text)
{
    printf("<text x='%.1f' y='%.1f' class='%s'>", x, y, class);
    rpi_xml_text(stdout, text);
    printf("</text>\n");
}

/* What was run is a disc, what was simulated a diamond, what was modelled a ring. */
static void write_mark(const char *source, double x, double y, const char *colour)
{
    if (strcmp(source, "simulated") == 0)
        printf("<path d='M%.1f %.1fl5.5 5.5l-5.5 5.5l-5.5 -5.5z' fill='%s' stroke='#fff'/>\n", x,
               y - 5.5, colour);
    else if (strcmp(source, "modelled") == 0)
        printf("<circle cx='%.1f' cy='%.1f' r='3.5' fill='#fff' stroke='%s' stroke-width='1.6'/>\n",
               x, y, colour);
    else
        printf("<circle cx='%.1f' cy='%.1f' r='5' fill='%s' stroke='#fff'/>\n", x, y, colour);
}

/* ---- a panel --------------------------------------------------------------------------------- */

static void write_tick_x(const struct panel *panel, double value)
{
    char text[32];
    double x = panel_x(panel, value);
    snprintf(text, sizeof text, "%g", value);
    if (value >= 10000) /* a narrow space between thousands */
        snprintf(text, sizeof text, "%d\u2009%03d", (int)value / 1000, (int)value % 1000);
    printf("<path class='grid' d='M%.1f %.1fv%.1f'/>\n", x, panel->top, panel->height);
    write_text(x, panel->top + panel->height + 18, "small middle", text);
}

static void write_tick_y(const struct panel *panel, double value, const char *text)
{
    double y = panel_y(panel, value);
    printf("<path class='grid' d='M%.1f %.1fh%.1f'/>\n", panel->left, y, panel->width);
    write_text(panel->left - 8, y + 4, "small end", text);
}

static void write_frame(const struct panel *panel, const char *x_label)
{
    double base = panel->top + panel->height;
    printf("<path class='axis' d='M%.1f %.1fh%.1f'/>\n", panel->left, base, panel->width);
    write_text(panel->left - 36, panel->top - 44, "title", panel->title);
    write_text(panel->left + panel->width / 2, base + 38, "small middle", x_label);
}

static void write_intervals(const struct panel *panel, const struct point *point,
                            const char *colour)
{
    if (point->high > point->low && point->low > panel->y_least)
        printf("<path class='bar' stroke='%s' d='M%.1f %.1fV%.1f'/>\n", colour,
               panel_x(panel, point->x), panel_y(panel, point->low),
               panel_y(panel, fmin(point->high, panel->y_most)));
}

/* The line and the marks of a series from one source. */
static void write_series(const struct panel *panel, const char *series, const char *source,
                         const char *colour)
{
    bool begun = false;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < count; i++) {
            const struct point *point = &points[i];
            if (strcmp(point->panel, panel->name) != 0 || strcmp(point->series, series) != 0 ||
                strcmp(point->source, source) != 0)
                continue;
            double x = panel_x(panel, point->x), y = panel_y(panel, point->y);
            if (pass == 0) {
                if (begun)
                    printf("L%.1f %.1f", x, y);
                else
                    printf("<path class='line %s' stroke='%s' d='M%.1f %.1f", source, colour, x, y);
                begun = true;
            } else {
                write_intervals(panel, point, colour);
                write_mark(source, x, y, colour);
            }
        }
        if (pass == 0 && begun)
            printf("'/>\n");
    }
}

/* All series, and the legend that tells them by their colours. */
static void write_panel(const struct panel *panel, double legend_x, double legend_y)
{
    static const char *const sources[] = {"modelled", "simulated", "run"};
    const char *names[MOST_SERIES];
    int series = series_of(panel->name, names);
    for (int i = 0; i < series; i++) {
        for (size_t k = 0; k < sizeof sources / sizeof sources[0]; k++)
            write_series(panel, names[i], sources[k], colours[i]);
        double y = legend_y + 18 * i;
        printf("<path class='line' stroke='%s' d='M%.1f %.1fh20'/>\n", colours[i], legend_x, y - 4);
        write_text(legend_x + 28, y, "", names[i]);
    }
}

/* ---- the two panels -------------------------------------------------------------------------- */

static double most_x(const char *panel)
{
    double most = 2;
    for (int i = 0; i < count; i++)
        if (strcmp(points[i].panel, panel) == 0)
            most = fmax(most, points[i].x);
    return most;
}

static void write_speed(int cores)
{
    double most = fmax(most_x("speed"), cores);
    struct panel panel = {.name = "speed",
                          .title = "Speed-up over the cores of one machine",
                          .left = 70,
                          .top = 96,
                          .width = 440,
                          .height = 280,
                          .x_least = 1,
                          .x_most = most * 1.08,
                          .y_least = 0.9,
                          .y_most = fmax(2, cores) * 1.2,
                          .log_y = true};
    double bend = panel_x(&panel, cores), plateau = panel_y(&panel, cores);
    if (most > cores) {
        printf("<rect class='crowd' x='%.1f' y='%.1f' width='%.1f' height='%.1f'/>\n", bend,
               panel.top, panel.left + panel.width - bend, panel.height);
        write_text(panel.left + panel.width - 8, panel.top + panel.height - 10, "small end",
                   "more ranks than cores");
    }
    for (int value = 1; value <= most; value *= 2)
        write_tick_x(&panel, value);
    for (int value = 1; value <= panel.y_most; value *= 2) {
        char text[16];
        snprintf(text, sizeof text, "%d\u00d7", value);
        write_tick_y(&panel, value, text);
    }
    write_frame(&panel, "ranks");
    printf("<path class='ideal' d='M%.1f %.1fL%.1f %.1fH%.1f'/>\n", panel_x(&panel, 1),
           panel_y(&panel, 1), bend, plateau, panel.left + panel.width);
    write_panel(&panel, panel.left, panel.top + panel.height + 66);
    printf("<path class='ideal' d='M%.1f %.1fh20'/>\n", panel.left + 340,
           panel.top + panel.height + 62);
    write_text(panel.left + 368, panel.top + panel.height + 66, "", "ideal");
}

static void write_nodes(void)
{
    struct panel panel = {.name = "nodes",
                          .title = "Efficiency over nodes",
                          .left = 620,
                          .top = 96,
                          .width = 500,
                          .height = 280,
                          .x_least = 1.6,
                          .x_most = most_x("nodes") * 1.25,
                          .y_least = 0.7,
                          .y_most = 1.01};
    static const struct {
        const char *source, *text;
    } sources[] = {{"run", "run on virtual nodes of this machine"},
                   {"simulated", "the library in SimGrid"},
                   {"modelled", "the library's policies in a model"}};
    for (int value = 2; value <= panel.x_most; value *= value < 64 ? 2 : 4)
        write_tick_x(&panel, value);
    for (int percent = 70; percent <= 100; percent += 5) {
        char text[16];
        snprintf(text, sizeof text, "%d %%", percent);
        write_tick_y(&panel, percent / 100.0, text);
    }
    write_frame(&panel, "nodes");
    double below = panel.top + panel.height + 66;
    write_panel(&panel, panel.left - 20, below);
    for (int i = 0; i < 3; i++) {
        write_mark(sources[i].source, panel.left + 288, below + 18 * i - 4, "#52606d");
        write_text(panel.left + 304, below + 18 * i, "", sources[i].text);
    }
}

int main(int argc, char **argv)
{
    int cores = argc == 3 ? atoi(argv[1]) : 0;
    if (cores < 1 || !points_read()) {
        fprintf(stderr, "usage: chart CORES MACHINE <POINTS: none, or a line is wrong\n");
        return EXIT_FAILURE;
    }
    const char *names[MOST_SERIES];
    int left = series_of("speed", names), right = series_of("nodes", names);
    double height = 430 + 18 * fmax(3, fmax(left, right)) + 26;
    printf("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1160 %g' width='1160' "
           "height='%g'>\n<style>%s</style>\n<rect width='100%%' height='100%%' fill='#fff'/>\n",
           height, height, style);
    write_speed(cores);
    write_nodes();
    write_text(34, 72, "small", argv[2]);
    write_text(584, 72, "small", "part of the ranks' time that is spent in items of 1 ms");
    printf("</svg>\n");
    return EXIT_SUCCESS;
}
