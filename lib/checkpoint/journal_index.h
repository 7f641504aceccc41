/* The journal index: the entries of all journals in a directory, of all ranks and all runs, sorted
 * by job and item. A run is one start of the program; each rank of a run has a journal. */
#ifndef RANKPOOL_CHECKPOINT_JOURNAL_INDEX_H
#define RANKPOOL_CHECKPOINT_JOURNAL_INDEX_H

#include "checkpoint/journal_format.h"

/* An entry and its location. */
struct saved {
    int64_t job;
    int64_t begin, end; /* items, less those of an overlapping entry before */
    int64_t first;      /* first item of the payload */
    int64_t run;
    int32_t rank;
    uint32_t kind;
    uint64_t offset; /* of the entry in its file */
    uint64_t bytes;  /* of the payload */
};

/* The form of a job in a run. */
struct saved_form {
    int64_t job, run;
    struct job_form form;
};

struct journal_index {
    struct saved *entries; /* sorted by job and items, without overlap; owned */
    int64_t count;
    struct saved_form *forms; /* sorted by job, each of its last run; owned */
    int64_t form_count;
    int64_t last_run; /* highest run number of a journal; 0: no journals */
    int64_t refused;  /* entries ignored because they do not match the form of their job */
};

/* Reads all journals in a directory that have this fingerprint; with `any`, all journals. A missing
 * directory has none; files that are not journals are skipped. */
rp_status rpi_journal_index_read(struct journal_index *journal_index, const char *directory,
                                 uint64_t fingerprint, bool any, rp_error *error);

void rpi_journal_index_free(struct journal_index *journal_index);

/* Returns the entries of a job, *count of them, which may be 0. */
const struct saved *rpi_journal_index_job(const struct journal_index *journal_index, int64_t job,
                                          int64_t *count);

/* Removes the entries of a job. */
void rpi_journal_index_forget(struct journal_index *journal_index, int64_t job);

/* Returns the index of the first entry of a job that ends behind `item`; `count`: none does. */
int64_t rpi_saved_at(const struct saved *entries, int64_t count, int64_t item);

/* Returns the form of a job; NULL: no earlier run began it. */
const struct job_form *rpi_journal_index_form(const struct journal_index *journal_index,
                                              int64_t job);

/* Sets *found: are there journals in a directory, intact or not? Opens none of them. */
rp_status rpi_journals_find(const char *directory, bool *found, rp_error *error);

/* Removes all journals in a directory; those of earlier runs with these rank numbers, first <= rank
 * <= last. */
void rpi_journals_remove(const char *directory);
void rpi_journals_remove_earlier(const char *directory, int64_t run, int first, int last);

#endif
