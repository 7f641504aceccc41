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
    MOST_RUNS = 999999999 /* the parser reads nine digits */
};

/* Is this a name that rpi_journal_name() composes? */
static bool is_journal_name(const char *name, int64_t *run, int *rank)
{
    char again[NAME_MAX + 3];
    return sscanf(name, "journal.%9" SCNd64 ".%9d", run, rank) == 2 && *run > 0 &&
           *run <= MOST_RUNS && *rank >= 0 &&
           rpi_journal_name(".", *run, *rank, again, sizeof again) && strcmp(again + 2, name) == 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* State while journals are read. */
struct reading {
    rp_buffer entries, forms; /* as in the index */
    int64_t run;
    int rank;
    bool short_of_memory;
};

static void reading_add_form(struct reading *reading, const struct journal_entry *entry)
{
    struct saved_form form = {.job = entry->job, .run = reading->run};
    if (entry->bytes != sizeof form.form)
        return;
    memcpy(&form.form, entry->payload, sizeof form.form);
    if (rp_buffer_append(&reading->forms, &form, sizeof form) != 0)
        reading->short_of_memory = true;
}

static void reading_add_entry(struct reading *reading, const struct journal_entry *entry)
{
    struct saved saved = {.job = entry->job,
                          .begin = entry->begin,
                          .end = entry->end,
                          .first = entry->begin,
                          .run = reading->run,
                          .rank = reading->rank,
                          .kind = entry->kind,
                          .offset = entry->offset,
                          .bytes = entry->bytes};
    if (rp_buffer_append(&reading->entries, &saved, sizeof saved) != 0)
        reading->short_of_memory = true;
}

static void reading_add(const struct journal_entry *entry, void *closure)
{
    if (entry->kind == JOURNAL_FORM)
        reading_add_form(closure, entry);
    else
        reading_add_entry(closure, entry);
}

/* ---- sorting --------------------------------------------------------------------------------- */

/* By job; the latest run first. */
static int compare_forms(const void *left, const void *right)
{
    const struct saved_form *a = left, *b = right;
    if (a->job != b->job)
        return a->job < b->job ? -1 : 1;
    return (a->run < b->run) - (a->run > b->run);
}

/* By job and first item; the longest first, which of states is the newest, and of equal ones that
 * of the latest run. */
static int compare_saved(const void *left, const void *right)
{
    const struct saved *a = left, *b = right;
    if (a->job != b->job)
        return a->job < b->job ? -1 : 1;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end)
        return a->end > b->end ? -1 : 1;
    return (a->run < b->run) - (a->run > b->run);
}

/* A sorted array, and the member of its elements, an int64_t, by which it is searched. */
struct sorted {
    const void *elements;
    int64_t count;
    size_t size, member;
};

