/* How the items of a packet, or their results, lie in an area of memory one behind the other: each
 * a record and its data, aligned as malloc() does. What does not fit lies elsewhere, and its record
 * says where. */
#ifndef RANKPOOL_STREAM_PACKET_FORMAT_H
#define RANKPOOL_STREAM_PACKET_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_ALIGNMENT = 16,
    RECORD_LEAST = 32 /* a record at the least, if its data may lie elsewhere */
};

struct record {
    uint64_t bytes;     /* of the data */
    uint32_t elsewhere; /* what follows is a uint64_t: the address, or the offset, of the data */
    uint32_t failed;    /* the data are an rp_error */
};

/* Bytes that data take up, so that what follows is aligned as well. */
static inline size_t record_padded(size_t bytes)
{
    return (bytes + RECORD_ALIGNMENT - 1) / RECORD_ALIGNMENT * RECORD_ALIGNMENT;
}

struct area {
    char *base;
    size_t used, capacity;
};

/* Where the data of the next record would go, and how many bytes of them fit if `reserved` bytes
 * are to be left behind it. */
static inline void *area_room(const struct area *area, size_t reserved, size_t *bytes)
{
    size_t left = area->capacity - area->used - sizeof(struct record);
    *bytes = left > reserved ? left - reserved : 0;
    return area->base + area->used + sizeof(struct record);
}

/* Adds a record whose data are in place already. */
static inline void area_add(struct area *area, bool failed, size_t bytes)
{
    *(struct record *)(void *)(area->base + area->used) =
        (struct record){.bytes = bytes, .failed = failed};
    area->used += sizeof(struct record) + record_padded(bytes);
}

/* Adds a record whose data lie elsewhere. */
static inline void area_refer(struct area *area, bool failed, size_t bytes, uint64_t where)
{
    struct record *record = (void *)(area->base + area->used);
    *record = (struct record){.bytes = bytes, .elsewhere = 1, .failed = failed};
    *(uint64_t *)(void *)(record + 1) = where;
    area->used += RECORD_LEAST;
}

/* The record at *position, which moves behind it; NULL at the end. What follows it: record + 1. */
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
