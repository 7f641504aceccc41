#include "observe/progress_format.h"

#include "observe/human_numbers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    FIELDS = 6,
    FIELD_BYTES = 96,
    SHORTEST_BAR = 8,
    LONGEST_BAR = 40
};

/* The parts of the line with the bar, in their order. The part with the highest `priority` is left
 * out first; 0 always stays. */
struct bar_field {
    char text[FIELD_BYTES];
    int priority;
};

static bool total_is_known(double total)
{
    return isfinite(total);
}

static double view_share(const struct progress_view *view)
{
    double share = view->total > 0 ? view->done / view->total : 1;
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

static void format_time_left(char *text, const struct progress_view *view)
{
    char clock[NUMBER_BYTES];
    if (view->rate > 0 && total_is_known(view->total))
        snprintf(text, FIELD_BYTES, "%s left",
                 rpi_number_clock(clock, (view->total - view->done) / view->rate));
    else
        text[0] = '\0';
}

static void format_rate(char *text, const struct progress_view *view)
{
    char rate[NUMBER_BYTES];
    if (view->rate > 0)
        snprintf(text, FIELD_BYTES, "%s %.30s/s", rpi_number_count(rate, view->rate), view->unit);
    else
        text[0] = '\0';
}

/* How many ranks are busy; of a stream, how many items are between producer and consumer; of a
 * worklist, how many wait. */
static void format_location(char *text, const struct progress_view *view)
{
    char flying[NUMBER_BYTES], window[NUMBER_BYTES];
    if (isinf(view->window))
        snprintf(text, FIELD_BYTES, "%s waiting", rpi_number_count(flying, view->flying));
    else if (view->window > 0)
        snprintf(text, FIELD_BYTES, "%s of at most %s under way",
                 rpi_number_count(flying, view->flying), rpi_number_count(window, view->window));
    else if (view->ranks == 0)
        text[0] = '\0';
    else if (view->nodes > 1)
        snprintf(text, FIELD_BYTES, "%d/%d ranks busy, %d nodes", view->busy, view->ranks,
                 view->nodes);
    else
        snprintf(text, FIELD_BYTES, "%d/%d ranks busy", view->busy, view->ranks);
}

/* Pads a text to a constant width, so that the parts beside it do not jump. */
static void format_pad(char *text, int width)
{
    char copy[FIELD_BYTES];
    snprintf(copy, sizeof copy, "%s", text);
    if (copy[0] != '\0')
        snprintf(text, FIELD_BYTES, "%*s", width, copy);
}

/* Rounds down: only a finished job shows 100 %. */
static double view_percent(const struct progress_view *view)
{
    double share = view_share(view);
    return share < 1 ? floor(100 * share) : 100;
}

/* Share, time left and count; without a known total, count and elapsed time. */
static void fields_fill_extent(struct bar_field fields[FIELDS], const struct progress_view *view)
{
    char done[NUMBER_BYTES], total[NUMBER_BYTES], elapsed[NUMBER_BYTES];
    rpi_number_count(done, view->done);
    if (!total_is_known(view->total)) {
        snprintf(fields[1].text, FIELD_BYTES, "%6s", done);
        snprintf(fields[2].text, FIELD_BYTES, "after %s", rpi_number_clock(elapsed, view->seconds));
        fields[3].text[0] = '\0';
        return;
    }
    snprintf(fields[1].text, FIELD_BYTES, "%3.0f %%", view_percent(view));
    format_time_left(fields[2].text, view);
    format_pad(fields[2].text, (int)strlen("59:59 left"));
    rpi_number_count(total, view->total);
    snprintf(fields[3].text, FIELD_BYTES, "%*s of %s", (int)strlen(total), done, total);
}

static void fields_fill(struct bar_field fields[FIELDS], const struct progress_view *view)
{
    snprintf(fields[0].text, FIELD_BYTES, "%.40s", view->name);
    fields_fill_extent(fields, view);
    format_rate(fields[4].text, view);
    format_pad(fields[4].text, (int)(strlen("12345 /s") + strlen(view->unit)));
    format_location(fields[5].text, view);
    static const int priorities[FIELDS] = {2, 0, 1, 4, 3, 5};
    for (int i = 0; i < FIELDS; i++)
        fields[i].priority = priorities[i];
}

/* Columns of the fields whose priority is below `kept`, each followed by two spaces. Names may be
 * UTF-8, whose continuation bytes take no column. */
static int fields_width(const struct bar_field fields[FIELDS], int kept)
{
    int width = 0;
    for (int i = 0; i < FIELDS; i++) {
        if (fields[i].priority >= kept || fields[i].text[0] == '\0')
            continue;
        for (const char *at = fields[i].text; *at != '\0'; at++)
            width += (*at & 0xC0) != 0x80;
        width += 2;
    }
    return width;
}

/* A bar `columns` wide; in UTF-8 with a resolution of an eighth of a column. */
static void bar_draw(char *text, size_t bytes, double share, int columns,
                     const struct progress_style *style)
{
    static const char *const eighths[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int parts = style->utf8 ? 8 : 1, filled = (int)(share * columns * parts);
    size_t used = (size_t)snprintf(text, bytes, "%s", style->colour ? "\x1b[36m" : "");
    for (int column = 0; column < columns && used < bytes; column++) {
        int part = filled - column * parts;
        const char *cell = style->utf8 ? "█" : "#";
        if (part < parts)
            cell = !style->utf8 ? "." : eighths[part > 0 ? part : 0];
        used += (size_t)snprintf(text + used, bytes - used, "%s", cell);
    }
    if (used < bytes)
        snprintf(text + used, bytes - used, "%s", style->colour ? "\x1b[0m" : "");
}

static void text_append(char *text, size_t bytes, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, bytes - used, "%s", more);
}

char *rpi_progress_bar(char *text, size_t bytes, const struct progress_view *view,
                       const struct progress_style *style)
{
    struct bar_field fields[FIELDS];
    char bar[LONGEST_BAR * 4 + 16] = "";
    int room = style->columns - 1; /* terminals differ in how they treat the last column */
    int kept = FIELDS, frame = 4;  /* columns of the two edges of the bar and two spaces */
    int least = total_is_known(view->total) ? SHORTEST_BAR + frame : 0;
    fields_fill(fields, view);
    while (kept > 1 && fields_width(fields, kept) + least > room)
        kept--;
    int columns = room - fields_width(fields, kept) - frame;
    if (least > 0 && columns >= SHORTEST_BAR)
        bar_draw(bar, sizeof bar, view_share(view), columns < LONGEST_BAR ? columns : LONGEST_BAR,
                 style);
    text[0] = '\0';
    for (int i = 0; i < FIELDS; i++) {
        if (fields[i].priority < kept && fields[i].text[0] != '\0') {
            text_append(text, bytes, text[0] != '\0' ? "  " : "");
            text_append(text, bytes, fields[i].text);
        }
        if (i == 0 && bar[0] != '\0') {
            text_append(text, bytes, text[0] != '\0' ? "  " : "");
            text_append(text, bytes, style->utf8 ? "▕" : "[");
            text_append(text, bytes, bar);
            text_append(text, bytes, style->utf8 ? "▏" : "]");
        }
    }
    return text;
}

static void line_append(char *text, size_t bytes, const char *part)
{
    text_append(text, bytes, part[0] != '\0' ? ", " : "");
    text_append(text, bytes, part);
}

char *rpi_progress_line(char *text, size_t bytes, const struct progress_view *view)
{
    char done[NUMBER_BYTES], total[NUMBER_BYTES], elapsed[NUMBER_BYTES];
    char rate[FIELD_BYTES], left[FIELD_BYTES], where[FIELD_BYTES];
    rpi_number_count(done, view->done);
    rpi_number_clock(elapsed, view->seconds);
    if (total_is_known(view->total))
        snprintf(text, bytes, "%s: %.0f %% after %s: %s of %s %s", view->name, view_percent(view),
                 elapsed, done, rpi_number_count(total, view->total), view->unit);
    else
        snprintf(text, bytes, "%s: %s %s after %s", view->name, done, view->unit, elapsed);
    format_rate(rate, view);
    format_time_left(left, view);
    format_location(where, view);
    line_append(text, bytes, rate);
    line_append(text, bytes, left);
    line_append(text, bytes, where);
    return text;
}
