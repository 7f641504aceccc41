/* Reads journals, damaged ones too. Scanning a file passes each intact entry to a callback, and
 * counts and skips everything else. The payload cache fetches payloads of entries in the index. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_READER_H
#define RANKPOOL_CHECKPOINT_JOURNAL_READER_H

#include "base/buffer.h"
#include "checkpoint/journal_index.h"

/* Callback for an entry. Its payload is valid during the call, and need not be aligned. */
typedef void (*journal_take)(const struct journal_entry *entry, void *closure);

struct journal_report {
    struct journal_head head;
    int64_t entries;   /* intact entries */
    int64_t corrupt;   /* corrupt places */
    size_t good_bytes; /* up to the end of the last intact entry */
    size_t tail_bytes; /* behind that: mostly an entry torn when the process ended */
};

/* Scans a journal in memory. False: it has no valid head. */
bool rpi_journal_scan(const unsigned char *bytes, size_t count, journal_take take, void *closure,
                      struct journal_report *report);

/* Scans a file. RP_ERR_IO: it cannot be read, or has no valid head. */
rp_status rpi_journal_read(const char *path, journal_take take, void *closure,
                           struct journal_report *report, rp_error *error);

/* The file that was read last, and its entry. To initialize, set `directory` and zero the rest. */
struct payload_cache {
    const char *directory;
    bool open;
    int file;
    int64_t run; /* of the file */
    int32_t rank;
    uint64_t seed;
    rp_buffer bytes;           /* of the entry */
    const struct saved *entry; /* or NULL */
};

/* Returns the payload of an entry, valid until the next call. NULL: the file has changed since the
 * index was read, so the items must be computed. */
const unsigned char *rpi_payload_cache_fetch(struct payload_cache *payload_cache,
                                             const struct saved *entry);

void rpi_payload_cache_close(struct payload_cache *payload_cache);

#endif
