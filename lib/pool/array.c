#include "pool/array.h"

#include "base/error.h"
#include "pool/survival.h"
#include "world/mpi_error.h"
#include "world/peer_memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What a rank tells the others of its arrays. */
struct told {
    uint32_t meeting; /* in which it told; where ranks survive: others have died before */
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
        told.arrays[i].address = (uint64_t)(uintptr_t)arrays[i].base;
        told.arrays[i].allocation =
            rpi_allocation_find(pool, arrays[i].base, &told.arrays[i].offset);
        /* Only a process that has something to show lets others look into its memory. */
        if (arrays[i].base != NULL && told.arrays[i].allocation < 0)
            told.self = rpi_peer_self();
    }
    return told;
}

/* What the ranks found out together about each other's private memory. */
struct access {
    int no_root;  /* somebody on the root's node cannot reach the root's */
    int no_peers; /* somebody cannot reach somebody's */
};

static bool absent(const struct array *array, int index, const struct told *root)
{
    return array->size == 0 || (array->place == RP_ON_ROOT && root->arrays[index].address == 0);
}

/* An array of the root, seen from its node. */
static void reach_root(const rp_pool *pool, const struct array *array, int index,
                       const struct told *root, const struct access *access, struct reach *reach)
{
    const struct world *world = &pool->world;
    reach->here =
        rpi_allocation_place(pool, root->arrays[index].allocation, root->arrays[index].offset);
    if (reach->here != NULL)
        return;
    reach->staged = access->no_root != 0;
    if (reach->staged)
        return;
    if (world->rank == world->root)
        reach->here = array->base;
    else
        reach->first_peer = reach->last_peer = world->root;
}

static struct reach reach_of(const rp_pool *pool, const struct array *array, int index,
                             const struct told *told, const struct access *access)
{
    const struct world *world = &pool->world;
    const struct told *root = &told[world->root];
    struct reach reach = {.size = array->size, .first_peer = 0, .last_peer = -1};
    if (absent(array, index, root)) {
        reach.size = 0;
    } else if (array->place != RP_ON_ROOT) {
        reach.here = array->base;
        bool alone = world->nodes == 1 && (array->place == RP_ON_NODES || access->no_peers == 0);
        reach.spread = array->output && !alone;
        if (array->output && array->place == RP_ON_RANKS && alone)
            reach.last_peer = world->ranks - 1;
    } else if (world->node == world->root_node) {
        reach_root(pool, array, index, root, access, &reach);
    } else {
        reach.staged = true;
    }
    return reach;
}

/* Where outputs are on the stage, their statuses are: they say what is worth shipping. */
static void stage_statuses(const struct array *arrays, int count, struct reach *reach)
{
    bool staged = false;
    for (int i = 0; i < count; i++)
        staged = staged || (reach[i].staged && arrays[i].output);
    for (int i = 0; i < count; i++) {
        if (arrays[i].status && staged)
            reach[i] = (struct reach){.size = 1, .staged = true, .first_peer = 0, .last_peer = -1};
    }
}

void rpi_arrays_reach_from_afar(const struct array *arrays, int count, struct reach *reach)
{
    for (int i = 0; i < count; i++) {
        bool staged = arrays[i].place == RP_ON_ROOT && arrays[i].base != NULL && arrays[i].size > 0;
        reach[i] = (struct reach){.size = arrays[i].size, .staged = staged};
    }
    stage_statuses(arrays, count, reach);
}

bool rpi_arrays_staged(const rp_pool *pool, const struct array *arrays, int count,
                       const struct reaches *reaches)
{
    bool staged = false;
    for (int i = 0; i < count; i++) {
        bool of_root = arrays[i].place == RP_ON_ROOT &&
                       !absent(&arrays[i], i, &reaches->told[pool->world.root]);
        staged = staged || reaches->reach[i].staged || (of_root && pool->world.nodes > 1);
    }
    return staged;
}

bool rpi_arrays_delivered(const rp_pool *pool, const struct array *arrays, int count,
                          const struct reaches *reaches)
{
    bool delivered = false;
    for (int i = 0; i < count; i++)
        delivered = delivered || (arrays[i].output && arrays[i].place == RP_ON_ROOT &&
                                  !absent(&arrays[i], i, &reaches->told[pool->world.root]));
    return delivered;
}

void rpi_arrays_bring_home(const rp_pool *pool, struct array *arrays, int count)
{
    for (int i = 0; i < count && pool->in_rounds; i++) {
        if (!arrays[i].output || arrays[i].size == 0)
            continue;
        arrays[i].published = arrays[i].place;
        arrays[i].place = RP_ON_ROOT;
    }
}

static bool reachable(const rp_pool *pool, const struct told *told, int rank)
{
    return rank == pool->world.rank || rpi_peer_reachable(&told[rank].self);
}

/* Can I do what the arrays would have me do? */
static struct access try_access(const rp_pool *pool, const struct array *arrays, int count,
                                const struct told *told)
{
    const struct world *world = &pool->world;
    struct access access = {0, 0};
    for (int i = 0; i < count; i++) {
        if (absent(&arrays[i], i, &told[world->root]))
            continue;
        bool private = told[world->root].arrays[i].allocation < 0;
        if (arrays[i].place == RP_ON_ROOT && world->node == world->root_node && private)
            access.no_root |= !reachable(pool, told, world->root);
        bool to_all = arrays[i].output && arrays[i].place == RP_ON_RANKS && world->nodes == 1;
        for (int rank = 0; rank < world->ranks && to_all; rank++)
            access.no_peers |= !reachable(pool, told, rank);
    }
    return access;
}

