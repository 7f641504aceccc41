/* The bytes of a journal while it is scanned: all of them in memory, or a window of the file. A
 * mapping would do as well, but a disk that fails, or a file that somebody cuts short, would end
 * the process with SIGBUS. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_SOURCE_H
#define RANKPOOL_CHECKPOINT_JOURNAL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_source {
    int file; /* -1: none, all is in memory */
    size_t size;
    const unsigned char *window; /* `count` bytes from offset `begin` on */
    size_t begin, count;
    unsigned char *buffer; /* of the window of a file; owned */
    size_t capacity;
};

/* Opens a file of a checkpoint directory to read it. Only regular files count: it follows no
 * symbolic link, does not wait for the writer of a FIFO, and touches no device. -1: errno says
 * why not. */
int rpi_journal_open(const char *path);

/* Reads at an offset. Returns how many bytes there are, up to the end or an error. */
size_t rpi_journal_read_at(int file, void *bytes, size_t count, uint64_t offset);

/* The bytes from an offset on: as many as are there, at least `wanted`, which must not go beyond
 * the end. NULL: they cannot be read. Valid until the next call. */
const unsigned char *rpi_source_view(struct journal_source *source, size_t offset, size_t wanted,
                                     size_t *count);

/* Where data follow that an offset may be in a hole before; the size: none do. */
size_t rpi_source_skip_hole(const struct journal_source *source, size_t offset);

#endif
