#include "engine/save_map.h"

#include <string.h>

/* Limits the size of an entry: one damaged byte invalidates the whole entry. */
static const size_t most_entry_bytes = (size_t)256 << 10;

static struct map_saving *map_saving_of(const struct executor *executor)
{
    return (struct map_saving *)executor->saving;
}

static bool map_saving_take(struct executor *executor, rp_range run, const struct saved *entry,
                            void *const *at)
{
    struct map_saving *saving = map_saving_of(executor);
    size_t size = executor->arrays[saving->results].size, items = (size_t)(run.end - run.begin);
    if (size > 0) {
        const unsigned char *results =
            rpi_payload_cache_fetch(&saving->saving.earlier.payload_cache, entry);
        if (results == NULL)
            return false;
        memcpy(at[saving->results], results + (size_t)(run.begin - entry->first) * size,
               items * size);
    }
    uint8_t *statuses = at[saving->saving.status_array];
    if (statuses != NULL)
        memset(statuses, RP_OK, items);
    return true;
}

static void map_saving_add(struct executor *executor)
{
    struct map_saving *saving = map_saving_of(executor);
    if (saving->run.begin < saving->run.end && !saving->missed)
        rpi_job_saving_add(&saving->saving.earlier, JOURNAL_ITEMS, saving->run,
                           saving->gathered.data, saving->gathered.size);
    saving->run = (rp_range){0, 0};
    saving->missed = false;
    rp_buffer_resize(&saving->gathered, 0);
}

/* Appends successful items, merging consecutive ones into one entry. Without memory they are not
 * saved. */
static void map_saving_gather(struct executor *executor, rp_range run, const char *results)
{
    struct map_saving *saving = map_saving_of(executor);
    size_t size = executor->arrays[saving->results].size;
    bool follows = saving->run.end == run.begin && saving->run.begin < run.begin;
    if (!follows || saving->gathered.size > most_entry_bytes) {
        map_saving_add(executor);
        saving->run.begin = run.begin;
    }
    saving->run.end = run.end;
    if (rp_buffer_append(&saving->gathered, results, (size_t)(run.end - run.begin) * size) != 0)
        saving->missed = true;
}

static void map_saving_note(struct executor *executor, rp_range run, void *const *at, bool sound)
{
    struct map_saving *saving = map_saving_of(executor);
    const uint8_t *statuses = at[saving->saving.status_array];
    const char *results = at[saving->results];
    size_t size = executor->arrays[saving->results].size;
    if (sound && run.begin < run.end)
        map_saving_gather(executor, run, results);
    if (sound || statuses == NULL)
        return;
    for (int64_t item = run.begin; item < run.end; item++) {
        size_t place = (size_t)(item - run.begin);
        if (statuses[place] == RP_OK)
            map_saving_gather(executor, (rp_range){item, item + 1},
                              results != NULL ? results + place * size : NULL);
    }
}

void rpi_map_saving_begin(struct map_saving *saving, rp_pool *pool, const struct job_form *form,
                          int results, int statuses, bool by_item)
{
    *saving = (struct map_saving){.saving = {.take = map_saving_take,
                                             .note = map_saving_note,
                                             .add = map_saving_add,
                                             .status_array = statuses},
                                  .results = results};
    if (by_item) {
        saving->saving.stride = MAP_SAVING_STRIDE;
        saving->saving.statuses = saving->statuses;
    }
    rpi_buffer_init(&saving->gathered);
    rpi_saving_begin(&saving->saving, pool, form);
}

void rpi_map_saving_end(struct map_saving *saving, rp_status status)
{
    rpi_saving_end(&saving->saving, status);
    rpi_buffer_free(&saving->gathered);
}
