/* The form of a journal file: a head, then entries one behind the other, each some finished items
 * of a job and what came of them.
 *
 * Checksums are XXH3 (xxHash), seeded with a number that the file has for itself: what looks like
 * an entry inside the results of a program is none. Numbers are in the order of bytes of the
 * machine that wrote them; on another kind of machine the head is not recognized. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_FORMAT_H
#define RANKPOOL_CHECKPOINT_JOURNAL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    JOURNAL_HEAD_BYTES = 64, /* of a file, and of an entry before its payload */
    JOURNAL_VERSION = 1
};

/* What the head of a file says. */
struct journal_head {
    uint64_t seed;        /* of the checksums in this file */
    uint64_t fingerprint; /* of the program and its arguments */
};

/* What an entry is about. */
enum journal_kind {
    JOURNAL_FORM =
        1, /* what the job is; the payload is a struct job_form (checkpoint/journal_check.h) */
    JOURNAL_ITEMS,  /* results of a map, one after the other */
    JOURNAL_RANGE,  /* what a loop's program keeps of a range of items */
    JOURNAL_LEAVES, /* a partial result of a reduction; begin and end count leaves */
    JOURNAL_RESULT  /* of an item of a stream */
};

struct journal_entry {
    int64_t job;        /* its number in the program */
    int64_t begin, end; /* items */
    uint32_t kind, attempt;
    size_t bytes; /* of the payload */
    const void *payload;
    size_t offset; /* where the entry stands in its file; set by the reader of files */
};

/* The name of a journal. False: it is too long. */
bool rpi_journal_name(const char *directory, int64_t run, int rank, char *path, size_t size);

void rpi_journal_write_head(const struct journal_head *head, unsigned char *bytes);

/* False: this is no head, or not one of this version and kind of machine. */
bool rpi_journal_read_head(const unsigned char *bytes, size_t count, struct journal_head *head);

/* What stands before the payload. */
void rpi_journal_write_entry(const struct journal_entry *entry, uint64_t seed,
                             unsigned char *bytes);

/* What the bytes at some place of a file are. */
enum journal_finding {
    JOURNAL_ENTRY,
    JOURNAL_SPOILT, /* an entry whose payload is not what was written */
    JOURNAL_TORN,   /* an entry that goes on behind these bytes */
    JOURNAL_NOTHING /* no entry begins here */
};

/* `entry` has its payload with JOURNAL_ENTRY, and all but that with JOURNAL_SPOILT, and with
 * JOURNAL_TORN if count >= JOURNAL_HEAD_BYTES. */
enum journal_finding rpi_journal_read_entry(const unsigned char *bytes, size_t count, uint64_t seed,
                                            struct journal_entry *entry);

/* The first place at which an entry may begin; `count`: there is none. */
size_t rpi_journal_find_entry(const unsigned char *bytes, size_t count);

#endif
