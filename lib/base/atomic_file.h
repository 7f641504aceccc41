/* Atomic files: written under a temporary name in the same directory, and renamed when complete.
 * Until then the old file keeps its name.
 *
 * Where renaming is impossible, the file itself is overwritten: a mount point (in a container,
 * say), a file in a directory that this user may not change, a device, or a file that is open as
 * standard output. The new file gets the mode of the file that it replaces, and its owner if
 * permitted. */
#ifndef RANKPOOL_BASE_ATOMIC_FILE_H
#define RANKPOOL_BASE_ATOMIC_FILE_H

#include "base/temporary_files.h"
#include "rankpool.h"

#include <sys/types.h>

enum {
    ATOMIC_FILE_NAME_BYTES = TEMPORARY_NAME_BYTES
};

/* All zero: no file. */
struct atomic_file {
    char path[ATOMIC_FILE_NAME_BYTES];      /* final name, absolute */
    char temporary[ATOMIC_FILE_NAME_BYTES]; /* temporary name; "": written in place */
    bool replaces;                          /* replaces an existing file */
    mode_t mode;                            /* of the file that it replaces */
};

/* Creates an empty temporary file for `path`, or for the file that a symbolic link leads to, with
 * the permissions of the file that it replaces, or the default ones. Names become absolute, so that
 * the working directory may change. Returns RP_OK or RP_ERR_IO. */
rp_status rpi_atomic_file_make(struct atomic_file *atomic_file, const char *path, rp_error *error);

/* Would rpi_atomic_file_make() succeed? Changes nothing. */
rp_status rpi_atomic_file_check(const char *path, rp_error *error);

/* Opens the file for writing, truncated. Returns a descriptor, or -1 with errno set. */
int rpi_atomic_file_open(const struct atomic_file *atomic_file);

/* The name under which other processes can open the file after that. */
const char *rpi_atomic_file_name(const struct atomic_file *atomic_file);

/* Can several processes write it at any offset? Not if it is a pipe, or open as standard output. */
bool rpi_atomic_file_has_offsets(const struct atomic_file *atomic_file);

/* Renames the temporary file to its final name. On failure the temporary file stays, since its
 * content may be expensive, and the error text names it. */
rp_status rpi_atomic_file_publish(struct atomic_file *atomic_file, rp_error *error);

/* Removes the temporary file, or truncates a regular file that is written in place. Does nothing
 * after rpi_atomic_file_publish(), or for no file. */
void rpi_atomic_file_remove(struct atomic_file *atomic_file);

/* Sets the error "cannot write 'path': ..." for an errno. Returns RP_ERR_IO. */
rp_status rpi_cannot_write(rp_error *error, const char *path, int code);

#endif
