#include "checkpoint/journal_payload.h"

#include "checkpoint/journal_source.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static void close_file(struct payload_cache *payload_cache)
{
    if (payload_cache->open)
        close(payload_cache->file);
    payload_cache->open = false;
}

static bool open_file(struct payload_cache *payload_cache, const struct saved *entry)
{
    char path[PATH_MAX];
    unsigned char bytes[JOURNAL_HEAD_BYTES];
    struct journal_head head;
    if (payload_cache->open && payload_cache->run == entry->run &&
        payload_cache->rank == entry->rank)
        return true;
    close_file(payload_cache);
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
    close_file(payload_cache);
    return false;
}

static bool reserve(struct payload_cache *payload_cache, size_t bytes)
{
    if (bytes <= payload_cache->capacity)
        return true;
    unsigned char *grown = realloc(payload_cache->bytes, bytes);
    if (grown == NULL)
        return false;
    payload_cache->bytes = grown;
    payload_cache->capacity = bytes;
    return true;
}

/* Files change, and so do disks: what is used is checked when it is used. */
static bool is_as_written(const struct payload_cache *payload_cache, const struct saved *entry,
                          size_t bytes)
{
    struct journal_entry read;
    return rpi_journal_read_entry(payload_cache->bytes, bytes, payload_cache->seed, &read) ==
               JOURNAL_ENTRY &&
           read.job == entry->job && read.begin == entry->first && read.end == entry->end &&
           read.kind == entry->kind && read.bytes == entry->bytes;
}

const unsigned char *rpi_payload_cache_fetch(struct payload_cache *payload_cache,
                                             const struct saved *entry)
{
    size_t bytes = JOURNAL_HEAD_BYTES + entry->bytes;
    if (payload_cache->entry == entry)
        return payload_cache->bytes + JOURNAL_HEAD_BYTES;
    payload_cache->entry = NULL;
    if (!open_file(payload_cache, entry) || !reserve(payload_cache, bytes) ||
        rpi_journal_read_at(payload_cache->file, payload_cache->bytes, bytes, entry->offset) !=
            bytes ||
        !is_as_written(payload_cache, entry, bytes))
        return NULL;
    payload_cache->entry = entry;
    return payload_cache->bytes + JOURNAL_HEAD_BYTES;
}

void rpi_payload_cache_close(struct payload_cache *payload_cache)
{
    close_file(payload_cache);
    free(payload_cache->bytes);
    *payload_cache = (struct payload_cache){.directory = payload_cache->directory};
}
