#include "sched/failure_accounting.h"

#include <math.h>
#include <stdlib.h>

bool rpi_accounting_begin(struct accounting *accounting, uint32_t units, int ranks, int nodes,
                          uint32_t limit)
{
    *accounting = (struct accounting){.units = units, .limit = limit, .nodes = nodes};
    accounting->finished = calloc((size_t)nodes, sizeof *accounting->finished);
    accounting->given = calloc((size_t)nodes, sizeof *accounting->given);
    accounting->tried = calloc((size_t)nodes, sizeof *accounting->tried);
    accounting->blamed = calloc((size_t)ranks, sizeof *accounting->blamed);
    return accounting->finished != NULL && accounting->given != NULL && accounting->tried != NULL &&
           accounting->blamed != NULL;
}

void rpi_accounting_end(struct accounting *accounting)
{
    for (int node = 0; node < accounting->nodes; node++) {
        if (accounting->finished != NULL)
            rpi_interval_set_end(&accounting->finished[node]);
        if (accounting->given != NULL)
            rpi_interval_set_end(&accounting->given[node]);
    }
    free(accounting->finished);
    free(accounting->given);
    free(accounting->left);
    free(accounting->tried);
    free(accounting->blamed);
    rpi_interval_set_end(&accounting->settled);
    rpi_interval_set_end(&accounting->deaths);
    rpi_interval_set_end(&accounting->doubts);
    rpi_interval_set_end(&accounting->given_up);
    *accounting = (struct accounting){.nodes = 0};
}

void rpi_accounting_record(struct accounting *accounting, struct unit_range unit_range)
{
    rpi_interval_set_add(&accounting->settled, unit_range);
}

void rpi_accounting_finish(struct accounting *accounting, int node, struct unit_range unit_range)
{
    rpi_interval_set_add(&accounting->finished[node], unit_range);
}

/* Adjacent batches become one range. */
static void record_given(struct interval_set *given, struct unit_range unit_range)
{
    if (given->count > 0 && given->unit_ranges[given->count - 1].high == unit_range.low)
        given->unit_ranges[given->count - 1].high = unit_range.high;
    else
        rpi_interval_set_add(given, unit_range);
}

static uint32_t suspects_held(const struct suspects *tried)
{
    return unit_range_length(tried->batch[0].unit_range) +
           unit_range_length(tried->batch[1].unit_range);
}

void rpi_accounting_give(struct accounting *accounting, int node, struct remainder units)
{
    struct suspects *tried = &accounting->tried[node];
    if (units.attempt == 0)
        record_given(&accounting->given[node], units.unit_range);
    else
        tried->batch[unit_range_empty(tried->batch[0].unit_range) ? 0 : 1] = units;
}

bool rpi_accounting_clear(struct accounting *accounting, int node, struct unit_range unit_range)
{
    struct suspects *tried = &accounting->tried[node];
    uint32_t before = suspects_held(tried);
    for (int i = 0; i < 2; i++) {
        struct unit_range *held = &tried->batch[i].unit_range;
        if (held->low == unit_range.low && held->high == unit_range.high)
            *held = (struct unit_range){0, 0};
    }
    return suspects_held(tried) < before;
}

int64_t rpi_accounting_allows(const struct accounting *accounting, int node, bool single)
{
    const struct remainder *batch = accounting->tried[node].batch;
    bool full = !unit_range_empty(batch[0].unit_range) && !unit_range_empty(batch[1].unit_range);
    const struct remainder *held = unit_range_empty(batch[0].unit_range) ? &batch[1] : &batch[0];
    if (unit_range_empty(held->unit_range))
        return INT64_MAX;
    if (single)
        return -1;
    return full || held->attempt > 1 ? 0 : 1;
}

void rpi_accounting_give_up(struct accounting *accounting, struct unit_range unit_range)
{
    rpi_interval_set_add(&accounting->given_up, unit_range);
    rpi_interval_set_add(&accounting->settled, unit_range);
}

void rpi_accounting_attribute(struct accounting *accounting, int rank, struct unit_range unit_range)
{
    if (!accounting->blamed[rank])
        rpi_interval_set_add(&accounting->deaths, unit_range);
    accounting->blamed[rank] = true;
}

void rpi_accounting_lose_node(struct accounting *accounting, int node)
{
    struct interval_set *given = &accounting->given[node];
    struct suspects *tried = &accounting->tried[node];
    struct interval_set *interval_set =
        suspects_held(tried) == 1 ? &accounting->deaths : &accounting->doubts;
    for (int i = 0; i < 2; i++)
        rpi_interval_set_add(interval_set, tried->batch[i].unit_range);
    for (uint32_t i = 0; i < given->count; i++)
        rpi_interval_set_add(&accounting->doubts, given->unit_ranges[i]);
    rpi_interval_set_end(&accounting->finished[node]);
    rpi_interval_set_end(given);
    *tried = (struct suspects){.batch = {{.attempt = 0}}};
}

static uint32_t interval_count(const struct interval_set *interval_set, uint32_t unit)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < interval_set->count; i++)
        count +=
            interval_set->unit_ranges[i].low <= unit && unit < interval_set->unit_ranges[i].high;
    return count;
}

