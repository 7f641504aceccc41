/* Copies a pipe to a file that may accept data slowly, without blocking on either: while a pager
 * holds its output back, Ctrl-C still works. */
#ifndef RANKPOOL_LAUNCH_OUTPUT_RELAY_H
#define RANKPOOL_LAUNCH_OUTPUT_RELAY_H

#include "base/event_loop.h"

#include <limits.h>
#include <stddef.h>

struct output_relay {
    int events;
    struct event_source input, output;
    bool waits_for_output;    /* then `output` is watched, otherwise `input` until its end */
    bool broken;              /* the output has no reader any more */
    bool muted;               /* discard all input */
    int code;                 /* errno of a write that failed for another reason, or 0 */
    const char *hidden;       /* discard lines with this text; or NULL */
    size_t begin, end;        /* the bytes not yet written */
    char bytes[PIPE_BUF + 1]; /* what a pipe with any room accepts at once, and a zero byte */
};

/* Starts copying from `input` to `output`. Lines with the text `hidden`, if that is not NULL, and
 * without a zero byte before it, are not copied. The search covers the bytes of one read(), which
 * hold a line whole if it was written at once. */
void rpi_output_relay_start(struct output_relay *relay, int events, int input, int output,
                            const char *hidden);

/* Stops copying; later input is discarded. */
void rpi_output_relay_mute(struct output_relay *relay);

#endif
