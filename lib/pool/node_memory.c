/* Node memory, for the program and for calls of the pool. */
#include "base/error.h"
#include "grid/grid.h"

#include <inttypes.h>
#include <stdlib.h>

/* How the ranks of a node fill an allocation. */
struct filling {
    int64_t n; /* elements */
    rp_fill_fn fill;
    void *user;
};

static struct allocation **allocation_find(rp_pool *pool, const void *memory)
{
    struct allocation **place = &pool->memory.allocations;
    while (*place != NULL && (*place)->memory.base != memory)
        place = &(*place)->next;
    return place;
}

/* The allocation that holds this address, or NULL. */
static const struct allocation *allocation_around(const rp_pool *pool, const void *address)
{
    const struct allocation *place = pool->memory.allocations;
    while (place != NULL &&
           (uintptr_t)address - (uintptr_t)place->memory.base >= place->memory.bytes)
        place = place->next;
    return place;
}

int64_t rpi_allocation_find(const rp_pool *pool, const void *address, int64_t *offset)
{
    const struct allocation *place = allocation_around(pool, address);
    if (place != NULL && offset != NULL)
        *offset = (const char *)address - (const char *)place->memory.base;
    return place != NULL ? place->number : -1;
}

size_t rpi_allocation_left(const rp_pool *pool, const void *address)
{
    const struct allocation *place = allocation_around(pool, address);
    const char *base = place != NULL ? place->memory.base : NULL;
    return place != NULL ? (size_t)(base + place->memory.bytes - (const char *)address) : 0;
}

char *rpi_allocation_place(const rp_pool *pool, int64_t number, int64_t offset)
{
    const struct allocation *place = pool->memory.allocations;
    while (place != NULL && place->number != number)
        place = place->next;
    return place != NULL ? (char *)place->memory.base + offset : NULL;
}

const struct node_memory *rpi_pool_memory(const rp_pool *pool, int index)
{
    const struct node_memory *first[] = {&pool->world.memory, &pool->memory.stage,
                                         &pool->memory.slot_queue};
    const int count = sizeof first / sizeof first[0];
    const rp_grid *grid = pool->grids->open;
    for (int i = count; i < index && grid != NULL; i++)
        grid = grid->next;
    return index < count ? first[index] : grid != NULL ? &grid->halo.memory : NULL;
}

bool rpi_pool_overlaps(const rp_pool *pool, const void *address, size_t bytes)
{
    uintptr_t at = (uintptr_t)address, own = (uintptr_t)pool;
    const struct node_memory *memory;
    bool overlaps = at < own + pool->bytes && own < at + bytes;
    for (int i = 0; !overlaps && (memory = rpi_pool_memory(pool, i)) != NULL; i++)
        overlaps = rpi_node_memory_overlaps(memory, address, bytes);
    for (const struct allocation *place = pool->memory.allocations; place != NULL && !overlaps;
         place = place->next)
        overlaps = rpi_node_memory_overlaps(&place->memory, address, bytes);
    return overlaps;
}

static void allocation_drop(struct allocation **place)
{
    struct allocation *allocation = *place;
    *place = allocation->next;
    rpi_node_memory_drop(&allocation->memory);
    free(allocation);
}

void rpi_pool_drop_allocations(rp_pool *pool)
{
    while (pool->memory.allocations != NULL)
        allocation_drop(&pool->memory.allocations);
}

/* First agreement: all ranks request the same size, and have memory for the record. */
static rp_status allocation_request(rp_pool *pool, struct vote *vote, void **memory,
                                    const struct allocation *allocation)
{
    if (vote->error.status != RP_OK)
        return rpi_pool_agree(pool, vote);
    if (memory == NULL)
        rpi_error_set(&vote->error, RP_ERR_ARGUMENT, "no place to store the address in");
    else if (allocation == NULL)
        rpi_error_set(&vote->error, RP_ERR_MEMORY, "no memory for an allocation's record");
    return rpi_pool_agree(pool, vote);
}

