#include "sched/completion_log.h"

#include <stdlib.h>

static uint32_t log_half(uint32_t generation, uint32_t capacity)
{
    return (generation & 1) * capacity;
}

/* Flag in `extent`, far above any capacity. */
static const uint64_t INCOMPLETE = UINT64_C(1) << 31;

static void publish_extent(struct log_writer *writer)
{
    uint64_t extent = (uint64_t)writer->generation << 32 | writer->length;
    atomic_store_explicit(&writer->log->extent, extent | (writer->incomplete ? INCOMPLETE : 0),
                          memory_order_release);
}

size_t rpi_completion_log_bytes(uint32_t capacity)
{
    return sizeof(struct completion_log) + 2 * (size_t)capacity * sizeof(_Atomic uint64_t);
}

void rpi_completion_log_start(struct log_writer *writer, struct completion_log *log,
                              uint32_t capacity)
{
    *writer = (struct log_writer){.log = log, .capacity = capacity};
    publish_extent(writer);
}

void rpi_completion_log_append(struct log_writer *writer, struct unit_range finished)
{
    if (writer->length == writer->capacity) {
        writer->incomplete = true;
        publish_extent(writer);
        return;
    }
    uint32_t place = log_half(writer->generation, writer->capacity) + writer->length;
    writer->last = finished;
    writer->newest = &writer->log->entries[place];
    atomic_store_explicit(writer->newest, unit_range_pack(finished), memory_order_release);
    writer->length++;
    publish_extent(writer);
}

/* Sorts ranges and merges adjacent ones. Returns how many remain. */
static uint32_t merge_adjacent(struct unit_range *unit_ranges, uint32_t count)
{
    qsort(unit_ranges, count, sizeof *unit_ranges, unit_range_compare);
    uint32_t saved = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (saved > 0 && unit_ranges[saved - 1].high == unit_ranges[i].low)
            unit_ranges[saved - 1].high = unit_ranges[i].high;
        else
            unit_ranges[saved++] = unit_ranges[i];
    }
    return saved;
}

static void log_compact(struct log_writer *writer)
{
    struct unit_range *unit_ranges = malloc(writer->capacity * sizeof *unit_ranges);
    if (unit_ranges == NULL)
        return;
    uint32_t count = rpi_completion_log_read(writer->log, writer->capacity, unit_ranges);
    writer->length = merge_adjacent(unit_ranges, count);
    writer->generation++;
    uint32_t half = log_half(writer->generation, writer->capacity);
    for (uint32_t i = 0; i < writer->length; i++)
        atomic_store_explicit(&writer->log->entries[half + i], unit_range_pack(unit_ranges[i]),
                              memory_order_release);
    writer->last = unit_ranges[writer->length - 1];
    writer->newest = &writer->log->entries[half + writer->length - 1];
    publish_extent(writer);
    free(unit_ranges);
}

/* Compaction takes as long as many chunks, so the log gives it up once it frees room for few. */
bool rpi_completion_log_room(struct log_writer *writer, uint32_t entries)
{
    const uint32_t part = 8;
    if (writer->capacity - writer->length >= entries)
        return true;
    if (!writer->packed) {
        log_compact(writer);
        writer->packed = writer->capacity - writer->length < writer->capacity / part;
    }
    return writer->capacity - writer->length >= entries;
}

uint32_t rpi_completion_log_read(const struct completion_log *log, uint32_t capacity,
                                 struct unit_range *copy)
{
    for (;;) {
        uint64_t before = atomic_load_explicit(&log->extent, memory_order_acquire);
        uint32_t generation = (uint32_t)(before >> 32), length = (uint32_t)(before & ~INCOMPLETE);
        uint32_t half = log_half(generation, capacity);
        for (uint32_t i = 0; i < length; i++)
            copy[i] = unit_range_unpack(
                atomic_load_explicit(&log->entries[half + i], memory_order_acquire));
        uint64_t after = atomic_load_explicit(&log->extent, memory_order_acquire);
        if (after >> 32 == generation)
            return length;
    }
}

bool rpi_completion_log_complete(const struct completion_log *log)
{
    return (atomic_load_explicit(&log->extent, memory_order_acquire) & INCOMPLETE) == 0;
}
