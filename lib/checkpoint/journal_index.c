#include "checkpoint/journal_index.h"

#include "base/error.h"
#include "checkpoint/journal_reader.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_RUNS = 999999999 /* a larger number in the name of a file is not one of ours */
};

/* Is this the name of a journal, written as rpi_journal_name() writes it? */
static bool is_journal(const char *name, int64_t *run, int *rank)
{
    char again[NAME_MAX + 3];
    return sscanf(name, "journal.%9" SCNd64 ".%9d", run, rank) == 2 && *run > 0 &&
           *run <= MOST_RUNS && *rank >= 0 &&
           rpi_journal_name(".", *run, *rank, again, sizeof again) && strcmp(again + 2, name) == 0;
}

/* ---- lists that grow ------------------------------------------------------------------------- */

static bool grow(void **list, int64_t count, int64_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    int64_t wanted = *capacity > 0 ? 2 * *capacity : 64;
    void *grown = realloc(*list, (size_t)wanted * size);
    if (grown == NULL)
        return false;
    *list = grown;
    *capacity = wanted;
    return true;
}

/* While journals are read. */
struct reading {
    struct journal_index *journal_index;
    int64_t capacity, form_capacity;
    int64_t run;
    int rank;
    bool short_of_memory;
};

static void note_form(struct reading *reading, const struct journal_entry *entry)
{
    struct journal_index *journal_index = reading->journal_index;
    struct saved_form form = {.job = entry->job, .run = reading->run};
    if (entry->bytes != sizeof form.form)
        return;
    memcpy(&form.form, entry->payload, sizeof form.form);
    if (grow((void **)&journal_index->forms, journal_index->form_count, &reading->form_capacity,
             sizeof form))
        journal_index->forms[journal_index->form_count++] = form;
    else
        reading->short_of_memory = true;
}

static void note_entry(struct reading *reading, const struct journal_entry *entry)
{
    struct journal_index *journal_index = reading->journal_index;
    struct saved saved = {.job = entry->job,
                          .begin = entry->begin,
                          .end = entry->end,
                          .first = entry->begin,
                          .run = reading->run,
                          .rank = reading->rank,
                          .kind = entry->kind,
                          .offset = entry->offset,
                          .bytes = entry->bytes};
    if (grow((void **)&journal_index->entries, journal_index->count, &reading->capacity,
             sizeof saved))
        journal_index->entries[journal_index->count++] = saved;
    else
        reading->short_of_memory = true;
}

static void take(const struct journal_entry *entry, void *closure)
{
    if (entry->kind == JOURNAL_FORM)
        note_form(closure, entry);
    else
        note_entry(closure, entry);
}

/* ---- putting in order ------------------------------------------------------------------------ */

/* By job; the last run first. */
static int by_job_and_run(const void *left, const void *right)
{
    const struct saved_form *a = left, *b = right;
    if (a->job != b->job)
        return a->job < b->job ? -1 : 1;
    return (a->run < b->run) - (a->run > b->run);
}

/* By job and first item; of those that begin together the longest first. */
static int by_items(const void *left, const void *right)
{
    const struct saved *a = left, *b = right;
    if (a->job != b->job)
        return a->job < b->job ? -1 : 1;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return (a->end < b->end) - (a->end > b->end);
}

/* Of so many things in order: does the one at a place come before what is looked for? */
typedef bool (*comes_before)(const void *things, int64_t place, int64_t wanted);

