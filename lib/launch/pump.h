/* A pump copies what comes out of a pipe to a file that may be slow to take it, without ever
 * waiting for either: while the reader of a pager thinks, Ctrl-C still works. */
#ifndef RANKPOOL_LAUNCH_PUMP_H
#define RANKPOOL_LAUNCH_PUMP_H

#include "launch/events.h"

#include <limits.h>
#include <stddef.h>

struct pump {
    int events;
    struct source input, output;
    bool waits_for_output;    /* then `output` is watched, else `input`, unless it has ended */
    bool broken;              /* nobody reads the output any more */
    bool muted;               /* throw away what comes */
    const char *hidden;       /* throw away lines with this text; or NULL */
    size_t begin, end;        /* of what is to be written */
    char bytes[PIPE_BUF + 1]; /* so much a pipe that has room at all takes at once, and an end */
};

/* Starts copying from `input`, which it will close, to `output`. */
void rpi_pump_start(struct pump *pump, int events, int input, int output);

/* Lines with this text, and no zero byte before it, are not copied. They are looked for in what
 * comes at once, as a line does that was written at once. */
void rpi_pump_hide(struct pump *pump, const char *text);

/* From now on nothing is copied. */
void rpi_pump_mute(struct pump *pump);

/* Closes the input and forgets everything. */
void rpi_pump_stop(struct pump *pump);

#endif
