/* The journal index: what the journals in a directory hold, of all ranks and of all runs of a program,
 * in the order of its jobs and of their items. A run is one start of the program; each rank of a
 * run has a journal. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_INDEX_H
#define RANKPOOL_CHECKPOINT_JOURNAL_INDEX_H

#include "checkpoint/journal_check.h"
#include "checkpoint/journal_format.h"

/* An entry, and where it is. */
struct saved {
    int64_t job;
    int64_t begin, end; /* items; of entries that overlap each has its own part */
    int64_t first;      /* item of which the payload begins */
    int64_t run;
    int32_t rank;
    uint32_t kind;
    uint64_t offset; /* of the entry in its file */
    uint64_t bytes;  /* of the payload */
};

/* A job that was begun, as its last run saw it. */
struct saved_form {
    int64_t job, run;
    struct job_form form;
};

struct journal_index {
    struct saved *entries; /* by job, and then by items; none overlaps another; owned */
    int64_t count;
    struct saved_form *forms; /* by job; owned */
    int64_t form_count;
    int64_t last_run; /* the highest number that a journal has; 0: there is none */
    int64_t refused;  /* entries that do not fit the form of their job: left out */
};

/* Reads all journals of a directory that have this fingerprint; with `any` those of others, too. A
 * directory that is not there has none. Files that are no journal are passed over. */
rp_status rpi_journal_index_read(struct journal_index *journal_index, const char *directory,
                                 uint64_t fingerprint, bool any, rp_error *error);

void rpi_journal_index_free(struct journal_index *journal_index);

/* The entries of a job; *count may be 0. */
const struct saved *rpi_journal_index_job(const struct journal_index *journal_index, int64_t job,
                                          int64_t *count);

/* Of the entries of a job, the place of the first that ends behind an item; `count` if there is
 * none. */
int64_t rpi_saved_at(const struct saved *entries, int64_t count, int64_t item);

/* The form of a job, or NULL: it was never begun. */
const struct job_form *rpi_journal_index_form(const struct journal_index *journal_index,
                                              int64_t job);

/* Removes all journals of a directory. */
void rpi_journals_remove(const char *directory);

#endif
