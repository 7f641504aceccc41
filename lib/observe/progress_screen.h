/* Shows progress on stderr, which may be a terminal, a file or a pipe. */
#ifndef RANKPOOL_OBSERVE_PROGRESS_SCREEN_H
#define RANKPOOL_OBSERVE_PROGRESS_SCREEN_H

#include "observe/progress_format.h"

enum screen {
    SCREEN_TERMINAL, /* one line, redrawn in place */
    SCREEN_FILE,     /* a log */
    SCREEN_PIPE      /* or anything else */
};

enum screen rpi_screen_find(void);

/* Redraws the bar, as wide as the terminal is now, or writes a line. */
void rpi_screen_show(enum screen screen, const struct progress_view *view);

/* The job that was shown has ended: clears its bar, or writes a last line to the log. */
void rpi_screen_clear(enum screen screen, const char *name, double seconds);

#endif