/* Do all ranks mean the same place in node memory? */
static bool same_node_memory(const rp_pool *pool, const struct told *told, int index)
{
    const struct told *root = &told[pool->world.root];
    for (int rank = 0; rank < pool->world.ranks; rank++) {
        if (told[rank].meeting == root->meeting &&
            (told[rank].arrays[index].allocation != root->arrays[index].allocation ||
             told[rank].arrays[index].offset != root->arrays[index].offset))
            return false;
    }
    return true;
}

rp_status rpi_arrays_compare(const rp_pool *pool, const struct array *arrays, int count,
                             const struct reaches *reaches, rp_error *error)
{
    for (int i = 0; i < count; i++) {
        bool on_nodes = arrays[i].place == RP_ON_NODES && reaches->reach[i].size > 0;
        if (on_nodes && !same_node_memory(pool, reaches->told, i)) {
            rpi_error_set(error, RP_ERR_MISMATCH,
                          "\"%s\" is not the same memory of rp_alloc() on all ranks",
                          arrays[i].name);
            return error->status;
        }
    }
    return RP_OK;
}

/* Every rank comes to the same verdict, for all know what all told; they agree on whose host
 * it names. In rounds they only know their own node: they compare later, and tell when they
 * agree to begin. */
static rp_status check_reach(const rp_pool *pool, const struct array *arrays, int count,
                             const struct reaches *reaches, rp_error *error)
{
    if (pool->in_rounds || rpi_arrays_compare(pool, arrays, count, reaches, error) == RP_OK)
        return RP_OK;
    return pool->survives ? error->status : rpi_mpi_agree(pool->world.comm, error);
}

static rp_status find_reaches(rp_pool *pool, const struct array *arrays, int count,
                              struct reaches *reaches, rp_error *error)
{
    struct access mine = {0, 0}, access = {0, 0};
    if (!pool->survives) /* there all reach all */
        mine = try_access(pool, arrays, count, reaches->told);
    if (!pool->survives &&
        rpi_mpi_check(MPI_Allreduce(&mine, &access, 2, MPI_INT, MPI_MAX, pool->world.comm),
                      "MPI_Allreduce", error) != RP_OK)
        return error->status;
    for (int i = 0; i < count; i++) {
        reaches->reach[i] = reach_of(pool, &arrays[i], i, reaches->told, &access);
        if (arrays[i].status)
            reaches->status_wanted = reaches->reach[i].size > 0;
    }
    stage_statuses(arrays, count, reaches->reach);
    return check_reach(pool, arrays, count, reaches, error);
}

static rp_status tell_by_mpi(const rp_pool *pool, const struct told *mine, struct reaches *reaches,
                             rp_error *error)
{
    if (rpi_mpi_agree(pool->world.comm, error) != RP_OK)
        return error->status;
    int code = MPI_Allgather(mine, sizeof *mine, MPI_BYTE, reaches->told, sizeof *mine, MPI_BYTE,
                             pool->world.comm);
    return rpi_mpi_check(code, "MPI_Allgather", error);
}

/* Without MPI, which would wait for the dead. Their notes are of earlier meetings. Of other nodes a
 * rank hears only what the root told, which is all that it needs. */
static rp_status tell_by_notes(rp_pool *pool, struct told *mine, struct reaches *reaches,
                               rp_error *error)
{
    _Static_assert(sizeof *mine <= NOTE_BYTES, "it fits into a note");
    struct ballot ballot = rpi_ballot(CALL_REACHED);
    ballot.error = *error;
    mine->meeting = pool->world.meeting.number + 1;
    memcpy(rpi_note(pool, pool->world.node_rank), mine, sizeof *mine);
    if (rpi_pool_meet(pool, &ballot) != RP_OK)
        return pool->last.status;
    memset(reaches->told, 0, (size_t)pool->world.ranks * sizeof *mine);
    for (int i = 0; i < pool->world.node_ranks; i++)
        memcpy(&reaches->told[rpi_living_rank(&pool->world.living, i)], rpi_note(pool, i),
               sizeof *mine);
    memcpy(&reaches->told[pool->world.root], rpi_root_note(pool), sizeof *mine);
    reaches->living = pool->in_rounds ? NULL : &pool->world.living;
    return RP_OK;
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
    if (pool->survives ? tell_by_notes(pool, &mine, reaches, error) != RP_OK
                       : tell_by_mpi(pool, &mine, reaches, error) != RP_OK)
        return error->status;
    return find_reaches(pool, arrays, count, reaches, error);
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

/* Has the rank died, as far as is known? It then is nobody's peer: its process may be another's. */
static bool gone(const struct reaches *reaches, int rank)
{
    return reaches->living != NULL && rpi_living_lost(reaches->living, rank);
}

/* Has it died since? */
static bool died(const struct reaches *reaches, int rank)
{
    if (reaches->living != NULL)
        rpi_living_look(reaches->living);
    return gone(reaches, rank);
}

bool rpi_array_deliver(const struct reaches *reaches, int index, int64_t first, int64_t count,
                       const void *elements)
{
    const struct reach *reach = &reaches->reach[index];
    for (int rank = reach->first_peer; rank <= reach->last_peer; rank++) {
        if (rank != reaches->rank && !gone(reaches, rank) &&
            !rpi_peer_write(&reaches->told[rank].self, address_of(reaches, index, rank, first),
                            elements, (size_t)count * reach->size) &&
            !died(reaches, rank))
            return false;
    }
    return true;
}

bool rpi_array_copy_to(const struct reaches *reaches, int index, int rank, size_t offset,
                       const void *bytes, size_t count)
{
    const struct told *told = &reaches->told[rank];
    return rpi_peer_write(&told->self, told->arrays[index].address + offset, bytes, count);
}
