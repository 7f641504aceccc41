/* Formats progress for a terminal and for a log. Pure functions, so that tests need neither. */
#ifndef RANKPOOL_OBSERVE_PROGRESS_FORMAT_H
#define RANKPOOL_OBSERVE_PROGRESS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The progress of a job. */
struct progress_view {
    const char *name, *unit; /* never NULL */
    double done, total;      /* items; total: INFINITY if unknown */
    double flying, window;   /* of a stream: items in flight, and their limit (INFINITY: of a
                                worklist, whose items wait); else 0 */
    double seconds;          /* since it began, rounded */
    double rate;             /* items per second; 0: not known yet */
    int busy, ranks, nodes;  /* busy: not for a stream; ranks: 0 if it is unknown which are busy */
};

/* What the terminal can show. */
struct progress_style {
    int columns;
    bool utf8, colour;
};

/* One line with a bar, for a terminal, narrower than its columns, with no escape sequences but
 * colours. Omits parts that do not fit, the least important first. Returns `text`. */
char *rpi_progress_bar(char *text, size_t bytes, const struct progress_view *view,
                       const struct progress_style *style);

/* One line for a log. Returns `text`. */
char *rpi_progress_line(char *text, size_t bytes, const struct progress_view *view);

#endif
