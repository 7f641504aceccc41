/* Reading a journal file, whatever became of it: entries that are whole are handed over, everything
 * else is counted and left out. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_READER_H
#define RANKPOOL_CHECKPOINT_JOURNAL_READER_H

#include "checkpoint/journal_index.h"
#include "rankpool.h"

/* Takes an entry. Its payload is there during the call, and need not be aligned. */
typedef void (*journal_take)(const struct journal_entry *entry, void *closure);

/* What was found in a file. */
struct journal_report {
    struct journal_head head;
    int64_t entries;     /* whole ones */
    int64_t spoilt;      /* places at which something is not as it was written */
    size_t good_bytes;   /* up to the end of the last whole entry */
    size_t behind_bytes; /* behind that: a torn tail, mostly */
};

/* Reads what is in memory. False: it does not begin with a head. */
bool rpi_journal_scan(const unsigned char *bytes, size_t count, journal_take take, void *closure,
                      struct journal_report *report);

/* Reads a file. RP_ERR_IO: it cannot be read, or has no head. */
rp_status rpi_journal_read(const char *path, journal_take take, void *closure,
                           struct journal_report *report, rp_error *error);

/* The journal that was read from last, and its entry. Zero but for the directory: none. */
struct payload_cache {
    const char *directory;
    bool open;
    int file;
    int64_t run; /* of the file */
    int32_t rank;
    uint64_t seed;
    unsigned char *bytes; /* of the entry; owned */
    size_t capacity;
    const struct saved *entry; /* or NULL */
};

/* The payload of an entry, until the next call. NULL: it is not there any more as it was written;
 * then the work is to be done again. */
const unsigned char *rpi_payload_cache_fetch(struct payload_cache *payload_cache,
                                             const struct saved *entry);

void rpi_payload_cache_close(struct payload_cache *payload_cache);

#endif
