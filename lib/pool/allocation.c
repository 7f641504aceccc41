/* Node memory for the program. */
#include "base/error.h"
#include "pool/pool.h"

#include <inttypes.h>
#include <stdlib.h>

static struct allocation **find(rp_pool *pool, const void *memory)
{
    struct allocation **place = &pool->allocations;
    while (*place != NULL && (*place)->memory.base != memory)
        place = &(*place)->next;
    return place;
}

int64_t rpi_allocation_find(const rp_pool *pool, const void *address, int64_t *offset)
{
    const char *sought = address;
    for (const struct allocation *place = pool->allocations; place != NULL; place = place->next) {
        const char *base = place->memory.base;
        if (sought >= base && sought < base + place->memory.bytes) {
            if (offset != NULL)
                *offset = sought - base;
            return place->number;
        }
    }
    return -1;
}

size_t rpi_allocation_left(const rp_pool *pool, const void *address)
{
    int64_t offset = 0, number = rpi_allocation_find(pool, address, &offset);
    for (const struct allocation *place = pool->allocations; place != NULL; place = place->next) {
        if (place->number == number)
            return place->memory.bytes - (size_t)offset;
    }
    return 0;
}

char *rpi_allocation_place(const rp_pool *pool, int64_t number, int64_t offset)
{
    for (const struct allocation *place = pool->allocations; place != NULL; place = place->next) {
        if (place->number == number)
            return (char *)place->memory.base + offset;
    }
    return NULL;
}

static void drop(struct allocation **place)
{
    struct allocation *allocation = *place;
    *place = allocation->next;
    rpi_node_memory_drop(&allocation->memory);
    free(allocation);
}

void rpi_pool_drop_allocations(rp_pool *pool)
{
    while (pool->allocations != NULL)
        drop(&pool->allocations);
}

/* First meeting: everyone wants the same size, and has room for the bookkeeping. */
static rp_status want(rp_pool *pool, size_t bytes, void **memory, struct allocation *allocation)
{
    struct ballot ballot = rpi_ballot(CALL_ALLOC);
    ballot.terms[0] = (int64_t)bytes;
    if (bytes < 1 || bytes > PTRDIFF_MAX)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "bytes is %zu: give 1 to %td", bytes,
                      PTRDIFF_MAX);
    else if (memory == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no place to store the address in");
    else if (allocation == NULL)
        rpi_error_set(&ballot.error, RP_ERR_MEMORY, "no memory for an allocation's record");
    return rpi_pool_meet(pool, &ballot);
}

/* Second meeting: it worked on every node. */
static rp_status make(rp_pool *pool, size_t bytes, struct allocation *allocation)
{
    struct ballot ballot = rpi_ballot(CALL_ALLOC_DONE);
    rpi_node_memory_make(pool->world.node_comm, bytes, &allocation->memory, &ballot.error);
    return rpi_pool_meet(pool, &ballot);
}

rp_status rp_alloc(rp_pool *pool, size_t bytes, void **memory)
{
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    if (memory != NULL)
        *memory = NULL;
    struct allocation *allocation = calloc(1, sizeof *allocation);
    rp_status status = want(pool, bytes, memory, allocation);
    if (status == RP_OK)
        status = make(pool, bytes, allocation);
    if (status != RP_OK) {
        if (allocation != NULL)
            rpi_node_memory_drop(&allocation->memory);
        free(allocation);
        return status;
    }
    allocation->number = pool->allocated++;
    allocation->next = pool->allocations;
    pool->allocations = allocation;
    *memory = allocation->memory.base;
    return RP_OK;
}

rp_status rp_free(rp_pool *pool, void **memory)
{
    const int64_t none = -1;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    struct ballot ballot = rpi_ballot(CALL_FREE);
    ballot.terms[0] = none;
    struct allocation **place = NULL;
    if (memory == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "no pointer to the memory");
    else if (*memory != NULL && *(place = find(pool, *memory)) == NULL)
        rpi_error_set(&ballot.error, RP_ERR_ARGUMENT, "%p is not from rp_alloc() on this pool",
                      *memory);
    else if (*memory != NULL)
        ballot.terms[0] = (*place)->number;
    rp_status status = rpi_pool_meet(pool, &ballot);
    if (status == RP_OK && place != NULL) {
        drop(place);
        *memory = NULL;
    }
    return status;
}
