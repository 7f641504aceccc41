#include "checkpoint/journal_writer.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The buffer is written when it holds so much, whatever the time. */
static const size_t most_buffered = (size_t)4 << 20;

/* Seconds between two writes, and between two times that all is brought to the disk: at least and
 * at most. */
static const double least_write = 0.25, most_write = 10, least_sync = 1, most_sync = 60;

static rp_status give_up(struct journal_writer *writer, const char *what, const char *why)
{
    rpi_error_set(&writer->error, RP_ERR_IO, "the journal cannot be %s: %s", what, why);
    if (writer->file >= 0)
        close(writer->file);
    writer->file = -1;
    free(writer->buffer);
    writer->buffer = NULL;
    writer->used = writer->capacity = 0;
    writer->write.next = writer->sync.next = INFINITY;
    return writer->error.status;
}

void rpi_journal_done(struct journal_interval *poll_interval, double cost, double now, double least,
                      double most)
{
    const double between_failures = 86400, share = 0.005;
    poll_interval->cost = poll_interval->cost > 0 ? (poll_interval->cost + cost) / 2 : cost;
    double best = sqrt(2 * poll_interval->cost * between_failures);
    poll_interval->next = now + fmax(fmin(fmax(best, least), most), poll_interval->cost / share);
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
    int code = rpi_write_all(writer->file, writer->buffer, writer->used);
    if (code != 0)
        return give_up(writer, "written", strerror(code));
    writer->bytes += (int64_t)writer->used;
    writer->used = 0;
    return RP_OK;
}

struct journal_writer rpi_journal_idle(double interval, double now)
{
    struct journal_writer writer = {.file = -1, .interval = interval};
    writer.write.next = now + (interval > 0 ? interval : least_write);
    writer.sync.next = now + least_sync;
    rpi_error_clear(&writer.error);
    return writer;
}

rp_status rpi_journal_begin(struct journal_writer *writer, const char *path,
                            const struct journal_head *head, double interval, double now)
{
    *writer = rpi_journal_idle(interval, now);
    writer->seed = head->seed;
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

static rp_status sync_file(struct journal_writer *writer)
{
    double begun = rpi_clock_seconds();
    if (fdatasync(writer->file) != 0 && errno != EINVAL && errno != EROFS)
        return give_up(writer, "written", strerror(errno));
    double now = rpi_clock_seconds();
    rpi_journal_done(&writer->sync, now - begun, now, least_sync, most_sync);
    return RP_OK;
}

/* Into a file without a name one could write for ever. */
static rp_status check_name(struct journal_writer *writer)
{
    struct stat about;
    if (fstat(writer->file, &about) == 0 && about.st_nlink == 0)
        return give_up(writer, "written", "somebody has removed it");
    return RP_OK;
}

rp_status rpi_journal_write(struct journal_writer *writer)
{
    double begun = rpi_clock_seconds();
    if (writer->file < 0 || check_name(writer) != RP_OK || write_out(writer) != RP_OK)
        return writer->error.status;
    double now = rpi_clock_seconds();
    rpi_journal_done(&writer->write, now - begun, now, least_write, most_write);
    if (writer->interval > 0)
        writer->write.next = now + writer->interval;
    return now >= writer->sync.next ? sync_file(writer) : RP_OK;
}

rp_status rpi_journal_flush(struct journal_writer *writer)
{
    if (writer->file < 0 || write_out(writer) != RP_OK)
        return writer->error.status;
    return sync_file(writer);
}

rp_status rpi_journal_end(struct journal_writer *writer)
{
    if (writer->file >= 0)
        write_out(writer);
    if (writer->file >= 0)
        close(writer->file);
    writer->file = -1;
    writer->write.next = writer->sync.next = INFINITY;
    free(writer->buffer);
    writer->buffer = NULL;
    return writer->error.status;
}
