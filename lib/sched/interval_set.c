#include "sched/interval_set.h"

#include <stdlib.h>

void rpi_interval_set_add(struct interval_set *interval_set, struct unit_range unit_range)
{
    if (unit_range_empty(unit_range))
        return;
    if (interval_set->count == interval_set->capacity) {
        uint32_t capacity = interval_set->capacity > 0 ? 2 * interval_set->capacity : 64;
        struct unit_range *unit_ranges =
            realloc(interval_set->unit_ranges, capacity * sizeof *unit_ranges);
        if (unit_ranges == NULL) {
            interval_set->short_of_memory = true;
            return;
        }
        interval_set->unit_ranges = unit_ranges;
        interval_set->capacity = capacity;
    }
    interval_set->unit_ranges[interval_set->count++] = unit_range;
}

uint32_t rpi_interval_set_gaps(struct interval_set *interval_set, struct unit_range whole,
                               struct unit_range *gaps, uint32_t most)
{
    uint32_t found = 0, reached = whole.low;
    if (interval_set->count > 0)
        qsort(interval_set->unit_ranges, interval_set->count, sizeof *interval_set->unit_ranges,
              unit_range_compare);
    for (uint32_t i = 0; i <= interval_set->count && reached < whole.high; i++) {
        bool last = i == interval_set->count;
        uint32_t next = last || interval_set->unit_ranges[i].low > whole.high
                            ? whole.high
                            : interval_set->unit_ranges[i].low;
        if (next > reached && found++ < most)
            gaps[found - 1] = (struct unit_range){reached, next};
        if (!last && interval_set->unit_ranges[i].high > reached)
            reached = interval_set->unit_ranges[i].high;
    }
    return found;
}

void rpi_interval_set_end(struct interval_set *interval_set)
{
    free(interval_set->unit_ranges);
    *interval_set = (struct interval_set){.unit_ranges = NULL};
}
