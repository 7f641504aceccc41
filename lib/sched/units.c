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

/* ---- blocks ---------------------------------------------------------------------------------- */

rp_range rp_block(int64_t n, int64_t parts, int64_t part)
{
    if (n < 0 || parts < 1 || part < 0 || part >= parts)
        return (rp_range){0, 0};
    int64_t length = n / parts, longer = n % parts;
    int64_t begin = part * length + (part < longer ? part : longer);
    return (rp_range){begin, begin + length + (part < longer)};
}

int64_t rp_block_owner(int64_t n, int64_t parts, int64_t item)
{
    if (n < 0 || parts < 1 || item < 0 || item >= n)
        return -1;
    int64_t length = n / parts, longer = n % parts;
    int64_t in_longer = longer * (length + 1);
    if (item < in_longer)
        return item / (length + 1);
    return longer + (item - in_longer) / length;
}
