#include "engine/save_items.h"

#include "base/clock.h"

uint64_t rpi_saving_inputs(const rp_pool *pool, const void *in, int64_t n, size_t item_bytes)
{
    bool local = pool->world.rank == pool->world.root && in != NULL;
    return local ? rp_fingerprint(0, in, (size_t)n * item_bytes) : 0;
}

void rpi_saving_begin(struct saving *saving, rp_pool *pool, const struct job_form *form)
{
    rpi_job_saving_begin(&saving->earlier, pool, form);
}

/* The first entry that ends after an item, or NULL. Items are mostly looked up in order. */
static const struct saved *saving_find(struct saving *saving, int64_t item)
{
    int64_t at = saving->at;
    bool near = at < saving->earlier.count &&
                (at == 0 || saving->earlier.entries[at - 1].end <= item) &&
                saving->earlier.entries[at].end > item;
    if (!near)
        at = saving->at = rpi_saved_at(saving->earlier.entries, saving->earlier.count, item);
    return at < saving->earlier.count ? &saving->earlier.entries[at] : NULL;
}

/* The run that begins at `begin` and ends at `end` at the latest: one saved entry covers all of it,
 * or none covers any of it. */
static rp_range saving_cut_run(struct saving *saving, int64_t begin, int64_t end,
                               const struct saved **saved)
{
    const struct saved *next = saving->earlier.count > 0 ? saving_find(saving, begin) : NULL;
    *saved = next != NULL && next->begin <= begin ? next : NULL;
    int64_t border = next == NULL ? end : *saved != NULL ? next->end : next->begin;
    int64_t stride = saving->stride > 0 ? saving->stride - begin % saving->stride : end - begin;
    end = border < end ? border : end;
    return (rp_range){begin, end - begin > stride ? begin + stride : end};
}

/* Finds the elements of a run that begins `items` items into a tile. */
static void saving_run_places(const struct executor *executor, void *const *at, int64_t items,
                              void **run_at)
{
    const struct saving *saving = executor->saving;
    for (int i = 0; i < executor->array_count; i++)
        run_at[i] = at[i] != NULL ? (char *)at[i] + (size_t)items * executor->arrays[i].size : NULL;
    if (saving->statuses != NULL && run_at[saving->status_array] == NULL)
        run_at[saving->status_array] = saving->statuses;
}

static int64_t saving_compute_run(struct executor *executor, rp_range run, void *const *at)
{
    struct saving *saving = executor->saving;
    int64_t failures = executor->failures.count;
    int64_t done = executor->compute(executor, run, at);
    /* What has found enough is computed again after a restart, since it must say so again. */
    if (!saving->earlier.pool->loop.enough)
        saving->note(executor, (rp_range){run.begin, run.begin + done}, at,
                     executor->failures.count == failures);
    if (checkpoint_due(saving->earlier.pool->checkpoint, rpi_clock_seconds())) {
        saving->add(executor);
        rpi_checkpoint_write(saving->earlier.pool);
    }
    return done;
}

int64_t rpi_saving_compute(struct executor *executor, rp_range tile, void *const *at)
{
    struct saving *saving = executor->saving;
    const struct saved *saved;
    void *run_at[MOST_ARRAYS];
    int64_t begin = tile.begin;
    while (begin < tile.end) {
        rp_range run = saving_cut_run(saving, begin, tile.end, &saved);
        saving_run_places(executor, at, begin - tile.begin, run_at);
        if (saved != NULL && saving->take(executor, run, saved, run_at)) {
            claim_untimed(&saving->earlier.pool->loop.claimer);
            begin = run.end;
            continue;
        }
        begin += saving_compute_run(executor, run, run_at);
        if (begin < run.end || executor->stopping)
            break;
    }
    return begin - tile.begin;
}

void rpi_saving_end(struct saving *saving, rp_status status)
{
    rpi_job_saving_end(&saving->earlier, status);
}
