/* Where progress is seen: stderr, whatever that is. */
#ifndef RANKPOOL_OBSERVE_SCREEN_H
#define RANKPOOL_OBSERVE_SCREEN_H

#include "observe/progress_text.h"

enum screen {
    SCREEN_TERMINAL, /* a line that is drawn over and over */
    SCREEN_FILE,     /* a log */
    SCREEN_PIPE      /* or anything else */
};

enum screen rpi_screen_find(void);

/* Shows: draws a bar over the last one, as wide as the terminal is now, or writes a line. */
void rpi_screen_show(enum screen screen, const struct progress_view *view);

/* The job that was shown is over: its bar goes, a log gets a last line. */
void rpi_screen_clear(enum screen screen, const char *name, double seconds);

#endif
