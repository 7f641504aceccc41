#include "pool/loop_keeping.h"

#include "base/clock.h"
#include "pool/checkpoint.h"

static struct job_form form_of(int64_t n, const rp_options *options)
{
    return (struct job_form){.kind = JOURNAL_RANGE, .n = n, .seed = options->seed};
}

rp_status rpi_loop_keeping_check(const rp_pool *pool, int64_t n, const rp_options *options,
                                 rp_error *error)
{
    struct job_form form = form_of(n, options);
    return pool->checkpoint != NULL ? rpi_checkpoint_check(pool, &form, error) : error->status;
}

void rpi_loop_keeping_begin(rp_loop *loop, int64_t n, const rp_options *options)
{
    struct loop_keeping *keeping = &loop->keeping;
    struct checkpoint *checkpoint = loop->pool->checkpoint;
    *keeping = (struct loop_keeping){.on = checkpoint != NULL};
    if (!keeping->on)
        return;
    struct job_form form = form_of(n, options);
    keeping->job = rpi_checkpoint_begin(loop->pool, &form);
    keeping->entries = rpi_catalogue_job(&checkpoint->catalogue, keeping->job, &keeping->count);
    keeping->shelf = (struct shelf){.directory = checkpoint->directory};
    loop->aside = true;
}

static rp_range hand_out(struct loop_keeping *keeping, rp_range range, const struct kept *entry)
{
    keeping->range = range;
    keeping->entry = entry;
    return range;
}

bool rpi_loop_keeping_next(rp_loop *loop, rp_range *range)
{
    struct loop_keeping *keeping = &loop->keeping;
    rp_range *rest = &keeping->rest;
    while (rest->begin < rest->end) {
        int64_t at = rpi_kept_at(keeping->entries, keeping->count, rest->begin);
        const struct kept *entry = at < keeping->count ? &keeping->entries[at] : NULL;
        rp_range run = *rest;
        bool kept = entry != NULL && entry->begin <= run.begin;
        int64_t border = entry == NULL ? run.end : kept ? entry->end : entry->begin;
        run.end = border < run.end ? border : run.end;
        rest->begin = run.end;
        if (kept)
            claim_untimed(&loop->claimer);
        if (!kept)
            *range = hand_out(keeping, run, NULL);
        else if (run.begin == entry->begin)
            *range = hand_out(keeping, (rp_range){entry->begin, entry->end}, entry);
        if (!kept || run.begin == entry->begin)
            return true;
    }
    return false;
}

const void *rp_loop_kept(rp_loop *loop, size_t *bytes)
{
    struct loop_keeping *keeping = &loop->keeping;
    *bytes = 0;
    if (keeping->entry == NULL)
        return NULL;
    const unsigned char *kept = rpi_shelf_fetch(&keeping->shelf, keeping->entry);
    if (kept != NULL)
        *bytes = keeping->entry->bytes;
    else
        keeping->entry = NULL; /* spoilt since: it is to be computed, and kept, again */
    return kept;
}

rp_status rp_loop_keep(rp_loop *loop, const void *data, size_t bytes)
{
    if (loop == NULL || !loop->open || (data == NULL && bytes > 0))
        return RP_ERR_ARGUMENT;
    struct loop_keeping *keeping = &loop->keeping;
    if (!keeping->on || keeping->entry != NULL)
        return RP_OK;
    if (keeping->range.begin >= keeping->range.end)
        return RP_ERR_STATE;
    rpi_checkpoint_add(loop->pool, &(struct journal_entry){.job = keeping->job,
                                                           .begin = keeping->range.begin,
                                                           .end = keeping->range.end,
                                                           .kind = JOURNAL_RANGE,
                                                           .bytes = bytes,
                                                           .payload = data});
    keeping->range = (rp_range){0, 0};
    if (checkpoint_due(loop->pool->checkpoint, rpi_clock_seconds()))
        rpi_checkpoint_write(loop->pool);
    return RP_OK;
}

void rpi_loop_keeping_end(rp_loop *loop, rp_status status)
{
    if (!loop->keeping.on)
        return;
    loop->keeping.on = false;
    rpi_shelf_close(&loop->keeping.shelf);
    rpi_checkpoint_end(loop->pool, status);
}
