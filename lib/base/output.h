/* Output files: a FILE on an atomic file, which one process writes sequentially. */
#ifndef RANKPOOL_BASE_OUTPUT_H
#define RANKPOOL_BASE_OUTPUT_H

#include "base/atomic_file.h"

#include <stdio.h>

/* Must not move while it is open. */
struct output {
    FILE *file; /* NULL: not open */
    const char *path;
    struct atomic_file atomic_file;
    int descriptor;
    int code; /* the errno of the first write that failed, or 0 */
};

/* Opens a file. `path` is not copied. Returns RP_OK, or RP_ERR_IO if it cannot be written. */
rp_status rpi_output_open(struct output *output, const char *path, rp_error *error);

/* Closes the file. If `good`, the content is complete: publishes it, or returns RP_ERR_IO if a
 * write failed. Otherwise removes it, keeps the old file of that name, and returns RP_ERR_IO
 * without setting *error. */
rp_status rpi_output_close(struct output *output, bool good, rp_error *error);

/* Refuses a name whose ending belongs to another format, such as plot.png for a drawing in SVG.
 * `endings` lists the right ones, separated by spaces, without dots. Unknown endings, and names
 * without one, are allowed. Returns RP_OK or RP_ERR_ARGUMENT. */
rp_status rpi_output_check_ending(const char *path, const char *endings, rp_error *error);

#endif
