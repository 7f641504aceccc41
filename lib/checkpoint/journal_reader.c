#include "checkpoint/journal_reader.h"

#include "base/error.h"
#include "checkpoint/journal_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What stands at an offset. What cannot be read is as good as spoilt. */
static enum journal_finding find_at(struct journal_source *source, size_t at, uint64_t seed,
                                    struct journal_entry *entry)
{
    size_t left = source->size - at, count;
    size_t head = left < JOURNAL_HEAD_BYTES ? left : JOURNAL_HEAD_BYTES;
    const unsigned char *bytes = rpi_source_view(source, at, head, &count);
    if (bytes == NULL)
        return JOURNAL_NOTHING;
    enum journal_finding finding = rpi_journal_read_entry(bytes, count, seed, entry);
    if (finding != JOURNAL_TORN || count == left || entry->bytes > left - JOURNAL_HEAD_BYTES)
        return finding;
    bytes = rpi_source_view(source, at, JOURNAL_HEAD_BYTES + entry->bytes, &count);
    return bytes != NULL ? rpi_journal_read_entry(bytes, count, seed, entry) : JOURNAL_SPOILT;
}

/* The next place behind `at` at which an entry may begin, or the size. Without this, a large file
 * of zeros would take hours. */
static size_t next_place(struct journal_source *source, size_t at)
{
    const size_t overlap = 7, block = 4096; /* a mark less a byte; what a disk loses at once */
    for (at++; at < source->size;) {
        size_t count, left = source->size - at;
        size_t wanted = left < overlap + 1 ? left : overlap + 1;
        const unsigned char *bytes = rpi_source_view(source, at, wanted, &count);
        if (bytes == NULL) {
            at += block - at % block;
            continue;
        }
        size_t place = rpi_journal_find_entry(bytes, count);
        if (place < count)
            return at + place;
        at += count == left ? count : count - overlap;
        at = at < source->size ? rpi_source_skip_hole(source, at) : at;
    }
    return source->size;
}

static void scan_entries(struct journal_source *source, journal_take take, void *closure,
                         struct journal_report *report)
{
    bool lost = false; /* looking for the next entry */
    for (size_t at = JOURNAL_HEAD_BYTES; at < source->size;) {
        struct journal_entry entry;
        enum journal_finding finding = find_at(source, at, report->head.seed, &entry);
        entry.offset = at;
        if (finding == JOURNAL_ENTRY || finding == JOURNAL_SPOILT) {
            at += JOURNAL_HEAD_BYTES + entry.bytes;
            lost = false;
        }
        if (finding == JOURNAL_ENTRY) {
            take(&entry, closure);
            report->entries++;
            report->good_bytes = at;
        } else if (finding == JOURNAL_SPOILT) {
            report->spoilt++;
        } else {
            report->spoilt += !lost && finding == JOURNAL_NOTHING;
            lost = true;
            at = next_place(source, at);
        }
    }
    report->behind_bytes = source->size - report->good_bytes;
}

static bool scan(struct journal_source *source, journal_take take, void *closure,
                 struct journal_report *report)
{
    size_t count;
    *report = (struct journal_report){.good_bytes = JOURNAL_HEAD_BYTES};
    const unsigned char *bytes = source->size >= JOURNAL_HEAD_BYTES
                                     ? rpi_source_view(source, 0, JOURNAL_HEAD_BYTES, &count)
                                     : NULL;
    if (bytes == NULL || !rpi_journal_read_head(bytes, count, &report->head))
        return false;
    scan_entries(source, take, closure, report);
    return true;
}

bool rpi_journal_scan(const unsigned char *bytes, size_t count, journal_take take, void *closure,
                      struct journal_report *report)
{
    struct journal_source source = {.file = -1, .size = count, .window = bytes, .count = count};
    return scan(&source, take, closure, report);
}

static rp_status refuse(rp_error *error, const char *path, const char *why)
{
    return rpi_error_set(error, RP_ERR_IO, "the journal %s cannot be read: %s", path, why);
}

rp_status rpi_journal_read(const char *path, journal_take take, void *closure,
                           struct journal_report *report, rp_error *error)
{
    struct stat about;
    struct journal_source source = {.file = rpi_journal_open(path)};
    if (source.file < 0)
        return refuse(error, path, errno == EINVAL ? "it is no file" : strerror(errno));
    bool read = fstat(source.file, &about) == 0;
    source.size = read ? (size_t)about.st_size : 0;
    read = read && scan(&source, take, closure, report);
    free(source.buffer);
    close(source.file);
    return read ? RP_OK : refuse(error, path, "it is none, or one of another version or machine");
}
