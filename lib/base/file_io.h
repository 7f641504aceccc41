/* Writing files and allocating their space, with every failure reported as an errno.
 *
 * A write beyond the file size limit of the process (ulimit -f) raises SIGXFSZ, which would end it.
 * Signal actions belong to the program, so these calls block the signal in the calling thread, and
 * discard it if it was raised meanwhile. All are async-signal-safe. */
#ifndef RANKPOOL_BASE_FILE_IO_H
#define RANKPOOL_BASE_FILE_IO_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* State while SIGXFSZ is blocked in this thread. */
struct file_limit_guard {
    sigset_t mask; /* the earlier signal mask */
    bool pending;  /* SIGXFSZ was pending already, so it is not discarded */
};

/* Between these two calls, which nest, exceeding the limit gives EFBIG and no signal. For writes by
 * other functions than those below, such as stdio. They preserve errno. */
void rpi_file_limit_guard_begin(struct file_limit_guard *guard);
void rpi_file_limit_guard_end(const struct file_limit_guard *guard);

/* Like write(). */
ssize_t rpi_write_once(int file, const void *bytes, size_t length);

/* Write all bytes, at the file's position or at `offset`. Return 0 or an errno. */
int rpi_write_all(int file, const void *bytes, size_t length);
int rpi_pwrite_all(int file, const void *bytes, size_t length, int64_t offset);

/* Like fsync(), but succeeds for pipes and devices, which do not support it. Returns 0 or an
 * errno. */
int rpi_sync(int file);

/* Makes the file at least begin + length bytes long and allocates the space of these `length`
 * bytes, keeping the content: on a full disk a store into a mapped hole would raise SIGBUS. Returns
 * 0 or an errno. */
int rpi_allocate(int file, size_t begin, size_t length);

/* Raises the process's limit on open files as far as allowed. */
void rpi_allow_many_files(void);

#endif
