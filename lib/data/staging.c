#include "data/staging.h"

#include "base/round_up.h"

/* A slot takes long enough to compute to hide the request for the next one; all slots together are
 * small compared with the memory per core. */
static const size_t slot_target = (size_t)4 << 20, alignment = 4096;

/* The number of units whose elements fill a slot. */
static uint32_t staging_slot_units(size_t item_bytes, const struct units *units, size_t slots)
{
    size_t fitting = slots * slot_target / item_bytes / (size_t)units->unit_items;
    if (fitting < 1)
        return 1;
    return fitting < units->count ? (uint32_t)fitting : units->count;
}

/* Lays out slots that are as large as so many of a node. */
static void staging_lay_out(struct staging *staging, const struct units *units, size_t slots)
{
    size_t item_bytes = 0;
    for (int i = 0; i < MOST_ARRAYS; i++)
        item_bytes += staging->staged[i] ? staging->size[i] : 0;
    staging->most = UINT32_MAX;
    staging->slot_bytes = 0;
    if (item_bytes == 0)
        return;
    staging->most = staging_slot_units(item_bytes, units, slots);
    for (int i = 0; i < MOST_ARRAYS; i++) {
        staging->offset[i] = staging->slot_bytes;
        if (staging->staged[i])
            staging->slot_bytes +=
                round_up(staging->most * (size_t)units->unit_items * staging->size[i], alignment);
    }
}

struct staging rpi_staging_plan(const struct access *access, int count, const struct units *units)
{
    struct staging staging = {.most = UINT32_MAX};
    for (int i = 0; i < count; i++) {
        staging.staged[i] = access[i].staged;
        staging.size[i] = access[i].size;
    }
    staging_lay_out(&staging, units, 1);
    return staging;
}

struct staging rpi_staging_of_group(const struct staging *of_node, const struct units *units,
                                    int nodes)
{
    struct staging staging = *of_node;
    staging_lay_out(&staging, units, ((size_t)nodes + 1) / 2);
    return staging;
}

rp_status rpi_stage_provide(rp_pool *pool, const struct staging *staging, rp_error *error)
{
    size_t bytes = BATCH_QUEUES * staging->slot_bytes;
    return pool_memory_grow(pool, bytes, &pool->memory.stage, error);
}

char *rpi_stage_at(char *stage, const struct staging *staging, int place, int index,
                   int64_t element)
{
    return stage + (size_t)place * staging->slot_bytes + staging->offset[index] +
           (size_t)element * staging->size[index];
}