/* The first place whose thing does not, which is `count` if all do. */
static int64_t first_not_before(const void *things, int64_t count, comes_before before,
                                int64_t wanted)
{
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (before(things, middle, wanted))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The form that a run gave to a job, or NULL. */
static const struct saved_form *form_of(const struct journal_index *journal_index, int64_t job,
                                        int64_t run)
{
    struct saved_form key = {.job = job, .run = run};
    if (journal_index->form_count == 0)
        return NULL;
    return bsearch(&key, journal_index->forms, (size_t)journal_index->form_count, sizeof key,
                   by_job_and_run);
}

static bool form_before(const void *forms, int64_t place, int64_t job)
{
    return ((const struct saved_form *)forms)[place].job < job;
}

/* What the last run takes a job for. */
static const struct saved_form *last_form(const struct journal_index *journal_index, int64_t job)
{
    int64_t count = journal_index->form_count;
    int64_t place = first_not_before(journal_index->forms, count, form_before, job);
    bool found = place < count && journal_index->forms[place].job == job;
    return found ? &journal_index->forms[place] : NULL;
}

/* Entries count if their run took the job for the same as the last run did. */
static bool is_current(const struct journal_index *journal_index, const struct saved *entry)
{
    const struct saved_form *own = form_of(journal_index, entry->job, entry->run);
    const struct saved_form *last = last_form(journal_index, entry->job);
    return own != NULL && memcmp(&own->form, &last->form, sizeof own->form) == 0;
}

/* Called for entries that count only. */
static bool fits_form(struct journal_index *journal_index, const struct saved *entry)
{
    const struct job_form *form = &last_form(journal_index, entry->job)->form;
    bool fits =
        rpi_form_admits(form, entry->kind, (rp_range){entry->begin, entry->end}, entry->bytes);
    journal_index->refused += !fits;
    return fits;
}

/* Of the results of a map a part can be had; everything else is whole or not at all. Partial
 * results of a reduction lie within each other or apart, and the larger comes first. */
static bool fits_behind(struct saved *entry, const struct saved *before)
{
    if (before == NULL || before->job != entry->job || before->end <= entry->begin)
        return true;
    if (entry->kind != JOURNAL_ITEMS || before->end >= entry->end)
        return false;
    entry->begin = before->end;
    return true;
}

static void put_in_order(struct journal_index *journal_index)
{
    int64_t count = 0;
    if (journal_index->form_count > 0)
        qsort(journal_index->forms, (size_t)journal_index->form_count, sizeof *journal_index->forms,
              by_job_and_run);
    if (journal_index->count > 0)
        qsort(journal_index->entries, (size_t)journal_index->count, sizeof *journal_index->entries,
              by_items);
    for (int64_t i = 0; i < journal_index->count; i++) {
        struct saved *entry = &journal_index->entries[i];
        const struct saved *before = count > 0 ? &journal_index->entries[count - 1] : NULL;
        if (is_current(journal_index, entry) && fits_form(journal_index, entry) &&
            fits_behind(entry, before))
            journal_index->entries[count++] = *entry;
    }
    journal_index->count = count;
}

/* Of each job the form of its last run. */
static void keep_last_forms(struct journal_index *journal_index)
{
    int64_t count = 0;
    for (int64_t i = 0; i < journal_index->form_count; i++) {
        if (count == 0 || journal_index->forms[count - 1].job != journal_index->forms[i].job)
            journal_index->forms[count++] = journal_index->forms[i];
    }
    journal_index->form_count = count;
}

/* ---- the directory --------------------------------------------------------------------------- */

/* Calls `each` for every journal there. False: the directory cannot be read, and errno says why. */
static bool for_each_journal(const char *directory,
                             void (*each)(const char *path, int64_t run, int rank, void *closure),
                             void *closure)
{
    DIR *open = opendir(directory);
    const struct dirent *file;
    char path[PATH_MAX];
    int64_t run;
    int rank;
    if (open == NULL)
        return false;
    while ((file = readdir(open)) != NULL) {
        if (is_journal(file->d_name, &run, &rank) &&
            snprintf(path, sizeof path, "%s/%s", directory, file->d_name) < (int)sizeof path)
            each(path, run, rank, closure);
    }
    closedir(open);
    return true;
}

/* What a journal has to be for its entries to count. */
struct search {
    struct reading reading;
    uint64_t fingerprint;
    bool any;
};

/* Until the whole is read nobody knows whether its head fits, so entries are taken back again. */
static void read_one(const char *path, int64_t run, int rank, void *closure)
{
    struct search *search = closure;
    struct journal_index *journal_index = search->reading.journal_index;
    int64_t entries = journal_index->count, forms = journal_index->form_count;
    struct journal_report report;
    rp_error error;
    search->reading.run = run;
    search->reading.rank = rank;
    if (run > journal_index->last_run)
        journal_index->last_run = run;
    if (rpi_journal_read(path, take, &search->reading, &report, &error) != RP_OK ||
        (!search->any && report.head.fingerprint != search->fingerprint)) {
        journal_index->count = entries;
        journal_index->form_count = forms;
    }
}

rp_status rpi_journal_index_read(struct journal_index *journal_index, const char *directory,
                                 uint64_t fingerprint, bool any, rp_error *error)
{
    struct search search = {{.journal_index = journal_index}, fingerprint, any};
    *journal_index = (struct journal_index){.last_run = 0};
    if (!for_each_journal(directory, read_one, &search) && errno != ENOENT)
        return rpi_error_set(error, RP_ERR_IO, "cannot read '%s': %s", directory, strerror(errno));
    if (search.reading.short_of_memory) {
        rpi_journal_index_free(journal_index);
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for what is kept in '%s'", directory);
    }
    put_in_order(journal_index);
    keep_last_forms(journal_index);
    return RP_OK;
}

void rpi_journal_index_free(struct journal_index *journal_index)
{
    free(journal_index->entries);
    free(journal_index->forms);
    *journal_index = (struct journal_index){.last_run = 0};
}

static bool entry_before(const void *entries, int64_t place, int64_t job)
{
    return ((const struct saved *)entries)[place].job < job;
}

/* The first entry of a job, or of one behind it. */
static int64_t first_of(const struct journal_index *journal_index, int64_t job)
{
    return first_not_before(journal_index->entries, journal_index->count, entry_before, job);
}

const struct saved *rpi_journal_index_job(const struct journal_index *journal_index, int64_t job,
                                          int64_t *count)
{
    int64_t first = first_of(journal_index, job);
    *count = first_of(journal_index, job + 1) - first;
    return *count > 0 ? &journal_index->entries[first] : NULL;
}

static bool ends_before(const void *entries, int64_t place, int64_t item)
{
    return ((const struct saved *)entries)[place].end <= item;
}

int64_t rpi_saved_at(const struct saved *entries, int64_t count, int64_t item)
{
    return first_not_before(entries, count, ends_before, item);
}

const struct job_form *rpi_journal_index_form(const struct journal_index *journal_index,
                                              int64_t job)
{
    const struct saved_form *found = last_form(journal_index, job);
    return found != NULL ? &found->form : NULL;
}

static void remove_one(const char *path, int64_t run, int rank, void *closure)
{
    (void)run;
    (void)rank;
    (void)closure;
    unlink(path);
}

void rpi_journals_remove(const char *directory)
{
    for_each_journal(directory, remove_one, NULL);
}
