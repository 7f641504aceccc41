#include "pool/map_keeping.h"

#include <string.h>

/* More is not gathered in one entry: what is spoilt of it costs all of it. */
static const size_t most_gathered = (size_t)256 << 10;

static struct map_keeping *of(const struct work *work)
{
    return (struct map_keeping *)work->keeping;
}

static bool take(struct work *work, rp_range run, const struct kept *entry, void *const *at)
{
    struct map_keeping *keeping = of(work);
    size_t size = work->arrays[keeping->results].size, items = (size_t)(run.end - run.begin);
    if (entry->bytes != (uint64_t)(entry->end - entry->first) * size)
        return false;
    if (size > 0) {
        const unsigned char *results = rpi_shelf_fetch(&keeping->keeping.shelf, entry);
        if (results == NULL)
            return false;
        memcpy(at[keeping->results], results + (size_t)(run.begin - entry->first) * size,
               items * size);
    }
    uint8_t *statuses = at[keeping->keeping.status_array];
    if (statuses != NULL)
        memset(statuses, RP_OK, items);
    return true;
}

static void add(struct work *work)
{
    struct map_keeping *keeping = of(work);
    if (keeping->run.begin < keeping->run.end && !keeping->missed)
        rpi_checkpoint_add(work->pool, &(struct journal_entry){.job = keeping->keeping.job,
                                                               .begin = keeping->run.begin,
                                                               .end = keeping->run.end,
                                                               .kind = JOURNAL_ITEMS,
                                                               .bytes = keeping->gathered.size,
                                                               .payload = keeping->gathered.data});
    keeping->run = (rp_range){0, 0};
    keeping->missed = false;
    rp_buffer_resize(&keeping->gathered, 0);
}

/* Good items that follow one another. Where there is no memory to gather them they are not kept. */
static void gather(struct work *work, rp_range run, const char *results)
{
    struct map_keeping *keeping = of(work);
    size_t size = work->arrays[keeping->results].size;
    bool follows = keeping->run.end == run.begin && keeping->run.begin < run.begin;
    if (!follows || keeping->gathered.size > most_gathered) {
        add(work);
        keeping->run.begin = run.begin;
    }
    keeping->run.end = run.end;
    if (rp_buffer_append(&keeping->gathered, results, (size_t)(run.end - run.begin) * size) != 0)
        keeping->missed = true;
}

static void note(struct work *work, rp_range run, void *const *at, bool sound)
{
    struct map_keeping *keeping = of(work);
    const uint8_t *statuses = at[keeping->keeping.status_array];
    const char *results = at[keeping->results];
    size_t size = work->arrays[keeping->results].size;
    if (sound && run.begin < run.end)
        gather(work, run, results);
    if (sound || statuses == NULL)
        return;
    for (int64_t item = run.begin; item < run.end; item++) {
        size_t place = (size_t)(item - run.begin);
        if (statuses[place] == RP_OK)
            gather(work, (rp_range){item, item + 1},
                   results != NULL ? results + place * size : NULL);
    }
}

void rpi_map_keeping_begin(struct map_keeping *keeping, rp_pool *pool, const struct job_form *form,
                           int results, int statuses, bool by_item)
{
    *keeping = (struct map_keeping){
        .keeping = {.take = take, .note = note, .add = add, .status_array = statuses},
        .results = results};
    if (by_item) {
        keeping->keeping.stride = MAP_KEEPING_STRIDE;
        keeping->keeping.statuses = keeping->statuses;
    }
    rpi_buffer_init(&keeping->gathered);
    rpi_keeping_begin(&keeping->keeping, pool, form);
}

void rpi_map_keeping_end(struct map_keeping *keeping, rp_status status)
{
    rpi_keeping_end(&keeping->keeping, status);
    rpi_buffer_free(&keeping->gathered);
}