/* Did a rank die computing only this unit? */
static bool unit_accused(const struct accounting *accounting, uint32_t unit)
{
    bool alone = false;
    for (uint32_t i = 0; i < accounting->deaths.count && !alone; i++) {
        struct unit_range death = accounting->deaths.unit_ranges[i];
        alone = death.low == unit && unit_range_length(death) == 1;
    }
    return alone;
}

/* A unit that is not accused stays below the limit: another unit may have caused the deaths. */
static uint32_t unit_deaths(const struct accounting *accounting, uint32_t unit)
{
    uint32_t deaths =
        interval_count(&accounting->deaths, unit) + interval_count(&accounting->doubts, unit);
    return deaths >= accounting->limit && !unit_accused(accounting, unit) ? accounting->limit - 1
                                                                          : deaths;
}

/* Returns up to where the units from `from` on are in the same ranges. */
static uint32_t interval_uniform_end(const struct interval_set *interval_set, uint32_t from,
                                     uint32_t end)
{
    for (uint32_t i = 0; i < interval_set->count; i++) {
        struct unit_range death = interval_set->unit_ranges[i];
        if (death.low > from && death.low < end)
            end = death.low;
        if (death.high > from && death.high < end)
            end = death.high;
    }
    return end;
}

static uint32_t uniform_end(const struct accounting *accounting, uint32_t from, uint32_t end)
{
    return interval_uniform_end(&accounting->doubts, from,
                                interval_uniform_end(&accounting->deaths, from, end));
}

static void add_remainder(struct accounting *accounting, struct remainder remainder)
{
    if (accounting->entries == accounting->capacity) {
        uint32_t capacity = accounting->capacity > 0 ? 2 * accounting->capacity : 64;
        struct remainder *left = realloc(accounting->left, capacity * sizeof *left);
        if (left == NULL) {
            accounting->short_of_memory = true;
            return;
        }
        accounting->left = left;
        accounting->capacity = capacity;
    }
    accounting->left[accounting->entries++] = remainder;
}

bool rpi_accounting_leave(struct accounting *accounting, struct unit_range unit_range)
{
    add_remainder(accounting, (struct remainder){unit_range, 0});
    return !accounting->short_of_memory;
}

/* Divides a gap into ranges whose units were involved in the same deaths. */
static void divide_gap(struct accounting *accounting, struct unit_range gap)
{
    while (!unit_range_empty(gap)) {
        struct unit_range part = {gap.low, uniform_end(accounting, gap.low, gap.high)};
        uint32_t deaths = unit_deaths(accounting, part.low);
        if (deaths >= accounting->limit)
            rpi_accounting_give_up(accounting, part);
        else
            add_remainder(accounting, (struct remainder){part, deaths});
        gap.low = part.high;
    }
}

static void interval_add_all(struct interval_set *interval_set, const struct interval_set *added)
{
    for (uint32_t i = 0; i < added->count; i++)
        rpi_interval_set_add(interval_set, added->unit_ranges[i]);
    interval_set->short_of_memory = interval_set->short_of_memory || added->short_of_memory;
}

/* Returns the units that need no more work. */
static struct interval_set units_done(const struct accounting *accounting,
                                      const struct interval_set *have)
{
    struct interval_set done = {.unit_ranges = NULL};
    interval_add_all(&done, &accounting->settled);
    if (have != NULL)
        interval_add_all(&done, have);
    for (int node = 0; node < accounting->nodes && have == NULL; node++)
        interval_add_all(&done, &accounting->finished[node]);
    return done;
}

bool rpi_accounting_close(struct accounting *accounting, const struct interval_set *have)
{
    struct interval_set covered = units_done(accounting, have);
    uint32_t most = covered.count + 1;
    struct unit_range *gaps = malloc(most * sizeof *gaps);
    accounting->entries = 0;
    bool sound = gaps != NULL && !covered.short_of_memory && !accounting->deaths.short_of_memory &&
                 !accounting->doubts.short_of_memory;
    uint32_t found =
        sound
            ? rpi_interval_set_gaps(&covered, (struct unit_range){0, accounting->units}, gaps, most)
            : 0;
    for (uint32_t i = 0; i < found; i++)
        divide_gap(accounting, gaps[i]);
    for (int node = 0; node < accounting->nodes; node++) {
        rpi_interval_set_end(&accounting->given[node]);
        accounting->tried[node] = (struct suspects){.batch = {{.attempt = 0}}};
    }
    free(gaps);
    rpi_interval_set_end(&covered);
    return sound && !accounting->short_of_memory;
}

int64_t rpi_accounting_next(const struct accounting *accounting, int64_t attempts)
{
    for (uint32_t i = 0; i < accounting->entries; i++) {
        if (!unit_range_empty(accounting->left[i].unit_range) &&
            accounting->left[i].attempt <= attempts)
            return i;
    }
    return -1;
}

uint32_t rpi_accounting_most(const struct remainder *left, uint32_t some)
{
    const uint32_t few = 1000; /* one by one, they take some tenths of a second */
    uint32_t length = unit_range_length(left->unit_range);
    if (left->attempt == 0)
        return UINT32_MAX;
    bool alone = left->attempt > 1 && length <= few;
    return alone ? 1 : (uint32_t)fmin(some, floor(sqrt(length)));
}
