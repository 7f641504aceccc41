/* How progress reads, on a terminal and in a log. Pure, so that it can be tested without either. */
#ifndef RANKPOOL_OBSERVE_PROGRESS_TEXT_H
#define RANKPOOL_OBSERVE_PROGRESS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far a job is. */
struct progress_view {
    const char *name, *unit; /* never NULL */
    double done, total;      /* items; total: INFINITY where nobody knows */
    double flying, window;   /* of a stream: items under way, and how many may be; else 0 */
    double seconds;          /* since it began, whole ones */
    double rate;             /* items per second; 0: not known yet */
    int busy, ranks, nodes;  /* busy: not of a stream */
};

/* How a terminal takes it. */
struct progress_style {
    int columns; /* that it has */
    bool utf8, colour;
};

/* One line with a bar, for a terminal, no wider than its columns allow; without escape sequences
 * other than colours. What does not fit is left out, the least important first. Returns `text`. */
char *rpi_progress_bar(char *text, size_t bytes, const struct progress_view *view,
                       const struct progress_style *style);

/* One line for a log. */
char *rpi_progress_line(char *text, size_t bytes, const struct progress_view *view);

#endif
