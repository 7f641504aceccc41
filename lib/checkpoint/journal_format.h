/* The format of a journal file: a head, then entries, each with finished items of a job and their
 * results.
 *
 * Checksums are XXH3 (xxHash), seeded with a number of the file's own, so that bytes inside a
 * payload that look like an entry do not pass for one. Numbers have the byte order of the machine
 * that wrote them; a machine with another byte order rejects the head. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_FORMAT_H
#define RANKPOOL_CHECKPOINT_JOURNAL_FORMAT_H

#include "rankpool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    JOURNAL_HEAD_BYTES = 64, /* size of the file head, and of an entry without its payload */
    JOURNAL_VERSION = 1
};

struct journal_head {
    uint64_t seed;        /* of the checksums in this file */
    uint64_t fingerprint; /* of the executable and its arguments */
};

enum journal_kind {
    JOURNAL_FORM = 1, /* form of the job; payload: struct job_form, below */
    JOURNAL_ITEMS,    /* results of a map, contiguous */
    JOURNAL_RANGE,    /* what the program saves for a range of a loop */
    JOURNAL_LEAVES,   /* a partial result of a reduction; begin and end are items */
    JOURNAL_RESULT,   /* result of an item of a stream */
    JOURNAL_STATE     /* state of a worklist; end: 1 + its number */
};

struct journal_entry {
    int64_t job;        /* its number in the program */
    int64_t begin, end; /* items */
    uint32_t kind;      /* enum journal_kind */
    uint32_t attempt;   /* reserved: stored, 0, and used by nothing */
    size_t bytes;       /* of the payload */
    const void *payload;
    size_t offset; /* of the entry in its file; set by rpi_journal_read() and rpi_journal_scan() */
};

/* Composes the path of a journal. False: it is too long. */
bool rpi_journal_name(const char *directory, int64_t run, int rank, char *path, size_t size);

/* Encodes the head of a file. */
void rpi_journal_write_head(const struct journal_head *head, unsigned char *bytes);

/* False: not a head, or of another version or byte order. */
bool rpi_journal_read_head(const unsigned char *bytes, size_t count, struct journal_head *head);

/* Encodes an entry without its payload; checksums include the payload. */
void rpi_journal_write_entry(const struct journal_entry *entry, uint64_t seed,
                             unsigned char *bytes);

enum journal_finding {
    JOURNAL_ENTRY,
    JOURNAL_CORRUPT, /* an entry whose payload does not match its checksum */
    JOURNAL_TORN,    /* an entry that continues behind these bytes */
    JOURNAL_NOTHING  /* no entry begins here */
};

/* Decodes the entry at `bytes`. JOURNAL_ENTRY: *entry is complete. JOURNAL_CORRUPT, and
 * JOURNAL_TORN if count >= JOURNAL_HEAD_BYTES: it is complete but for the payload pointer. */
enum journal_finding rpi_journal_read_entry(const unsigned char *bytes, size_t count, uint64_t seed,
                                            struct journal_entry *entry);

/* Returns the first offset at which an entry may begin; `count`: none. */
size_t rpi_journal_find_entry(const unsigned char *bytes, size_t count);

/* The form of a job: what distinguishes it from other jobs, and which journal entries it can have.
 * Stored in journals and compared byte by byte, so it has no padding and no pointers. */
struct job_form {
    int64_t kind; /* of the entries of its items: enum journal_kind */
    int64_t n;
    int64_t in_bytes, out_bytes; /* size of an input item, of a result */
    int64_t leaf;  /* items per leaf of a reduction; 4 * bytes of a worklist's witness + its goal */
    uint64_t seed; /* of random numbers */
    uint64_t inputs; /* fingerprint of the array `in`, or of the seeds */
};

/* Can a job of this form have an entry of this kind and payload size for these items? A valid
 * checksum does not prove that Rankpool wrote an entry, so all code that uses payloads relies on
 * this check. */
bool rpi_form_admits(const struct job_form *form, uint32_t kind, rp_range items, uint64_t bytes);

#endif
