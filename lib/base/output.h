/* A file that one process writes from begin to end, whole or not at all: a draft behind a FILE. */
#ifndef RANKPOOL_BASE_OUTPUT_H
#define RANKPOOL_BASE_OUTPUT_H

#include "base/atomic_file.h"

#include <stdio.h>

/* Stays where it is while it is open. */
struct output {
    FILE *file; /* what to write to; NULL: not open */
    const char *path;
    struct atomic_file atomic_file;
    int descriptor;
    int code; /* the errno of the first write that failed, or 0 */
};

/* Begins a file. `path` is not copied. RP_ERR_IO, and the error is one line for a person, if it
 * cannot be written. */
rp_status rpi_output_open(struct output *output, const char *path, rp_error *error);

/* Ends it. `good`: all was written, so it gets its name if it has arrived, or else RP_ERR_IO.
 * Otherwise it goes, and what was there before under its name stays: RP_ERR_IO, and the error is as
 * it was. */
rp_status rpi_output_close(struct output *output, bool good, rp_error *error);

#endif