/* Second agreement: the allocation succeeded on every node. */
static rp_status allocation_make(rp_pool *pool, size_t bytes, struct allocation *allocation)
{
    struct vote vote = rpi_vote(CALL_ALLOC_DONE);
    rpi_node_memory_make(pool->world.node_comm, bytes, &allocation->memory, &vote.error);
    return rpi_pool_agree(pool, &vote);
}

/* Third agreement: every rank has filled its share. */
static rp_status allocation_fill(rp_pool *pool, const struct filling *filling,
                                 const struct allocation *allocation)
{
    const struct world *world = &pool->world;
    struct vote vote = rpi_vote(CALL_FILLED);
    rp_range share = rp_block(filling->n, world->node_ranks, world->node_rank);
    int code = 0;
    rpi_node_memory_collapse(&allocation->memory);
    if (share.begin < share.end)
        code = filling->fill(allocation->memory.base, share, filling->user);
    if (code != 0) {
        rpi_error_set(&vote.error, RP_ERR_TASK,
                      "the fill function failed with code %d, for elements %" PRId64 " to %" PRId64,
                      code, share.begin, share.end - 1);
        vote.error.task_code = code;
    }
    return rpi_pool_agree(pool, &vote);
}

/* Allocates, and fills if `filling` is not NULL. `vote` has the arguments, checked. */
static rp_status allocation_run(rp_pool *pool, struct vote *vote, size_t bytes,
                                const struct filling *filling, void **memory)
{
    if (memory != NULL)
        *memory = NULL;
    struct allocation *allocation = calloc(1, sizeof *allocation);
    rp_status status = allocation_request(pool, vote, memory, allocation);
    if (status == RP_OK)
        status = allocation_make(pool, bytes, allocation);
    if (status == RP_OK && filling != NULL)
        status = allocation_fill(pool, filling, allocation);
    if (status != RP_OK) {
        if (allocation != NULL)
            rpi_node_memory_drop(&allocation->memory);
        free(allocation);
        return status;
    }
    allocation->number = pool->memory.allocated++;
    allocation->next = pool->memory.allocations;
    pool->memory.allocations = allocation;
    *memory = allocation->memory.base;
    return RP_OK;
}

rp_status rp_node_alloc(rp_pool *pool, size_t bytes, void **memory)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    struct vote vote = rpi_vote(CALL_ALLOC);
    vote.terms[ALLOCATION_BYTES] = (int64_t)bytes;
    if (bytes < 1 || bytes > PTRDIFF_MAX)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "bytes is %zu: give 1 to %td", bytes,
                      PTRDIFF_MAX);
    return allocation_run(pool, &vote, bytes, NULL, memory);
}

rp_status rp_node_alloc_filled(rp_pool *pool, int64_t n, size_t size, rp_fill_fn fill, void *user,
                               void **memory)
{
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    const struct filling filling = {n, fill, user};
    struct vote vote = rpi_vote(CALL_ALLOC_FILLED);
    vote.terms[ALLOCATION_N] = n;
    vote.terms[ALLOCATION_ELEMENT_SIZE] = (int64_t)size;
    if (n < 1 || size < 1 || size > (size_t)(PTRDIFF_MAX / n))
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT,
                      "%" PRId64 " elements of %zu bytes: give 1 to %td bytes", n, size,
                      PTRDIFF_MAX);
    else if (fill == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no function to fill the memory with");
    return allocation_run(pool, &vote, (size_t)n * size, &filling, memory);
}

rp_status rp_node_free(rp_pool *pool, void **memory)
{
    const int64_t none = -1;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    struct vote vote = rpi_vote(CALL_FREE);
    vote.terms[ALLOCATION_NUMBER] = none;
    struct allocation **place = NULL;
    if (memory == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "no pointer to the memory");
    else if (*memory != NULL && *(place = allocation_find(pool, *memory)) == NULL)
        rpi_error_set(&vote.error, RP_ERR_ARGUMENT, "%p is not from rp_node_alloc() on this pool",
                      *memory);
    else if (*memory != NULL)
        vote.terms[ALLOCATION_NUMBER] = (*place)->number;
    rp_status status = rpi_pool_agree(pool, &vote);
    if (status == RP_OK && place != NULL) {
        allocation_drop(place);
        *memory = NULL;
    }
    return status;
}
