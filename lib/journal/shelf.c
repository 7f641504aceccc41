#include "journal/shelf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static bool read_whole(int file, unsigned char *bytes, size_t count, uint64_t offset)
{
    for (size_t done = 0; done < count;) {
        ssize_t got = pread(file, bytes + done, count - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static void close_file(struct shelf *shelf)
{
    if (shelf->open)
        close(shelf->file);
    shelf->open = false;
}

static bool open_file(struct shelf *shelf, const struct kept *entry)
{
    char path[PATH_MAX];
    unsigned char bytes[JOURNAL_HEAD_BYTES];
    struct journal_head head;
    if (shelf->open && shelf->run == entry->run && shelf->rank == entry->rank)
        return true;
    close_file(shelf);
    if (!rpi_journal_name(shelf->directory, entry->run, entry->rank, path, sizeof path))
        return false;
    shelf->file = open(path, O_RDONLY | O_CLOEXEC);
    if (shelf->file < 0)
        return false;
    shelf->open = true;
    shelf->run = entry->run;
    shelf->rank = entry->rank;
    if (read_whole(shelf->file, bytes, sizeof bytes, 0) &&
        rpi_journal_read_head(bytes, sizeof bytes, &head)) {
        shelf->seed = head.seed;
        return true;
    }
    close_file(shelf);
    return false;
}

static bool reserve(struct shelf *shelf, size_t bytes)
{
    if (bytes <= shelf->capacity)
        return true;
    unsigned char *grown = realloc(shelf->bytes, bytes);
    if (grown == NULL)
        return false;
    shelf->bytes = grown;
    shelf->capacity = bytes;
    return true;
}

/* Files change, and so do disks: what is used is checked when it is used. */
static bool is_as_written(const struct shelf *shelf, const struct kept *entry, size_t bytes)
{
    struct journal_entry read;
    return rpi_journal_read_entry(shelf->bytes, bytes, shelf->seed, &read) == JOURNAL_ENTRY &&
           read.job == entry->job && read.begin == entry->first && read.kind == entry->kind &&
           read.bytes == entry->bytes;
}

const unsigned char *rpi_shelf_fetch(struct shelf *shelf, const struct kept *entry)
{
    size_t bytes = JOURNAL_HEAD_BYTES + entry->bytes;
    if (shelf->entry == entry)
        return shelf->bytes + JOURNAL_HEAD_BYTES;
    shelf->entry = NULL;
    if (!open_file(shelf, entry) || !reserve(shelf, bytes) ||
        !read_whole(shelf->file, shelf->bytes, bytes, entry->offset) ||
        !is_as_written(shelf, entry, bytes))
        return NULL;
    shelf->entry = entry;
    return shelf->bytes + JOURNAL_HEAD_BYTES;
}

void rpi_shelf_close(struct shelf *shelf)
{
    close_file(shelf);
    free(shelf->bytes);
    *shelf = (struct shelf){.directory = shelf->directory};
}
