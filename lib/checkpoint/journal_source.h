/* Access to the bytes of a journal during a scan: all in memory, or a window of the file. The file
 * is not mapped, since a failing disk or a truncated file would end the process with SIGBUS. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_SOURCE_H
#define RANKPOOL_CHECKPOINT_JOURNAL_SOURCE_H

#include "base/buffer.h"

struct journal_source {
    int file; /* -1: none, all is in memory */
    size_t size;
    const unsigned char *window; /* `count` bytes from offset `begin` on */
    size_t begin, count;
    rp_buffer buffer; /* holds the window of a file */
};

/* Opens a file of a checkpoint directory for reading. Accepts only regular files: follows no
 * symbolic link, does not wait for the writer of a FIFO, opens no device. Returns -1 on error, with
 * errno set; EINVAL: not a regular file. */
int rpi_journal_open(const char *path);

/* Reads at an offset. Returns the bytes read, which are fewer than `count` at the end of the file
 * or after an error. */
size_t rpi_journal_read_at(int file, void *bytes, size_t count, uint64_t offset);

/* Returns the bytes from an offset on, `*count` of them, at least `wanted`, which must not reach
 * beyond the end. NULL: they cannot be read. Valid until the next call. */
const unsigned char *rpi_source_view(struct journal_source *source, size_t offset, size_t wanted,
                                     size_t *count);

/* If the offset is in a hole of the file, returns where the hole ends; the size if no data
 * follow. */
size_t rpi_source_skip_hole(const struct journal_source *source, size_t offset);

#endif
