/* Fetching what is kept: payloads, from the journals that the journal index names. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_PAYLOAD_H
#define RANKPOOL_CHECKPOINT_JOURNAL_PAYLOAD_H

#include "checkpoint/journal_index.h"

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
