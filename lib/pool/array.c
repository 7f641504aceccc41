#include "pool/array.h"

#include "base/error.h"
#include "world/mpi_error.h"
#include "world/peer_memory.h"

#include <inttypes.h>
#include <stdlib.h>

/* What a rank tells the others of its arrays. */
struct told {
    struct peer self;
    int node;
    struct {
        uint64_t address;
        int64_t allocation, offset; /* in node memory, or allocation -1 */
    } arrays[MOST_ARRAYS];
};

rp_status rpi_array_check(const rp_pool *pool, const struct array *array, int64_t n,
                          rp_error *error)
{
    const char *name = array->name;
    if ((int)array->place < RP_ON_ROOT || (int)array->place > RP_ON_RANKS)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "%s_place is %d, which is no place", name,
                             (int)array->place);
    bool looked_at = array->place != RP_ON_ROOT || pool->world.rank == pool->world.root;
    if (!looked_at)
        return RP_OK;
    if (array->size == 0 && array->base != NULL)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "%s is not NULL, but its elements have 0 bytes", name);
    if (array->size > 0 && array->base == NULL && n > 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT, "%s is NULL, but its elements have %zu bytes",
                             name, array->size);
    if (n > 0 && array->size > (size_t)(PTRDIFF_MAX / n))
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "%s: %" PRId64 " elements of %zu bytes are more than memory can hold",
                             name, n, array->size);
    size_t wanted = (size_t)n * array->size, left = rpi_allocation_left(pool, array->base);
    if (wanted > 0 && left == 0 && array->place == RP_ON_NODES)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "%s is said to be on the nodes, but is not in memory of rp_alloc()",
                             name);
    if (left > 0 && wanted > left)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "%s: %" PRId64
                             " elements of %zu bytes go beyond its memory of rp_alloc()",
                             name, n, array->size);
    return RP_OK;
}

static struct told tell(const rp_pool *pool, const struct array *arrays, int count)
{
    struct told told = {.node = pool->world.node};
    for (int i = 0; i < count; i++) {
        /* Only a process that has something to show lets others look into its memory. */
        if (arrays[i].base != NULL)
            told.self = rpi_peer_self();
        told.arrays[i].address = (uint64_t)(uintptr_t)arrays[i].base;
        told.arrays[i].allocation =
            rpi_allocation_find(pool, arrays[i].base, &told.arrays[i].offset);
    }
    return told;
}

static struct reach reach_of(const rp_pool *pool, const struct array *array, int index,
                             const struct told *told)
{
    const struct world *world = &pool->world;
    struct reach reach = {.size = array->size, .first_peer = 0, .last_peer = -1};
    bool absent = array->place == RP_ON_ROOT && told[world->root].arrays[index].address == 0;
    if (array->size == 0 || absent) {
        reach.size = 0;
        return reach;
    }
    const struct told *root = &told[world->root];
    if (array->place != RP_ON_ROOT || world->rank == world->root)
        reach.here = array->base;
    else if (root->node == world->node)
        reach.here =
            rpi_allocation_place(pool, root->arrays[index].allocation, root->arrays[index].offset);
    if (reach.here == NULL)
        reach.first_peer = reach.last_peer = world->root;
    if (array->output && array->place == RP_ON_RANKS)
        reach.last_peer = world->ranks - 1;
    return reach;
}

/* The first rank whose memory this one should reach and cannot, or -1. */
static int unreachable(const struct reaches *reaches, const struct reach *reach)
{
    for (int rank = reach->first_peer; rank <= reach->last_peer; rank++) {
        if (rank != reaches->rank && !rpi_peer_reachable(&reaches->told[rank].self))
            return rank;
    }
    return -1;
}

/* Do all ranks mean the same place in node memory? */
static bool same_node_memory(const rp_pool *pool, const struct told *told, int index)
{
    for (int rank = 1; rank < pool->world.ranks; rank++) {
        if (told[rank].arrays[index].allocation != told[0].arrays[index].allocation ||
            told[rank].arrays[index].offset != told[0].arrays[index].offset)
            return false;
    }
    return true;
}

