/* Writing files and allocating their space, so that whatever is in the way comes back as an errno.
 *
 * A file that reaches the limit of the process (ulimit -f) would end it by SIGXFSZ. What a signal
 * does belongs to the program, so it is blocked in the calling thread, for the length of a call,
 * and taken back if it came. All calls here may be made by signal handlers, too. */
#ifndef RANKPOOL_BASE_FILE_IO_H
#define RANKPOOL_BASE_FILE_IO_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* While SIGXFSZ is blocked in this thread. */
struct file_limit_guard {
    sigset_t mask; /* from before */
    bool pending;  /* SIGXFSZ was already, and is none of ours */
};

/* Between these two calls, which may nest, the limit is EFBIG and no signal: for writes by other
 * means than those below, such as stdio. errno stays as it is. */
void rpi_file_limit_guard_begin(struct file_limit_guard *guard);
void rpi_file_limit_guard_end(const struct file_limit_guard *guard);

/* As write(). */
ssize_t rpi_write_once(int file, const void *bytes, size_t length);

/* Writes all bytes: at the file's position, or at `offset`. 0 or an errno. */
int rpi_write_all(int file, const void *bytes, size_t length);
int rpi_pwrite_all(int file, const void *bytes, size_t length, int64_t offset);

/* Makes a file `length` bytes long and takes the space for them, in which nothing changes: a store
 * into a mapped hole would be SIGBUS when there is no space left. 0 or an errno. */
int rpi_allocate(int file, size_t length);

#endif
