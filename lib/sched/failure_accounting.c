#include "sched/failure_accounting.h"

#include <math.h>
#include <stdlib.h>

bool rpi_accounting_begin(struct accounting *accounting, uint32_t units, int ranks, int nodes,
                          uint32_t limit)
{
    *accounting = (struct accounting){.units = units, .limit = limit, .nodes = nodes};
    accounting->node = calloc((size_t)nodes, sizeof *accounting->node);
    accounting->blamed = calloc((size_t)ranks, sizeof *accounting->blamed);
    return accounting->node != NULL && accounting->blamed != NULL;
}

void rpi_accounting_end(struct accounting *accounting)
{
    for (int node = 0; node < accounting->nodes && accounting->node != NULL; node++) {
        rpi_interval_set_end(&accounting->node[node].finished);
        rpi_interval_set_end(&accounting->node[node].given);
    }
    free(accounting->node);
    free(accounting->left);
    free(accounting->blamed);
    rpi_interval_set_end(&accounting->settled);
    rpi_interval_set_end(&accounting->deaths);
    rpi_interval_set_end(&accounting->accused);
    rpi_interval_set_end(&accounting->given_up);
    *accounting = (struct accounting){.nodes = 0};
}

/* Adjacent batches become one range. */
static void interval_extend(struct interval_set *set, struct unit_range unit_range)
{
    if (set->count > 0 && set->unit_ranges[set->count - 1].high == unit_range.low)
        set->unit_ranges[set->count - 1].high = unit_range.high;
    else
        rpi_interval_set_add(set, unit_range);
}

void rpi_accounting_record(struct accounting *accounting, struct unit_range unit_range)
{
    interval_extend(&accounting->settled, unit_range);
}

void rpi_accounting_finish(struct accounting *accounting, int node, struct unit_range unit_range)
{
    rpi_interval_set_add(&accounting->node[node].finished, unit_range);
}

void rpi_accounting_give(struct accounting *accounting, int node, struct unit_range unit_range,
                         uint32_t attempt)
{
    struct node_account *account = &accounting->node[node];
    interval_extend(&account->given, unit_range);
    account->units += unit_range_length(unit_range);
    account->tries = attempt > 0;
}

static void account_clear(struct node_account *account)
{
    rpi_interval_set_end(&account->given);
    account->tries = false;
}

void rpi_accounting_clear(struct accounting *accounting, int node, uint32_t units)
{
    if (units == accounting->node[node].units)
        account_clear(&accounting->node[node]);
}

int64_t rpi_accounting_allows(const struct accounting *accounting, int node)
{
    const struct node_account *account = &accounting->node[node];
    return account->tries ? -1 : account->given.count > 0 ? 0 : INT64_MAX;
}

void rpi_accounting_give_up(struct accounting *accounting, struct unit_range unit_range)
{
    rpi_interval_set_add(&accounting->given_up, unit_range);
    rpi_interval_set_add(&accounting->settled, unit_range);
}

/* Records a death in one of these units. */
static void record_death(struct accounting *accounting, const struct unit_range *unit_ranges,
                         uint32_t count)
{
    if (count == 1 && unit_range_length(unit_ranges[0]) == 1)
        rpi_interval_set_add(&accounting->accused, unit_ranges[0]);
    for (uint32_t i = 0; i < count; i++)
        rpi_interval_set_add(&accounting->deaths, unit_ranges[i]);
}

void rpi_accounting_attribute(struct accounting *accounting, int rank, struct unit_range unit_range)
{
    if (!accounting->blamed[rank])
        record_death(accounting, &unit_range, 1);
    accounting->blamed[rank] = true;
}

void rpi_accounting_lose_node(struct accounting *accounting, int node)
{
    struct node_account *account = &accounting->node[node];
    record_death(accounting, account->given.unit_ranges, account->given.count);
    rpi_interval_set_end(&account->finished);
    account_clear(account);
}

static uint32_t interval_count(const struct interval_set *interval_set, uint32_t unit)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < interval_set->count; i++)
        count +=
            interval_set->unit_ranges[i].low <= unit && unit < interval_set->unit_ranges[i].high;
    return count;
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

bool rpi_accounting_leave(struct accounting *accounting, struct unit_range unit_range, int node)
{
    if (!unit_range_empty(unit_range))
        add_remainder(accounting, (struct remainder){unit_range, 0, node});
    return !accounting->short_of_memory;
}

/* Divides a gap into ranges whose units were involved in the same deaths. */
static void divide_gap(struct accounting *accounting, struct unit_range gap)
{
    while (!unit_range_empty(gap)) {
        struct unit_range part = gap;
        for (uint32_t i = 0; i < accounting->deaths.count; i++)
            part = unit_range_part(part, accounting->deaths.unit_ranges[i]);
        uint32_t deaths =
            deaths_counted(interval_count(&accounting->deaths, part.low),
                           interval_count(&accounting->accused, part.low) > 0, accounting->limit);
        if (deaths >= accounting->limit)
            rpi_accounting_give_up(accounting, part);
        else
            add_remainder(accounting, (struct remainder){part, deaths, -1});
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
        interval_add_all(&done, &accounting->node[node].finished);
    return done;
}

bool rpi_accounting_close(struct accounting *accounting, const struct interval_set *have)
{
    struct interval_set covered = units_done(accounting, have);
    uint32_t most = covered.count + 1;
    struct unit_range *gaps = malloc(most * sizeof *gaps);
    accounting->entries = 0;
    bool sound = gaps != NULL && !covered.short_of_memory && !accounting->deaths.short_of_memory &&
                 !accounting->accused.short_of_memory;
    uint32_t found =
        sound
            ? rpi_interval_set_gaps(&covered, (struct unit_range){0, accounting->units}, gaps, most)
            : 0;
    for (uint32_t i = 0; i < found; i++)
        divide_gap(accounting, gaps[i]);
    for (int node = 0; node < accounting->nodes; node++) {
        account_clear(&accounting->node[node]);
        accounting->node[node].units = 0;
    }
    free(gaps);
    rpi_interval_set_end(&covered);
    return sound && !accounting->short_of_memory;
}

int64_t rpi_accounting_next(const struct accounting *accounting, int node, int64_t attempts)
{
    for (uint32_t i = 0; i < accounting->entries; i++) {
        const struct remainder *left = &accounting->left[i];
        if (!unit_range_empty(left->unit_range) && left->attempt <= attempts &&
            (left->node < 0 || left->node == node))
            return i;
    }
    return -1;
}

uint32_t rpi_accounting_most(const struct remainder *left)
{
    const uint32_t few = 1000; /* one by one, they take some tenths of a second */
    uint32_t length = unit_range_length(left->unit_range);
    if (left->attempt == 0)
        return UINT32_MAX;
    return left->attempt > 1 && length <= few ? 1 : (uint32_t)sqrt(length);
}

bool rpi_accounting_next_given_up(const struct accounting *accounting,
                                  struct unit_range *unit_range)
{
    uint32_t begin = unit_range->high;
    bool found = false;
    for (uint32_t i = 0; i < accounting->given_up.count; i++) {
        struct unit_range lost = accounting->given_up.unit_ranges[i];
        if (lost.low >= begin && (!found || lost.low < unit_range->low)) {
            *unit_range = lost;
            found = true;
        }
    }
    return found;
}
