/* Fetching what is kept: payloads, from the journals that the catalogue names. */
#ifndef RANKPOOL_JOURNAL_SHELF_H
#define RANKPOOL_JOURNAL_SHELF_H

#include "journal/catalogue.h"

/* The journal that was read from last, and its entry. Zero but for the directory: none. */
struct shelf {
    const char *directory;
    bool open;
    int file;
    int64_t run; /* of the file */
    int32_t rank;
    uint64_t seed;
    unsigned char *bytes; /* of the entry; owned */
    size_t capacity;
    const struct kept *entry; /* or NULL */
};

/* The payload of an entry, until the next call. NULL: it is not there any more as it was written;
 * then the work is to be done again. */
const unsigned char *rpi_shelf_fetch(struct shelf *shelf, const struct kept *entry);

void rpi_shelf_close(struct shelf *shelf);

#endif