static rp_status check_reach(const rp_pool *pool, const struct array *array, int index,
                             const struct reaches *reaches, rp_error *error)
{
    const struct reach *reach = &reaches->reach[index];
    bool on_nodes = array->place == RP_ON_NODES && reach->here != NULL;
    int rank = unreachable(reaches, reach);
    if (rank >= 0)
        return rpi_error_set(error, RP_ERR_STATE,
                             "rank %d cannot reach \"%s\" in the memory of rank %d; use memory of "
                             "rp_alloc() on one node",
                             pool->world.rank, array->name, rank);
    if (on_nodes && array->output && pool->world.nodes > 1)
        return rpi_error_set(error, RP_ERR_STATE,
                             "\"%s\" is wanted on every node, which works only with one node yet",
                             array->name);
    if (on_nodes && !same_node_memory(pool, reaches->told, index))
        return rpi_error_set(error, RP_ERR_MISMATCH,
                             "\"%s\" is not the same memory of rp_alloc() on all ranks",
                             array->name);
    return RP_OK;
}

/* Also the verdict of those that have nothing to say: all must take the same way. */
static rp_status agree_on_reach(rp_pool *pool, const struct array *arrays, int count,
                                struct reaches *reaches, rp_error *error)
{
    rpi_error_clear(error);
    for (int i = 0; i < count && error->status == RP_OK; i++) {
        reaches->reach[i] = reach_of(pool, &arrays[i], i, reaches->told);
        check_reach(pool, &arrays[i], i, reaches, error);
    }
    return rpi_mpi_agree(pool->world.comm, error);
}

rp_status rpi_arrays_reach(rp_pool *pool, const struct array *arrays, int count,
                           struct reaches *reaches, rp_error *error)
{
    struct told mine = tell(pool, arrays, count);
    *reaches = (struct reaches){.rank = pool->world.rank};
    rpi_error_clear(error);
    reaches->told = malloc((size_t)pool->world.ranks * sizeof *reaches->told);
    if (reaches->told == NULL)
        rpi_error_set(error, RP_ERR_MEMORY, "no memory to note where arrays are");
    if (rpi_mpi_agree(pool->world.comm, error) != RP_OK)
        return error->status;
    int code = MPI_Allgather(&mine, sizeof mine, MPI_BYTE, reaches->told, sizeof mine, MPI_BYTE,
                             pool->world.comm);
    if (rpi_mpi_check(code, "MPI_Allgather", error) != RP_OK)
        return error->status;
    return agree_on_reach(pool, arrays, count, reaches, error);
}

void rpi_arrays_release(struct reaches *reaches)
{
    free(reaches->told);
    reaches->told = NULL;
}

static uint64_t address_of(const struct reaches *reaches, int index, int rank, int64_t element)
{
    return reaches->told[rank].arrays[index].address +
           (uint64_t)element * reaches->reach[index].size;
}

bool rpi_array_fetch(const struct reaches *reaches, int index, int64_t first, int64_t count,
                     void *elements)
{
    const struct reach *reach = &reaches->reach[index];
    int rank = reach->first_peer;
    return rpi_peer_read(&reaches->told[rank].self, address_of(reaches, index, rank, first),
                         elements, (size_t)count * reach->size);
}

bool rpi_array_deliver(const struct reaches *reaches, int index, int64_t first, int64_t count,
                       const void *elements)
{
    const struct reach *reach = &reaches->reach[index];
    for (int rank = reach->first_peer; rank <= reach->last_peer; rank++) {
        if (rank != reaches->rank &&
            !rpi_peer_write(&reaches->told[rank].self, address_of(reaches, index, rank, first),
                            elements, (size_t)count * reach->size))
            return false;
    }
    return true;
}