/* Returns the index of the first element whose member is at least `wanted`; `count`: none is. */
static int64_t sorted_search(struct sorted sorted, int64_t wanted)
{
    int64_t low = 0, high = sorted.count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2, value;
        memcpy(&value, (const char *)sorted.elements + (size_t)middle * sorted.size + sorted.member,
               sizeof value);
        if (value < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Returns the form of a job in a run, or NULL. */
static const struct saved_form *journal_index_run_form(const struct journal_index *journal_index,
                                                       int64_t job, int64_t run)
{
    struct saved_form key = {.job = job, .run = run};
    if (journal_index->form_count == 0)
        return NULL;
    return bsearch(&key, journal_index->forms, (size_t)journal_index->form_count, sizeof key,
                   compare_forms);
}

/* Returns the form of a job in its latest run, or NULL. */
static const struct saved_form *journal_index_last_form(const struct journal_index *journal_index,
                                                        int64_t job)
{
    const struct sorted forms = {journal_index->forms, journal_index->form_count,
                                 sizeof(struct saved_form), offsetof(struct saved_form, job)};
    int64_t place = sorted_search(forms, job);
    bool found = place < forms.count && journal_index->forms[place].job == job;
    return found ? &journal_index->forms[place] : NULL;
}

/* Entries are valid if the job had the same form in their run as in the latest. */
static bool journal_index_is_current(const struct journal_index *journal_index,
                                     const struct saved *entry)
{
    const struct saved_form *own = journal_index_run_form(journal_index, entry->job, entry->run);
    const struct saved_form *last = journal_index_last_form(journal_index, entry->job);
    return own != NULL && memcmp(&own->form, &last->form, sizeof own->form) == 0;
}

/* For valid entries only: the latest form must exist. */
static bool journal_index_fits_form(struct journal_index *journal_index, const struct saved *entry)
{
    const struct job_form *form = &journal_index_last_form(journal_index, entry->job)->form;
    bool fits =
        rpi_form_admits(form, entry->kind, (rp_range){entry->begin, entry->end}, entry->bytes);
    journal_index->refused += !fits;
    return fits;
}

/* Removes an overlap with the entry before. Results of a map can be used in part, other entries
 * only as a whole. Of partial results of a reduction that overlap, the larger contains the smaller
 * and comes first. False: nothing is left of the entry. */
static bool saved_trim(struct saved *entry, const struct saved *before)
{
    if (before == NULL || before->job != entry->job || before->end <= entry->begin)
        return true;
    if (entry->kind != JOURNAL_ITEMS || before->end >= entry->end)
        return false;
    entry->begin = before->end;
    return true;
}

static void journal_index_sort(struct journal_index *journal_index)
{
    int64_t count = 0;
    if (journal_index->form_count > 0)
        qsort(journal_index->forms, (size_t)journal_index->form_count, sizeof *journal_index->forms,
              compare_forms);
    if (journal_index->count > 0)
        qsort(journal_index->entries, (size_t)journal_index->count, sizeof *journal_index->entries,
              compare_saved);
    for (int64_t i = 0; i < journal_index->count; i++) {
        struct saved *entry = &journal_index->entries[i];
        const struct saved *before = count > 0 ? &journal_index->entries[count - 1] : NULL;
        if (journal_index_is_current(journal_index, entry) &&
            journal_index_fits_form(journal_index, entry) && saved_trim(entry, before))
            journal_index->entries[count++] = *entry;
    }
    journal_index->count = count;
}

/* Keeps only the form of each job in its latest run. */
static void journal_index_keep_last_forms(struct journal_index *journal_index)
{
    int64_t count = 0;
    for (int64_t i = 0; i < journal_index->form_count; i++) {
        if (count == 0 || journal_index->forms[count - 1].job != journal_index->forms[i].job)
            journal_index->forms[count++] = journal_index->forms[i];
    }
    journal_index->form_count = count;
}

/* ---- the directory --------------------------------------------------------------------------- */

/* Calls `each` for every journal. A missing directory has none. */
static rp_status for_each_journal(const char *directory,
                                  void (*each)(const char *path, int64_t run, int rank,
                                               void *closure),
                                  void *closure, rp_error *error)
{
    DIR *open = opendir(directory);
    const struct dirent *file;
    char path[PATH_MAX];
    int64_t run;
    int rank;
    if (open == NULL && errno == ENOENT)
        return RP_OK;
    if (open == NULL)
        return rpi_error_set(error, RP_ERR_IO, "cannot read '%s': %s", directory, strerror(errno));
    while ((file = readdir(open)) != NULL) {
        if (is_journal_name(file->d_name, &run, &rank) &&
            snprintf(path, sizeof path, "%s/%s", directory, file->d_name) < (int)sizeof path)
            each(path, run, rank, closure);
    }
    closedir(open);
    return RP_OK;
}

/* Which journals to read. */
struct search {
    struct reading reading;
    int64_t last_run; /* found so far */
    uint64_t fingerprint;
    bool any;
};

/* Adds the entries of a journal, and removes them again if its head turns out not to match. */
static void journal_index_read_journal(const char *path, int64_t run, int rank, void *closure)
{
    struct search *search = closure;
    struct reading *reading = &search->reading;
    size_t entries = reading->entries.size, forms = reading->forms.size;
    struct journal_report report;
    rp_error error;
    reading->run = run;
    reading->rank = rank;
    if (run > search->last_run)
        search->last_run = run;
    if (rpi_journal_read(path, reading_add, reading, &report, &error) != RP_OK ||
        (!search->any && report.head.fingerprint != search->fingerprint)) {
        reading->entries.size = entries;
        reading->forms.size = forms;
    }
}

rp_status rpi_journal_index_read(struct journal_index *journal_index, const char *directory,
                                 uint64_t fingerprint, bool any, rp_error *error)
{
    struct search search = {.fingerprint = fingerprint, .any = any};
    const rp_buffer *entries = &search.reading.entries, *forms = &search.reading.forms;
    *journal_index = (struct journal_index){.last_run = 0};
    if (for_each_journal(directory, journal_index_read_journal, &search, error) != RP_OK)
        return error->status;
    *journal_index =
        (struct journal_index){.entries = (struct saved *)entries->data,
                               .count = (int64_t)(entries->size / sizeof(struct saved)),
                               .forms = (struct saved_form *)forms->data,
                               .form_count = (int64_t)(forms->size / sizeof(struct saved_form)),
                               .last_run = search.last_run};
    if (search.reading.short_of_memory) {
        rpi_journal_index_free(journal_index);
        return rpi_error_set(error, RP_ERR_MEMORY, "no memory for the index of '%s'", directory);
    }
    journal_index_sort(journal_index);
    journal_index_keep_last_forms(journal_index);
    return RP_OK;
}

void rpi_journal_index_free(struct journal_index *journal_index)
{
    free(journal_index->entries);
    free(journal_index->forms);
    *journal_index = (struct journal_index){.last_run = 0};
}

/* Returns the index of the first entry of a job or of a later one. */
static int64_t journal_index_first_of(const struct journal_index *journal_index, int64_t job)
{
    const struct sorted entries = {journal_index->entries, journal_index->count,
                                   sizeof(struct saved), offsetof(struct saved, job)};
    return sorted_search(entries, job);
}

const struct saved *rpi_journal_index_job(const struct journal_index *journal_index, int64_t job,
                                          int64_t *count)
{
    int64_t first = journal_index_first_of(journal_index, job);
    *count = journal_index_first_of(journal_index, job + 1) - first;
    return *count > 0 ? &journal_index->entries[first] : NULL;
}

void rpi_journal_index_forget(struct journal_index *journal_index, int64_t job)
{
    int64_t first = journal_index_first_of(journal_index, job);
    int64_t behind = journal_index_first_of(journal_index, job + 1);
    if (first == behind)
        return;
    memmove(&journal_index->entries[first], &journal_index->entries[behind],
            (size_t)(journal_index->count - behind) * sizeof *journal_index->entries);
    journal_index->count -= behind - first;
}

int64_t rpi_saved_at(const struct saved *entries, int64_t count, int64_t item)
{
    const struct sorted by_end = {entries, count, sizeof *entries, offsetof(struct saved, end)};
    return sorted_search(by_end, item + 1);
}

const struct job_form *rpi_journal_index_form(const struct journal_index *journal_index,
                                              int64_t job)
{
    const struct saved_form *found = journal_index_last_form(journal_index, job);
    return found != NULL ? &found->form : NULL;
}

static void journal_found(const char *path, int64_t run, int rank, void *found)
{
    (void)path;
    (void)run;
    (void)rank;
    *(bool *)found = true;
}

rp_status rpi_journals_find(const char *directory, bool *found, rp_error *error)
{
    *found = false;
    return for_each_journal(directory, journal_found, found, error);
}

/* Journals of runs before `run`, from rank `first` to `last`. */
struct removal {
    int64_t run;
    int first, last;
};

static void journal_remove(const char *path, int64_t run, int rank, void *closure)
{
    const struct removal *removal = closure;
    if (run < removal->run && rank >= removal->first && rank <= removal->last)
        unlink(path);
}

void rpi_journals_remove_earlier(const char *directory, int64_t run, int first, int last)
{
    struct removal removal = {run, first, last};
    rp_error ignored;
    for_each_journal(directory, journal_remove, &removal, &ignored);
}

void rpi_journals_remove(const char *directory)
{
    rpi_journals_remove_earlier(directory, INT64_MAX, 0, INT_MAX);
}
