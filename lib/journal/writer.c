#include "journal/writer.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The buffer is written, if not brought to the disk, when it holds so much. */
static const size_t most_buffered = (size_t)4 << 20;

static rp_status give_up(struct journal_writer *writer, const char *what, const char *why)
{
    rpi_error_set(&writer->error, RP_ERR_IO, "the journal cannot be %s: %s", what, why);
    if (writer->file >= 0)
        close(writer->file);
    writer->file = -1;
    free(writer->buffer);
    writer->buffer = NULL;
    writer->used = writer->capacity = 0;
    return writer->error.status;
}

static bool reserve(struct journal_writer *writer, size_t bytes)
{
    if (bytes <= writer->capacity - writer->used)
        return true;
    size_t capacity =
        writer->used + bytes > 2 * writer->capacity ? writer->used + bytes : 2 * writer->capacity;
    unsigned char *buffer = realloc(writer->buffer, capacity);
    if (buffer == NULL)
        return false;
    writer->buffer = buffer;
    writer->capacity = capacity;
    return true;
}

static rp_status write_out(struct journal_writer *writer)
{
    for (size_t done = 0; done < writer->used;) {
        ssize_t count = write(writer->file, writer->buffer + done, writer->used - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return give_up(writer, "written", strerror(errno));
        done += (size_t)count;
    }
    writer->bytes += (int64_t)writer->used;
    writer->used = 0;
    return RP_OK;
}

rp_status rpi_journal_begin(struct journal_writer *writer, const char *path,
                            const struct journal_head *head, double now)
{
    *writer = (struct journal_writer){.seed = head->seed, .flushed = now};
    rpi_error_clear(&writer->error);
    writer->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (writer->file < 0)
        return give_up(writer, "created", strerror(errno));
    if (!reserve(writer, JOURNAL_HEAD_BYTES))
        return give_up(writer, "written", "no memory");
    rpi_journal_write_head(head, writer->buffer);
    writer->used = JOURNAL_HEAD_BYTES;
    return write_out(writer);
}

rp_status rpi_journal_add(struct journal_writer *writer, const struct journal_entry *entry)
{
    if (writer->file < 0)
        return writer->error.status;
    size_t bytes = JOURNAL_HEAD_BYTES + entry->bytes;
    if (writer->used > 0 && writer->used + bytes > most_buffered && write_out(writer) != RP_OK)
        return writer->error.status;
    if (!reserve(writer, bytes))
        return give_up(writer, "written", "no memory");
    rpi_journal_write_entry(entry, writer->seed, writer->buffer + writer->used);
    if (entry->bytes > 0)
        memcpy(writer->buffer + writer->used + JOURNAL_HEAD_BYTES, entry->payload, entry->bytes);
    writer->used += bytes;
    writer->entries++;
    return RP_OK;
}

bool rpi_journal_due(const struct journal_writer *writer, double now)
{
    const double between_failures = 86400, least = 1, most = 60, share = 0.01;
    double best = sqrt(2 * writer->cost * between_failures);
    double interval = fmax(fmin(fmax(best, least), most), writer->cost / share);
    return writer->file >= 0 && now - writer->flushed >= interval;
}

rp_status rpi_journal_flush(struct journal_writer *writer)
{
    if (writer->file < 0)
        return writer->error.status;
    double begun = rpi_clock_seconds();
    if (write_out(writer) != RP_OK)
        return writer->error.status;
    if (fdatasync(writer->file) != 0 && errno != EINVAL && errno != EROFS)
        return give_up(writer, "written", strerror(errno));
    writer->flushed = rpi_clock_seconds();
    double took = writer->flushed - begun;
    writer->cost = writer->cost > 0 ? (writer->cost + took) / 2 : took;
    return RP_OK;
}

rp_status rpi_journal_end(struct journal_writer *writer)
{
    rp_status status = rpi_journal_flush(writer);
    if (writer->file >= 0)
        close(writer->file);
    writer->file = -1;
    free(writer->buffer);
    writer->buffer = NULL;
    return status;
}
