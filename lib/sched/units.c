#include "sched/units.h"

/* Half of the 32-bit range, so that sums of two indices never wrap. */
static const int64_t most_units = INT64_C(1) << 31;

static int64_t units_divide_up(int64_t dividend, int64_t divisor)
{
    return dividend / divisor + (dividend % divisor != 0);
}

struct units rpi_units_cut(int64_t n)
{
    int64_t unit_items = n > most_units ? units_divide_up(n, most_units) : 1;
    return (struct units){.items = n,
                          .unit_items = unit_items,
                          .count = (uint32_t)units_divide_up(n, unit_items)};
}

struct units rpi_units_cut_leaves(int64_t n, int64_t leaf)
{
    int64_t unit_items = leaf < n ? leaf : (n > 0 ? n : 1);
    while (units_divide_up(n, unit_items) > most_units)
        unit_items *= 2;
    return (struct units){.items = n,
                          .unit_items = unit_items,
                          .count = (uint32_t)units_divide_up(n, unit_items)};
}

uint32_t rpi_units_for(const struct units *units, int64_t items)
{
    int64_t count = units_divide_up(items, units->unit_items);
    return count < units->count ? (uint32_t)count : (units->count > 0 ? units->count : 1);
}
