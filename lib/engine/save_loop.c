#include "engine/save_loop.h"

#include "checkpoint/checkpoint.h"

static struct job_form loop_saving_form(int64_t n, const rp_options *options)
{
    return (struct job_form){.kind = JOURNAL_RANGE, .n = n, .seed = options->seed};
}

rp_status rpi_loop_saving_check(const rp_pool *pool, int64_t n, const rp_options *options,
                                rp_error *error)
{
    struct job_form form = loop_saving_form(n, options);
    return rpi_job_saving_check(pool, &form, error);
}

void rpi_loop_saving_begin(rp_loop *loop, int64_t n, const rp_options *options)
{
    struct job_form form = loop_saving_form(n, options);
    loop->saving = (struct loop_saving){.entry = NULL};
    rpi_job_saving_begin(&loop->saving.earlier, loop->pool, &form);
}

static rp_range loop_saving_hand_out(struct loop_saving *saving, rp_range range,
                                     const struct saved *entry)
{
    saving->range = range;
    saving->entry = entry;
    return range;
}

bool rpi_loop_saving_next(rp_loop *loop, rp_range *range)
{
    struct loop_saving *saving = &loop->saving;
    rp_range *rest = &saving->rest;
    while (rest->begin < rest->end) {
        int64_t at = rpi_saved_at(saving->earlier.entries, saving->earlier.count, rest->begin);
        const struct saved *entry =
            at < saving->earlier.count ? &saving->earlier.entries[at] : NULL;
        rp_range run = *rest;
        bool saved = entry != NULL && entry->begin <= run.begin;
        int64_t border = entry == NULL ? run.end : saved ? entry->end : entry->begin;
        run.end = border < run.end ? border : run.end;
        rest->begin = run.end;
        if (saved)
            claim_untimed(&loop->claimer);
        if (!saved)
            *range = loop_saving_hand_out(saving, run, NULL);
        else if (run.begin == entry->begin)
            *range = loop_saving_hand_out(saving, (rp_range){entry->begin, entry->end}, entry);
        if (!saved || run.begin == entry->begin)
            return true;
    }
    return false;
}

const void *rp_loop_saved(rp_loop *loop, size_t *bytes)
{
    struct loop_saving *saving = &loop->saving;
    *bytes = 0;
    if (saving->entry == NULL)
        return NULL;
    const unsigned char *saved =
        rpi_payload_cache_fetch(&saving->earlier.payload_cache, saving->entry);
    if (saved != NULL)
        *bytes = saving->entry->bytes;
    else
        saving->entry = NULL; /* damaged since: the range must be computed and saved again */
    return saved;
}

rp_status rp_loop_save(rp_loop *loop, const void *data, size_t bytes)
{
    if (loop == NULL || (data == NULL && bytes > 0))
        return rpi_refuse_null(__func__, loop == NULL ? "loop" : "data");
    if (!loop->open)
        return RP_ERR_ARGUMENT;
    struct loop_saving *saving = &loop->saving;
    if (saving->earlier.pool == NULL || saving->entry != NULL || loop->enough)
        return RP_OK;
    if (saving->range.begin >= saving->range.end)
        return RP_ERR_STATE;
    rpi_job_saving_add(&saving->earlier, JOURNAL_RANGE, saving->range, data, bytes);
    rpi_job_saving_write(&saving->earlier);
    saving->range = (rp_range){0, 0};
    return RP_OK;
}

void rpi_loop_saving_end(rp_loop *loop, rp_status status)
{
    rpi_job_saving_end(&loop->saving.earlier, status);
    loop->saving.earlier.pool = NULL;
}
