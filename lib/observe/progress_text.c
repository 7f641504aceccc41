#include "observe/progress_text.h"

#include "observe/numbers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    FIELDS = 6,
    FIELD_BYTES = 96,
    SHORTEST_BAR = 8,
    LONGEST_BAR = 40
};

/* The parts of a bar's line, in their order there. `rank`: 0 stays longest. */
struct field {
    char text[FIELD_BYTES];
    int rank;
};

static bool is_known(double total)
{
    return isfinite(total);
}

static double share_of(const struct progress_view *view)
{
    double share = view->total > 0 ? view->done / view->total : 1;
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

static void time_left(char *text, const struct progress_view *view)
{
    char clock[NUMBER_BYTES];
    if (view->rate > 0 && is_known(view->total))
        snprintf(text, FIELD_BYTES, "%s left",
                 rpi_number_clock(clock, (view->total - view->done) / view->rate));
    else
        text[0] = '\0';
}

static void rate_of(char *text, const struct progress_view *view)
{
    char rate[NUMBER_BYTES];
    if (view->rate > 0)
        snprintf(text, FIELD_BYTES, "%s %.30s/s", rpi_number_count(rate, view->rate), view->unit);
    else
        text[0] = '\0';
}

/* Where items are: with how many ranks, or between the producer and the consumer of a stream. */
static void whereabouts(char *text, const struct progress_view *view)
{
    char flying[NUMBER_BYTES], window[NUMBER_BYTES];
    if (view->window > 0)
        snprintf(text, FIELD_BYTES, "%s of at most %s under way",
                 rpi_number_count(flying, view->flying), rpi_number_count(window, view->window));
    else if (view->nodes > 1)
        snprintf(text, FIELD_BYTES, "%d/%d ranks busy, %d nodes", view->busy, view->ranks,
                 view->nodes);
    else
        snprintf(text, FIELD_BYTES, "%d/%d ranks busy", view->busy, view->ranks);
}

/* A text that keeps its width, so that what stands beside it does not jump. */
static void steady(char *text, int width)
{
    char copy[FIELD_BYTES];
    snprintf(copy, sizeof copy, "%s", text);
    if (copy[0] != '\0')
        snprintf(text, FIELD_BYTES, "%*s", width, copy);
}

/* 100 % is for what is done. */
static double percent_of(const struct progress_view *view)
{
    double share = share_of(view);
    return share < 1 ? floor(100 * share) : 100;
}

/* How far: of what is to be done, or what has been. */
static void fill_reach(struct field fields[FIELDS], const struct progress_view *view)
{
    char done[NUMBER_BYTES], total[NUMBER_BYTES], elapsed[NUMBER_BYTES];
    rpi_number_count(done, view->done);
    if (!is_known(view->total)) {
        snprintf(fields[1].text, FIELD_BYTES, "%6s", done);
        snprintf(fields[2].text, FIELD_BYTES, "after %s", rpi_number_clock(elapsed, view->seconds));
        fields[3].text[0] = '\0';
        return;
    }
    snprintf(fields[1].text, FIELD_BYTES, "%3.0f %%", percent_of(view));
    time_left(fields[2].text, view);
    steady(fields[2].text, (int)strlen("59:59 left"));
    rpi_number_count(total, view->total);
    snprintf(fields[3].text, FIELD_BYTES, "%*s of %s", (int)strlen(total), done, total);
}

static void fill_fields(struct field fields[FIELDS], const struct progress_view *view)
{
    snprintf(fields[0].text, FIELD_BYTES, "%.40s", view->name);
    fill_reach(fields, view);
    rate_of(fields[4].text, view);
    steady(fields[4].text, (int)(strlen("12345 /s") + strlen(view->unit)));
    whereabouts(fields[5].text, view);
    static const int ranks[FIELDS] = {2, 0, 1, 4, 3, 5};
    for (int i = 0; i < FIELDS; i++)
        fields[i].rank = ranks[i];
}

/* Columns of the fields whose rank is below `kept`, each with two spaces behind it. Names may be
 * UTF-8, whose continuation bytes take no column. */
static int width_of(const struct field fields[FIELDS], int kept)
{
    int width = 0;
    for (int i = 0; i < FIELDS; i++) {
        if (fields[i].rank >= kept || fields[i].text[0] == '\0')
            continue;
        for (const char *at = fields[i].text; *at != '\0'; at++)
            width += (*at & 0xC0) != 0x80;
        width += 2;
    }
    return width;
}

/* A bar of so many columns; in UTF-8 with eighths of them. */
static void draw_bar(char *text, size_t bytes, double share, int columns,
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

static void append(char *text, size_t bytes, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, bytes - used, "%s", more);
}

char *rpi_progress_bar(char *text, size_t bytes, const struct progress_view *view,
                       const struct progress_style *style)
{
    struct field fields[FIELDS];
    char bar[LONGEST_BAR * 4 + 16] = "";
    int room = style->columns - 1; /* in the last column terminals differ */
    int kept = FIELDS, frame = 4;  /* two edges of the bar, two spaces */
    int least = is_known(view->total) ? SHORTEST_BAR + frame : 0;
    fill_fields(fields, view);
    while (kept > 1 && width_of(fields, kept) + least > room)
        kept--;
    int columns = room - width_of(fields, kept) - frame;
    if (least > 0 && columns >= SHORTEST_BAR)
        draw_bar(bar, sizeof bar, share_of(view), columns < LONGEST_BAR ? columns : LONGEST_BAR,
                 style);
    text[0] = '\0';
    for (int i = 0; i < FIELDS; i++) {
        if (fields[i].rank < kept && fields[i].text[0] != '\0') {
            append(text, bytes, text[0] != '\0' ? "  " : "");
            append(text, bytes, fields[i].text);
        }
        if (i == 0 && bar[0] != '\0') {
            append(text, bytes, text[0] != '\0' ? "  " : "");
            append(text, bytes, style->utf8 ? "▕" : "[");
            append(text, bytes, bar);
            append(text, bytes, style->utf8 ? "▏" : "]");
        }
    }
    return text;
}

static void append_part(char *text, size_t bytes, const char *part)
{
    append(text, bytes, part[0] != '\0' ? ", " : "");
    append(text, bytes, part);
}

char *rpi_progress_line(char *text, size_t bytes, const struct progress_view *view)
{
    char done[NUMBER_BYTES], total[NUMBER_BYTES], elapsed[NUMBER_BYTES];
    char rate[FIELD_BYTES], left[FIELD_BYTES], where[FIELD_BYTES];
    rpi_number_count(done, view->done);
    rpi_number_clock(elapsed, view->seconds);
    if (is_known(view->total))
        snprintf(text, bytes, "%s: %.0f %% after %s: %s of %s %s", view->name, percent_of(view),
                 elapsed, done, rpi_number_count(total, view->total), view->unit);
    else
        snprintf(text, bytes, "%s: %s %s after %s", view->name, done, view->unit, elapsed);
    rate_of(rate, view);
    time_left(left, view);
    whereabouts(where, view);
    append_part(text, bytes, rate);
    append_part(text, bytes, left);
    append_part(text, bytes, where);
    return text;
}
