#include "pool/stream_keeping.h"

#include "base/clock.h"
#include "pool/checkpoint.h"

#include <stdlib.h>
#include <string.h>

/* What stands before the results of a parcel, in the journal. */
struct kept_parcel {
    uint64_t inputs;      /* their fingerprint */
    uint64_t area_bytes;  /* of records; */
    uint64_t large_bytes; /* then of what did not fit among them */
};

static struct job_form form_of(const rp_stream_job *job)
{
    return (struct job_form){.kind = JOURNAL_RESULT, .seed = job->options.seed};
}

rp_status rpi_stream_keeping_check(const rp_pool *pool, const rp_stream_job *job, rp_error *error)
{
    struct job_form form;
    if (pool->checkpoint == NULL || error->status != RP_OK)
        return error->status;
    form = form_of(job);
    return rpi_checkpoint_check(pool, &form, error);
}

void rpi_stream_keeping_begin(struct stream_keeping *keeping, rp_pool *pool,
                              const rp_stream_job *job)
{
    *keeping = (struct stream_keeping){.pool = NULL};
    if (pool->checkpoint == NULL)
        return;
    struct job_form form = form_of(job);
    keeping->pool = pool;
    keeping->job = rpi_checkpoint_begin(pool, &form);
    keeping->entries =
        rpi_catalogue_job(&pool->checkpoint->catalogue, keeping->job, &keeping->count);
    keeping->shelf = (struct shelf){.directory = pool->checkpoint->directory};
}

const struct kept *rpi_stream_keeping_find(const struct stream_keeping *keeping, int64_t item,
                                           int64_t *most)
{
    *most = INT64_MAX;
    int64_t at = rpi_kept_at(keeping->entries, keeping->count, item);
    if (at == keeping->count)
        return NULL;
    const struct kept *entry = &keeping->entries[at];
    *most = (entry->begin > item ? entry->begin : entry->end) - item;
    return entry->begin == item ? entry : NULL;
}

/* Of the items themselves: what lies between them in the area may be anything. */
static uint64_t inputs_of(const struct parcel *parcel)
{
    const struct record *record;
    size_t position = 0;
    uint64_t inputs = rp_fingerprint(0, parcel->large, parcel->large_bytes);
    while ((record = area_next(&parcel->area, &position)) != NULL) {
        inputs = rp_fingerprint(inputs, &record->bytes, sizeof record->bytes);
        inputs = rp_fingerprint(inputs, record + 1, record->bytes);
    }
    return inputs;
}

/* Puts the results where the inputs are. False: no memory. */
static bool replace(struct parcel *parcel, const struct kept_parcel *kept, const char *bytes)
{
    char *large = NULL;
    if (kept->large_bytes > 0 && (large = malloc(kept->large_bytes)) == NULL)
        return false;
    rpi_parcel_drop_large(parcel);
    memcpy(parcel->area.base, bytes, kept->area_bytes);
    parcel->area.used = kept->area_bytes;
    parcel->large = large;
    parcel->large_bytes = kept->large_bytes;
    if (large != NULL)
        memcpy(large, bytes + kept->area_bytes, kept->large_bytes);
    return true;
}

bool rpi_stream_keeping_restore(struct stream_keeping *keeping, struct parcel *parcel,
                                const struct kept *entry)
{
    struct kept_parcel kept;
    if (parcel->items != entry->end - entry->begin)
        return false;
    const unsigned char *payload = rpi_shelf_fetch(&keeping->shelf, entry);
    if (payload == NULL || entry->bytes < sizeof kept)
        return false;
    memcpy(&kept, payload, sizeof kept);
    return kept.inputs == inputs_of(parcel) && kept.area_bytes <= parcel->area.capacity &&
           entry->bytes == sizeof kept + kept.area_bytes + kept.large_bytes &&
           replace(parcel, &kept, (const char *)payload + sizeof kept);
}

void rpi_stream_keeping_note(const struct stream_keeping *keeping, struct parcel *parcel)
{
    if (keeping->pool != NULL)
        parcel->inputs = inputs_of(parcel);
}

/* Items that failed are tried again, and so are those beside them. */
static bool is_sound(const struct parcel *parcel)
{
    const struct record *record;
    size_t position = 0;
    while ((record = area_next(&parcel->area, &position)) != NULL) {
        if (record->failed)
            return false;
    }
    return parcel->done == parcel->items && parcel->items > 0;
}

void rpi_stream_keeping_add(struct stream_keeping *keeping, const struct parcel *parcel)
{
    struct kept_parcel kept = {parcel->inputs, parcel->area.used, parcel->large_bytes};
    if (keeping->pool == NULL || !is_sound(parcel))
        return;
    size_t bytes = sizeof kept + parcel->area.used + parcel->large_bytes;
    char *payload = malloc(bytes);
    if (payload == NULL)
        return;
    memcpy(payload, &kept, sizeof kept);
    memcpy(payload + sizeof kept, parcel->area.base, parcel->area.used);
    if (parcel->large_bytes > 0)
        memcpy(payload + sizeof kept + parcel->area.used, parcel->large, parcel->large_bytes);
    rpi_checkpoint_add(keeping->pool, &(struct journal_entry){.job = keeping->job,
                                                              .begin = parcel->first,
                                                              .end = parcel->first + parcel->items,
                                                              .kind = JOURNAL_RESULT,
                                                              .bytes = bytes,
                                                              .payload = payload});
    free(payload);
    if (checkpoint_due(keeping->pool->checkpoint, rpi_clock_seconds()))
        rpi_checkpoint_write(keeping->pool);
}

void rpi_stream_keeping_end(struct stream_keeping *keeping, rp_status status)
{
    if (keeping->pool == NULL)
        return;
    rpi_shelf_close(&keeping->shelf);
    rpi_checkpoint_end(keeping->pool, status);
}
