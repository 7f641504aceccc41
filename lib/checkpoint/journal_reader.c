#include "checkpoint/journal_reader.h"

#include "base/error.h"
#include "checkpoint/journal_source.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- scanning -------------------------------------------------------------------------------- */

/* Decodes what is at an offset. Treats what cannot be read as corrupt. */
static enum journal_finding journal_find_at(struct journal_source *source, size_t at, uint64_t seed,
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
    return bytes != NULL ? rpi_journal_read_entry(bytes, count, seed, entry) : JOURNAL_CORRUPT;
}

/* Returns the next offset behind `at` at which an entry may begin, or the size. Searches
 * for the mark and skips holes, so that a large file of zeros does not take hours. */
static size_t journal_next_place(struct journal_source *source, size_t at)
{
    const size_t overlap = 7, block = 4096; /* a mark less a byte; unit of disk errors */
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

static void journal_scan_entries(struct journal_source *source, journal_take take, void *closure,
                                 struct journal_report *report)
{
    bool lost = false; /* searching for the next entry */
    for (size_t at = JOURNAL_HEAD_BYTES; at < source->size;) {
        struct journal_entry entry;
        enum journal_finding finding = journal_find_at(source, at, report->head.seed, &entry);
        entry.offset = at;
        if (finding == JOURNAL_ENTRY || finding == JOURNAL_CORRUPT) {
            at += JOURNAL_HEAD_BYTES + entry.bytes;
            lost = false;
        }
        if (finding == JOURNAL_ENTRY) {
            take(&entry, closure);
            report->entries++;
            report->good_bytes = at;
        } else if (finding == JOURNAL_CORRUPT) {
            report->corrupt++;
        } else {
            report->corrupt += !lost && finding == JOURNAL_NOTHING;
            lost = true;
            at = journal_next_place(source, at);
        }
    }
    report->tail_bytes = source->size - report->good_bytes;
}

static bool journal_scan(struct journal_source *source, journal_take take, void *closure,
                         struct journal_report *report)
{
    size_t count;
    *report = (struct journal_report){.good_bytes = JOURNAL_HEAD_BYTES};
    const unsigned char *bytes = source->size >= JOURNAL_HEAD_BYTES
                                     ? rpi_source_view(source, 0, JOURNAL_HEAD_BYTES, &count)
                                     : NULL;
    if (bytes == NULL || !rpi_journal_read_head(bytes, count, &report->head))
        return false;
    journal_scan_entries(source, take, closure, report);
    return true;
}

bool rpi_journal_scan(const unsigned char *bytes, size_t count, journal_take take, void *closure,
                      struct journal_report *report)
{
    struct journal_source source = {.file = -1, .size = count, .window = bytes, .count = count};
    return journal_scan(&source, take, closure, report);
}

static rp_status journal_refuse(rp_error *error, const char *path, const char *why)
{
    return rpi_error_set(error, RP_ERR_IO, "the journal %s cannot be read: %s", path, why);
}

rp_status rpi_journal_read(const char *path, journal_take take, void *closure,
                           struct journal_report *report, rp_error *error)
{
    struct stat about;
    struct journal_source source = {.file = rpi_journal_open(path)};
    if (source.file < 0)
        return journal_refuse(error, path,
                              errno == EINVAL ? "not a regular file" : strerror(errno));
    bool read = fstat(source.file, &about) == 0;
    source.size = read ? (size_t)about.st_size : 0;
    read = read && journal_scan(&source, take, closure, report);
    rpi_buffer_free(&source.buffer);
    close(source.file);
    return read ? RP_OK
                : journal_refuse(error, path, "not a journal, or of another version or byte order");
}

/* ---- payloads -------------------------------------------------------------------------------- */

static void payload_close(struct payload_cache *payload_cache)
{
    if (payload_cache->open)
        close(payload_cache->file);
    payload_cache->open = false;
}

static bool payload_open(struct payload_cache *payload_cache, const struct saved *entry)
{
    char path[PATH_MAX];
    unsigned char bytes[JOURNAL_HEAD_BYTES];
    struct journal_head head;
    if (payload_cache->open && payload_cache->run == entry->run &&
        payload_cache->rank == entry->rank)
        return true;
    payload_close(payload_cache);
    if (!rpi_journal_name(payload_cache->directory, entry->run, entry->rank, path, sizeof path))
        return false;
    payload_cache->file = rpi_journal_open(path);
    if (payload_cache->file < 0)
        return false;
    payload_cache->open = true;
    payload_cache->run = entry->run;
    payload_cache->rank = entry->rank;
    if (rpi_journal_read_at(payload_cache->file, bytes, sizeof bytes, 0) == sizeof bytes &&
        rpi_journal_read_head(bytes, sizeof bytes, &head)) {
        payload_cache->seed = head.seed;
        return true;
    }
    payload_close(payload_cache);
    return false;
}

/* Payloads are checked again when they are used: the file or the disk may have changed. */
static bool payload_is_intact(const unsigned char *bytes, size_t count, uint64_t seed,
                              const struct saved *entry)
{
    struct journal_entry read;
    return rpi_journal_read_entry(bytes, count, seed, &read) == JOURNAL_ENTRY &&
           read.job == entry->job && read.begin == entry->first && read.end == entry->end &&
           read.kind == entry->kind && read.bytes == entry->bytes;
}

const unsigned char *rpi_payload_cache_fetch(struct payload_cache *payload_cache,
                                             const struct saved *entry)
{
    size_t count = JOURNAL_HEAD_BYTES + entry->bytes;
    if (payload_cache->entry != entry) {
        payload_cache->entry = NULL;
        unsigned char *bytes = payload_open(payload_cache, entry)
                                   ? rp_buffer_resize(&payload_cache->bytes, count)
                                   : NULL;
        if (bytes == NULL ||
            rpi_journal_read_at(payload_cache->file, bytes, count, entry->offset) != count ||
            !payload_is_intact(bytes, count, payload_cache->seed, entry))
            return NULL;
        payload_cache->entry = entry;
    }
    return (const unsigned char *)payload_cache->bytes.data + JOURNAL_HEAD_BYTES;
}

void rpi_payload_cache_close(struct payload_cache *payload_cache)
{
    payload_close(payload_cache);
    rpi_buffer_free(&payload_cache->bytes);
    *payload_cache = (struct payload_cache){.directory = payload_cache->directory};
}
