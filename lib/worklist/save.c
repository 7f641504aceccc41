#include "worklist/save.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

/* The goal decides the layout of the state. The seeds are the inputs, which only the root knows. */
static struct job_form worklist_form(const rp_pool *pool, const rp_worklist_job *job)
{
    struct job_form form = {.kind = JOURNAL_STATE,
                            .n = job->n,
                            .in_bytes = (int64_t)job->item_size,
                            .out_bytes = (int64_t)job->result_size,
                            .leaf = (int64_t)(job->witness_size * 4 + (size_t)job->goal),
                            .seed = job->options.seed};
    if (pool->world.rank == pool->world.root)
        form.inputs = rp_fingerprint(0, job->seeds, (size_t)job->n * job->item_size);
    return form;
}

rp_status rpi_worklist_saving_check(const rp_pool *pool, const rp_worklist_job *job,
                                    rp_error *error)
{
    if (pool->checkpoint == NULL || error->status != RP_OK)
        return error->status;
    struct job_form form = worklist_form(pool, job);
    return rpi_job_saving_check(pool, &form, error);
}

void rpi_worklist_saving_begin(struct worklist_saving *saving, rp_pool *pool,
                               const rp_worklist_job *job)
{
    struct job_form form = {.n = 0};
    if (pool->checkpoint != NULL)
        form = worklist_form(pool, job);
    *saving = (struct worklist_saving){.count = 0};
    rpi_snapshots_begin(&saving->snapshots, pool, &form);
}

/* ---- bundles that are lent ------------------------------------------------------------------- */

static bool lent_reserve(struct worklist_saving *saving)
{
    if (saving->count < saving->capacity)
        return true;
    size_t capacity = saving->capacity > 0 ? 2 * saving->capacity : 64;
    struct lent_bundle *lent = realloc(saving->lent, capacity * sizeof *lent);
    if (lent == NULL)
        return false;
    saving->lent = lent;
    saving->capacity = capacity;
    return true;
}

bool rpi_worklist_saving_lend(struct worklist_saving *saving, int64_t item, const void *entries,
                              size_t bytes)
{
    if (saving->snapshots.earlier.pool == NULL)
        return true;
    void *copy = lent_reserve(saving) ? malloc(bytes) : NULL;
    if (copy == NULL)
        return false;
    memcpy(copy, entries, bytes);
    saving->lent[saving->count++] = (struct lent_bundle){item, bytes, rpi_clock_seconds(), copy};
    return true;
}

static int lent_compare(const void *left, const void *right)
{
    const struct lent_bundle *a = left, *b = right;
    return (a->item > b->item) - (a->item < b->item);
}

/* Drops those that are back from the list, now and then: one may be lent for long. */
static void lent_compact(struct worklist_saving *saving)
{
    size_t count = 0;
    for (size_t i = 0; i < saving->count; i++) {
        if (saving->lent[i].entries != NULL)
            saving->lent[count++] = saving->lent[i];
    }
    saving->count = count;
    saving->back = 0;
}

void rpi_worklist_saving_back(struct worklist_saving *saving, int64_t item)
{
    const struct lent_bundle key = {.item = item};
    if (saving->count == 0)
        return;
    struct lent_bundle *bundle =
        bsearch(&key, saving->lent, saving->count, sizeof key, lent_compare);
    if (bundle == NULL || bundle->entries == NULL)
        return;
    rpi_snapshots_gain(&saving->snapshots, rpi_clock_seconds() - bundle->since);
    free(bundle->entries);
    bundle->entries = NULL;
    if (++saving->back > saving->count / 2)
        lent_compact(saving);
}

/* ---- snapshots ------------------------------------------------------------------------------- */

void rpi_worklist_saving_write(struct worklist_saving *saving, enum worklist_moment moment,
                               const void *found, size_t found_bytes, const void *waiting,
                               size_t waiting_bytes)
{
    size_t lent_bytes = 0;
    for (size_t i = 0; i < saving->count; i++)
        lent_bytes += saving->lent[i].entries != NULL ? saving->lent[i].bytes : 0;
    char *at = rpi_snapshot_reserve(&saving->snapshots, found_bytes + lent_bytes + waiting_bytes);
    if (at == NULL)
        return;
    at = (char *)memcpy(at, found, found_bytes) + found_bytes;
    for (size_t i = 0; i < saving->count; i++) {
        const struct lent_bundle *bundle = &saving->lent[i];
        if (bundle->entries != NULL)
            at = (char *)memcpy(at, bundle->entries, bundle->bytes) + bundle->bytes;
    }
    if (waiting_bytes > 0)
        memcpy(at, waiting, waiting_bytes);
    if (moment == WORKLIST_DONE)
        rpi_snapshot_finish(&saving->snapshots);
    else
        rpi_snapshot_write(&saving->snapshots, moment == WORKLIST_ENDED);
}

void rpi_worklist_saving_end(struct worklist_saving *saving, rp_status status)
{
    for (size_t i = 0; i < saving->count; i++)
        free(saving->lent[i].entries);
    free(saving->lent);
    saving->lent = NULL;
    saving->count = 0;
    rpi_snapshots_end(&saving->snapshots, status);
}
