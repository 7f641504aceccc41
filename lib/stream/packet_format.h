/* Layout of the items of a packet, or of their results, in an area of memory: one record after the
 * other, each followed by its data, aligned as by malloc(). Data that does not fit is stored
 * outside the area, and its record says where. */
#ifndef RANKPOOL_STREAM_PACKET_FORMAT_H
#define RANKPOOL_STREAM_PACKET_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_ALIGNMENT = 16,
    RECORD_LEAST = 32 /* minimum size of a record whose data may be outside the area */
};

struct record {
    uint64_t bytes;     /* of the data */
    uint32_t elsewhere; /* the data is outside: a uint64_t with its address or offset follows */
    uint32_t failed;    /* the data is an rp_error */
};

/* Returns the bytes that data occupies, rounded up to the alignment. */
static inline size_t record_padded(size_t bytes)
{
    return (bytes + RECORD_ALIGNMENT - 1) / RECORD_ALIGNMENT * RECORD_ALIGNMENT;
}

struct area {
    char *base;
    size_t used, capacity;
};

/* Returns the place for the data of the next record. Sets *bytes to what fits if `reserved` bytes
 * are left free after it. */
static inline void *area_room(const struct area *area, size_t reserved, size_t *bytes)
{
    size_t left = area->capacity - area->used - sizeof(struct record);
    *bytes = left > reserved ? left - reserved : 0;
    return area->base + area->used + sizeof(struct record);
}

/* Adds a record whose data is in place already. */
static inline void area_add(struct area *area, bool failed, size_t bytes)
{
    *(struct record *)(void *)(area->base + area->used) =
        (struct record){.bytes = bytes, .failed = failed};
    area->used += sizeof(struct record) + record_padded(bytes);
}

/* Adds a record whose data is outside the area. */
static inline void area_refer(struct area *area, bool failed, size_t bytes, uint64_t where)
{
    struct record *record = (void *)(area->base + area->used);
    *record = (struct record){.bytes = bytes, .elsewhere = 1, .failed = failed};
    *(uint64_t *)(void *)(record + 1) = where;
    area->used += RECORD_LEAST;
}

/* Returns the record at *position and advances *position, or NULL at the end. The data, or its
 * address or offset, starts at record + 1. */
static inline struct record *area_next(const struct area *area, size_t *position)
{
    if (*position >= area->used)
        return NULL;
    struct record *record = (void *)(area->base + *position);
    size_t bytes = record->elsewhere ? RECORD_LEAST - sizeof *record : record->bytes;
    *position += sizeof *record + record_padded(bytes);
    return record;
}

#endif
