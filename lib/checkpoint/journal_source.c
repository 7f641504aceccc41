#include "checkpoint/journal_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t min_window = (size_t)1 << 20;

int rpi_journal_open(const char *path)
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return -1;
    int code = fstat(file, &about) != 0      ? errno
               : S_ISDIR(about.st_mode)      ? EISDIR
               : S_ISREG(about.st_mode) == 0 ? EINVAL
                                             : 0;
    if (code == 0)
        return file;
    close(file);
    errno = code;
    return -1;
}

size_t rpi_journal_read_at(int file, void *bytes, size_t count, uint64_t offset)
{
    size_t done = 0;
    while (done < count) {
        ssize_t got = pread(file, (char *)bytes + done, count - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

/* Limits the window to half of the physical memory: a larger entry cannot have been written, but a
 * crafted one in a sparse file could fill the memory with zeros. */
static unsigned char *source_reserve(struct journal_source *source, size_t bytes)
{
    size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    return bytes <= memory / 2 ? rp_buffer_resize(&source->buffer, bytes) : NULL;
}

static bool source_move(struct journal_source *source, size_t offset, size_t wanted)
{
    size_t left = source->size - offset, bytes = wanted > min_window ? wanted : min_window;
    bytes = bytes < left ? bytes : left;
    source->count = 0;
    unsigned char *buffer = source->file >= 0 ? source_reserve(source, bytes) : NULL;
    if (buffer == NULL)
        return false;
    source->window = buffer;
    source->begin = offset;
    source->count = rpi_journal_read_at(source->file, buffer, bytes, offset);
    return source->count >= wanted;
}

const unsigned char *rpi_source_view(struct journal_source *source, size_t offset, size_t wanted,
                                     size_t *count)
{
    size_t end = source->begin + source->count;
    bool there = offset >= source->begin && offset <= end && end - offset >= wanted;
    if (!there && !source_move(source, offset, wanted))
        return NULL;
    *count = source->begin + source->count - offset;
    return source->window + (offset - source->begin);
}

size_t rpi_source_skip_hole(const struct journal_source *source, size_t offset)
{
    off_t data = source->file >= 0 ? lseek(source->file, (off_t)offset, SEEK_DATA) : (off_t)offset;
    if (data < 0)
        return errno == ENXIO ? source->size : offset;
    return (size_t)data < source->size ? (size_t)data : source->size;
}
