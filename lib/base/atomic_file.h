/* Drafts: a file that is written under a temporary name beside its own, which it gets when it is
 * whole. What had that name before stays until then.
 *
 * Where renaming cannot serve, the file itself is written, from its beginning: a file that is
 * mounted (in a container, say), or in a directory that this user may not change; a device; what is
 * open as standard output. What renaming replaces keeps its mode, and its owner if that is
 * permitted. */
#ifndef RANKPOOL_BASE_ATOMIC_FILE_H
#define RANKPOOL_BASE_ATOMIC_FILE_H

#include "base/temporary_files.h"
#include "rankpool.h"

#include <sys/types.h>

enum {
    ATOMIC_FILE_NAME_BYTES = TEMPORARY_NAME_BYTES
};

/* A draft that this process has made. Zero: none. */
struct atomic_file {
    char path[ATOMIC_FILE_NAME_BYTES];      /* where it will be */
    char temporary[ATOMIC_FILE_NAME_BYTES]; /* where it is; "": there already */
    bool replaces;                          /* a file is there, */
    mode_t mode;                            /* which has these rights */
};

/* Makes an empty draft of the file `path`, with the rights of the file that it replaces, or those
 * that creating it would give; or of the file that a symbolic link leads to. Whole paths hold in
 * every directory. RP_ERR_IO says why not. */
rp_status rpi_atomic_file_make(struct atomic_file *atomic_file, const char *path, rp_error *error);

/* Could a draft be made? Leaves everything as it is. */
rp_status rpi_atomic_file_check(const char *path, rp_error *error);

/* Opens it for writing, empty. Returns a file, or -1 and an errno. Other processes may then open it
 * by its name. */
int rpi_atomic_file_open(const struct atomic_file *atomic_file);
const char *rpi_atomic_file_name(const struct atomic_file *atomic_file);

/* Can it be written at any offset, by several processes? A pipe cannot, nor what is open as
 * standard output. */
bool rpi_atomic_file_has_offsets(const struct atomic_file *atomic_file);

/* Gives it its name. After an error the temporary file stays, if there is one, and the error tells
 * its name: its content was computed. */
rp_status rpi_atomic_file_publish(struct atomic_file *atomic_file, rp_error *error);

/* Removes it, or empties the file that is written itself. For one that is published, or none,
 * nothing happens. */
void rpi_atomic_file_remove(struct atomic_file *atomic_file);

/* "cannot write 'path': ...", for an errno. Returns RP_ERR_IO. */
rp_status rpi_cannot_write(rp_error *error, const char *path, int code);

#endif
