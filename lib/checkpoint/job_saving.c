#include "checkpoint/job_saving.h"

#include "base/clock.h"
#include "checkpoint/checkpoint.h"

rp_status rpi_job_saving_check(const rp_pool *pool, const struct job_form *form, rp_error *error)
{
    if (pool->checkpoint == NULL || error->status != RP_OK)
        return error->status;
    return rpi_checkpoint_check(pool, form, error);
}

void rpi_job_saving_begin(struct job_saving *saving, rp_pool *pool, const struct job_form *form)
{
    const struct checkpoint *checkpoint = pool->checkpoint;
    *saving = (struct job_saving){.pool = checkpoint != NULL ? pool : NULL};
    if (checkpoint == NULL)
        return;
    saving->job = rpi_checkpoint_begin(pool, form);
    saving->entries =
        rpi_journal_index_job(&checkpoint->journal_index, saving->job, &saving->count);
    saving->payload_cache = (struct payload_cache){.directory = checkpoint->directory};
}

void rpi_job_saving_add(const struct job_saving *saving, uint32_t kind, rp_range items,
                        const void *payload, size_t bytes)
{
    rpi_checkpoint_add(saving->pool, &(struct journal_entry){.job = saving->job,
                                                             .begin = items.begin,
                                                             .end = items.end,
                                                             .kind = kind,
                                                             .bytes = bytes,
                                                             .payload = payload});
}

void rpi_job_saving_write(const struct job_saving *saving)
{
    if (checkpoint_due(saving->pool->checkpoint, rpi_clock_seconds()))
        rpi_checkpoint_write(saving->pool);
}

void rpi_job_saving_end(struct job_saving *saving, rp_status status)
{
    if (saving->pool == NULL)
        return;
    rpi_payload_cache_close(&saving->payload_cache);
    rpi_checkpoint_end(saving->pool, status);
}
