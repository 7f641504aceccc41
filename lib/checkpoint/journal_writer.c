#include "checkpoint/journal_writer.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The buffer is written when it reaches this size, whatever the time. */
static const size_t max_buffered = (size_t)4 << 20;

/* Bounds in seconds for the intervals between writes and between syncs. */
static const double min_write = 0.25, max_write = 10, min_sync = 1, max_sync = 60;

static rp_status journal_give_up(struct journal_writer *writer, const char *what, const char *why)
{
    rpi_error_set(&writer->error, RP_ERR_IO, "the journal cannot be %s: %s", what, why);
    if (writer->file >= 0)
        close(writer->file);
    writer->file = -1;
    rpi_buffer_free(&writer->buffer);
    writer->write.next = writer->sync.next = INFINITY;
    return writer->error.status;
}

void rpi_journal_schedule(struct journal_interval *interval, double cost, double now, double least,
                          double most)
{
    const double between_failures = 86400, share = 0.005;
    interval->cost = interval->cost > 0 ? (interval->cost + cost) / 2 : cost;
    double best = sqrt(2 * interval->cost * between_failures);
    interval->next = now + fmax(fmin(fmax(best, least), most), interval->cost / share);
}

void rpi_journal_schedule_write(struct journal_interval *interval, double cost, double now)
{
    rpi_journal_schedule(interval, cost, now, min_write, max_write);
}

void rpi_journal_schedule_sync(struct journal_interval *interval, double cost, double now)
{
    rpi_journal_schedule(interval, cost, now, min_sync, max_sync);
}

/* Makes room for more bytes at the end of the buffer, and returns it. NULL: no memory. */
static unsigned char *journal_extend(struct journal_writer *writer, size_t bytes)
{
    size_t used = writer->buffer.size;
    unsigned char *data = rp_buffer_resize(&writer->buffer, used + bytes);
    return data != NULL ? data + used : NULL;
}

static rp_status journal_write_out(struct journal_writer *writer)
{
    int code = rpi_write_all(writer->file, writer->buffer.data, writer->buffer.size);
    if (code != 0)
        return journal_give_up(writer, "written", strerror(code));
    writer->bytes += (int64_t)writer->buffer.size;
    writer->buffer.size = 0;
    return RP_OK;
}

struct journal_writer rpi_journal_idle(double interval, double now)
{
    struct journal_writer writer = {.file = -1, .interval = interval};
    writer.write.next = now + (interval > 0 ? interval : min_write);
    writer.sync.next = now + min_sync;
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
        return journal_give_up(writer, "created", strerror(errno));
    unsigned char *place = journal_extend(writer, JOURNAL_HEAD_BYTES);
    if (place == NULL)
        return journal_give_up(writer, "written", "no memory");
    rpi_journal_write_head(head, place);
    return journal_write_out(writer);
}

rp_status rpi_journal_add(struct journal_writer *writer, const struct journal_entry *entry)
{
    if (writer->file < 0)
        return writer->error.status;
    size_t bytes = JOURNAL_HEAD_BYTES + entry->bytes;
    if (writer->buffer.size > 0 && writer->buffer.size + bytes > max_buffered &&
        journal_write_out(writer) != RP_OK)
        return writer->error.status;
    unsigned char *place = journal_extend(writer, bytes);
    if (place == NULL)
        return journal_give_up(writer, "written", "no memory");
    rpi_journal_write_entry(entry, writer->seed, place);
    if (entry->bytes > 0)
        memcpy(place + JOURNAL_HEAD_BYTES, entry->payload, entry->bytes);
    return RP_OK;
}

static rp_status journal_sync(struct journal_writer *writer)
{
    double begun = rpi_clock_seconds();
    if (fdatasync(writer->file) != 0 && errno != EINVAL && errno != EROFS)
        return journal_give_up(writer, "written", strerror(errno));
    double now = rpi_clock_seconds();
    rpi_journal_schedule_sync(&writer->sync, now - begun, now);
    return RP_OK;
}

/* Detects that the file was unlinked: writes to it would succeed, but be lost. */
static rp_status journal_check_linked(struct journal_writer *writer)
{
    struct stat about;
    if (fstat(writer->file, &about) == 0 && about.st_nlink == 0)
        return journal_give_up(writer, "written", "the file was removed");
    return RP_OK;
}

rp_status rpi_journal_write(struct journal_writer *writer)
{
    double begun = rpi_clock_seconds();
    if (writer->file < 0 || journal_check_linked(writer) != RP_OK ||
        journal_write_out(writer) != RP_OK)
        return writer->error.status;
    double now = rpi_clock_seconds();
    rpi_journal_schedule_write(&writer->write, now - begun, now);
    if (writer->interval > 0)
        writer->write.next = now + writer->interval;
    return now >= writer->sync.next ? journal_sync(writer) : RP_OK;
}

rp_status rpi_journal_flush(struct journal_writer *writer)
{
    if (writer->file < 0 || journal_write_out(writer) != RP_OK)
        return writer->error.status;
    return journal_sync(writer);
}

rp_status rpi_journal_end(struct journal_writer *writer)
{
    if (writer->file >= 0)
        journal_write_out(writer);
    if (writer->file >= 0)
        close(writer->file);
    writer->file = -1;
    writer->write.next = writer->sync.next = INFINITY;
    rpi_buffer_free(&writer->buffer);
    return writer->error.status;
}
