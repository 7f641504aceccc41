#include "pool/stage.h"

#include "pool/survival.h"

/* A slot is worth the time it takes to ask for the next one; all slots together stay small beside
 * the memory of a core. */
static const size_t slot_target = (size_t)4 << 20, alignment = 4096;

static size_t round_up(size_t bytes)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

/* Units whose elements fill a slot. */
static uint32_t units_of_slot(size_t item_bytes, const struct units *units)
{
    size_t fitting = slot_target / item_bytes / (size_t)units->unit_items;
    if (fitting < 1)
        return 1;
    return fitting < units->count ? (uint32_t)fitting : units->count;
}

struct staging rpi_staging_plan(const struct reach *reached, int count, const struct units *units)
{
    struct staging staging = {.most = UINT32_MAX};
    size_t item_bytes = 0;
    for (int i = 0; i < count; i++) {
        staging.staged[i] = reached[i].staged;
        staging.size[i] = reached[i].size;
        item_bytes += staging.staged[i] ? staging.size[i] : 0;
    }
    if (item_bytes == 0)
        return staging;
    staging.most = units_of_slot(item_bytes, units);
    for (int i = 0; i < count; i++) {
        staging.offset[i] = staging.slot_bytes;
        if (staging.staged[i])
            staging.slot_bytes +=
                round_up(staging.most * (size_t)units->unit_items * staging.size[i]);
    }
    return staging;
}

rp_status rpi_stage_reserve(rp_pool *pool, bool *reserved, rp_error *error)
{
    const size_t most = (size_t)1 << 36; /* of addresses, which cost nothing */
    return rpi_survival_reserve(pool, most, &pool->stage, reserved, error);
}

rp_status rpi_stage_provide(rp_pool *pool, const struct staging *staging, rp_error *error)
{
    size_t bytes = RESERVOIRS * staging->slot_bytes;
    if (pool->in_rounds)
        return rpi_node_memory_fill(&pool->stage, bytes, error);
    if (bytes <= pool->stage.bytes)
        return RP_OK;
    rpi_node_memory_drop(&pool->stage);
    return rpi_node_memory_make(pool->world.node_comm, bytes, &pool->stage, error);
}

char *rpi_stage_at(const rp_pool *pool, const struct staging *staging, int place, int index,
                   int64_t element)
{
    return (char *)pool->stage.base + (size_t)place * staging->slot_bytes + staging->offset[index] +
           (size_t)element * staging->size[index];
}
