#include "data/access.h"

#include "base/error.h"
#include "comm/cma.h"
#include "comm/mpi_error.h"
#include "diag/check.h"
#include "resilience/survival.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What a rank tells the others about its arrays. */
struct array_addresses {
    uint32_t agreement; /* that it is for; older where ranks survive: from a dead rank */
    struct peer self;
    struct {
        uint64_t address;
        int64_t allocation, offset; /* in node memory; allocation -1: not there */
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
    size_t wanted = (size_t)n * array->size;
    if (wanted == 0)
        return RP_OK;
    size_t left = rpi_allocation_left(pool, array->base);
    if (left == 0 && array->place == RP_ON_NODES)
        return rpi_error_set(
            error, RP_ERR_ARGUMENT,
            "%s is said to be on the nodes, but is not in memory of rp_node_alloc()", name);
    if (left == 0 && rpi_pool_overlaps(pool, array->base, wanted))
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "%s: %" PRId64
                             " elements of %zu bytes go beyond its end, into memory of the pool",
                             name, n, array->size);
    if (left > 0 && wanted > left)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "%s: %" PRId64
                             " elements of %zu bytes go beyond its memory of rp_node_alloc()",
                             name, n, array->size);
    return check_array(pool, name, array->base, wanted, error);
}

static struct array_addresses addresses_own(const rp_pool *pool, const struct array *arrays,
                                            int count)
{
    struct array_addresses addresses = {.agreement = pool->world.agreement.number + 1};
    for (int i = 0; i < count; i++) {
        addresses.arrays[i].address = (uint64_t)(uintptr_t)arrays[i].base;
        addresses.arrays[i].allocation =
            arrays[i].base != NULL
                ? rpi_allocation_find(pool, arrays[i].base, &addresses.arrays[i].offset)
                : -1;
        /* A process permits CMA access only if it has private arrays to share. */
        if (arrays[i].base != NULL && addresses.arrays[i].allocation < 0)
            addresses.self = rpi_peer_self();
    }
    return addresses;
}

/* What the ranks found out together about access to each other's private memory. */
struct reachability {
    int no_root;  /* a rank on the root's node cannot access the root's memory */
    int no_peers; /* some rank cannot access some other rank's memory */
};

static bool array_absent(const struct array *array, int index,
                         const struct array_addresses *addresses, int root)
{
    return array->size == 0 ||
           (array->place == RP_ON_ROOT && addresses[root].arrays[index].address == 0);
}

/* Access to an array of the root, from a rank on its node. */
static void access_to_root(const rp_pool *pool, const struct array *array, int index,
                           const struct array_addresses *root,
                           const struct reachability *reachability, struct access *access)
{
    const struct world *world = &pool->world;
    access->local =
        rpi_allocation_place(pool, root->arrays[index].allocation, root->arrays[index].offset);
    if (access->local != NULL)
        return;
    access->staged = reachability->no_root != 0;
    if (access->staged)
        return;
    if (world->rank == world->root)
        access->local = array->base;
    else
        access->first_peer = access->last_peer = world->root;
}

static struct access access_to_array(const rp_pool *pool, const struct array *array, int index,
                                     const struct array_addresses *addresses,
                                     const struct reachability *reachability)
{
    const struct world *world = &pool->world;
    struct access access = {.size = array->size, .first_peer = 0, .last_peer = -1};
    if (array_absent(array, index, addresses, world->root)) {
        access.size = 0;
    } else if (array->place != RP_ON_ROOT) {
        access.local = array->base;
        bool alone =
            world->nodes == 1 && (array->place == RP_ON_NODES || reachability->no_peers == 0);
        access.replicate = array->output && !alone;
        if (array->output && array->place == RP_ON_RANKS && alone)
            access.last_peer = world->ranks - 1;
    } else if (world->node == world->root_node) {
        access_to_root(pool, array, index, &addresses[world->root], reachability, &access);
    } else {
        access.staged = true;
    }
    return access;
}

/* If any output is staged, the statuses are too: they determine which results are shipped. */
static void access_stage_statuses(const struct array *arrays, int count, struct access *access)
{
    bool staged = false;
    for (int i = 0; i < count; i++)
        staged = staged || (access[i].staged && arrays[i].output);
    for (int i = 0; i < count; i++) {
        if (arrays[i].status && staged)
            access[i] =
                (struct access){.size = 1, .staged = true, .first_peer = 0, .last_peer = -1};
    }
}

void rpi_arrays_access_remote(const struct array *arrays, int count, struct access *access)
{
    for (int i = 0; i < count; i++) {
        bool staged = arrays[i].place == RP_ON_ROOT && arrays[i].base != NULL && arrays[i].size > 0;
        access[i] = (struct access){.size = arrays[i].size, .staged = staged};
    }
    access_stage_statuses(arrays, count, access);
}

bool rpi_arrays_staged(const rp_pool *pool, const struct array *arrays, int count,
                       const struct accesses *accesses)
{
    bool staged = false;
    for (int i = 0; i < count; i++) {
        bool on_root = arrays[i].place == RP_ON_ROOT &&
                       !array_absent(&arrays[i], i, accesses->addresses, pool->world.root);
        staged = staged || accesses->access[i].staged || (on_root && pool->world.nodes > 1);
    }
    return staged;
}

bool rpi_arrays_delivered(const rp_pool *pool, const struct array *arrays, int count,
                          const struct accesses *accesses)
{
    bool delivered = false;
    for (int i = 0; i < count; i++)
        delivered =
            delivered || (arrays[i].output && arrays[i].place == RP_ON_ROOT &&
                          !array_absent(&arrays[i], i, accesses->addresses, pool->world.root));
    return delivered;
}

void rpi_arrays_collect_on_root(const rp_pool *pool, struct array *arrays, int count)
{
    for (int i = 0; i < count && pool->in_rounds; i++) {
        if (!arrays[i].output || arrays[i].size == 0)
            continue;
        arrays[i].published = arrays[i].place;
        arrays[i].place = RP_ON_ROOT;
    }
}

static bool addresses_reachable(const rp_pool *pool, const struct array_addresses *addresses,
                                int rank)
{
    return rank == pool->world.rank || pool->ops->reachable(&addresses[rank].self);
}

/* Tries whether this rank can access the private memory that the arrays require. */
static struct reachability reachability_probe(const rp_pool *pool, const struct array *arrays,
                                              int count, const struct array_addresses *addresses)
{
    const struct world *world = &pool->world;
    struct reachability reachability = {0, 0};
    for (int i = 0; i < count; i++) {
        if (array_absent(&arrays[i], i, addresses, world->root))
            continue;
        bool private = addresses[world->root].arrays[i].allocation < 0;
        if (arrays[i].place == RP_ON_ROOT && world->node == world->root_node && private)
            reachability.no_root |= !addresses_reachable(pool, addresses, world->root);
        bool to_all = arrays[i].output && arrays[i].place == RP_ON_RANKS && world->nodes == 1;
        for (int rank = 0; rank < world->ranks && to_all; rank++)
            reachability.no_peers |= !addresses_reachable(pool, addresses, rank);
    }
    return reachability;
}

/* Do all ranks pass the same address in node memory? */
static bool addresses_same_node_memory(const rp_pool *pool, const struct array_addresses *addresses,
                                       int index)
{
    const struct array_addresses *root = &addresses[pool->world.root];
    for (int rank = 0; rank < pool->world.ranks; rank++) {
        if (addresses[rank].agreement == root->agreement &&
            (addresses[rank].arrays[index].allocation != root->arrays[index].allocation ||
             addresses[rank].arrays[index].offset != root->arrays[index].offset))
            return false;
    }
    return true;
}

rp_status rpi_arrays_compare(const rp_pool *pool, const struct array *arrays, int count,
                             const struct accesses *accesses, rp_error *error)
{
    for (int i = 0; i < count; i++) {
        bool on_nodes = arrays[i].place == RP_ON_NODES && accesses->access[i].size > 0;
        if (on_nodes && !addresses_same_node_memory(pool, accesses->addresses, i))
            return rpi_error_set(error, RP_ERR_MISMATCH,
                                 "\"%s\" is not the same memory of rp_node_alloc() on all ranks",
                                 arrays[i].name);
    }
    return RP_OK;
}

/* Learns the addresses, and together with the others which of them are reachable. */
static rp_status accesses_learn(rp_pool *pool, const struct array *arrays, int count,
                                struct accesses *accesses, struct reachability *reachability)
{
    struct array_addresses mine = addresses_own(pool, arrays, count);
    _Static_assert(sizeof mine <= MAILBOX_BYTES, "it fits into a mailbox");
    accesses->addresses = calloc((size_t)pool->world.ranks, sizeof *accesses->addresses);
    if (accesses->addresses == NULL)
        rpi_error_set(&pool->last, RP_ERR_MEMORY, "no memory to note where arrays are");
    if (pool->ops->share(pool, &mine, sizeof mine, accesses->addresses) != RP_OK)
        return pool->last.status;
    *reachability = reachability_probe(pool, arrays, count, accesses->addresses);
    return pool->ops->any(pool, (int *)reachability, 2);
}

rp_status rpi_arrays_access(rp_pool *pool, const struct array *arrays, int count,
                            struct accesses *accesses)
{
    struct reachability reachability = {0, 0};
    bool any = false; /* the same on all ranks, since the sizes are */
    *accesses = (struct accesses){.world = &pool->world};
    rpi_error_clear(&pool->last);
    for (int i = 0; i < count; i++)
        any = any || arrays[i].size > 0;
    if (any && accesses_learn(pool, arrays, count, accesses, &reachability) != RP_OK)
        return pool->last.status;
    for (int i = 0; i < count; i++) {
        accesses->access[i] =
            access_to_array(pool, &arrays[i], i, accesses->addresses, &reachability);
        if (arrays[i].status)
            accesses->status_wanted = accesses->access[i].size > 0;
    }
    access_stage_statuses(arrays, count, accesses->access);
    return RP_OK;
}

void rpi_arrays_release(struct accesses *accesses)
{
    free(accesses->addresses);
    accesses->addresses = NULL;
}

static uint64_t array_element_address(const struct accesses *accesses, int index, int rank,
                                      int64_t element)
{
    return accesses->addresses[rank].arrays[index].address +
           (uint64_t)element * accesses->access[index].size;
}

bool rpi_array_fetch(const struct accesses *accesses, int index, int64_t first, int64_t count,
                     void *elements)
{
    const struct access *access = &accesses->access[index];
    int rank = access->first_peer;
    return rpi_peer_read(&accesses->addresses[rank].self,
                         array_element_address(accesses, index, rank, first), elements,
                         (size_t)count * access->size);
}

/* The rank's place among the members: it is the root or, on a single node, any rank. */
static int accesses_member(const struct accesses *accesses, int rank)
{
    const struct world *world = accesses->world;
    return rank == world->root ? world->agreement.root : rank;
}

/* Is the rank known to have died? Then it must not be accessed: another process may have its
 * process ID. */
static bool accesses_peer_lost(const struct accesses *accesses, int rank)
{
    return rpi_liveness_lost(&accesses->world->liveness, accesses_member(accesses, rank));
}

bool rpi_array_deliver(const struct accesses *accesses, int index, int64_t first, int64_t count,
                       const void *elements)
{
    const struct access *access = &accesses->access[index];
    for (int rank = access->first_peer; rank <= access->last_peer; rank++) {
        if (rank != accesses->world->rank && !accesses_peer_lost(accesses, rank) &&
            !rpi_peer_write(&accesses->addresses[rank].self,
                            array_element_address(accesses, index, rank, first), elements,
                            (size_t)count * access->size) &&
            !rpi_liveness_confirm(&accesses->world->liveness, accesses_member(accesses, rank)))
            return false;
    }
    return true;
}

bool rpi_array_copy_to(const struct accesses *accesses, int index, int rank, size_t offset,
                       const void *bytes, size_t count)
{
    const struct array_addresses *addresses = &accesses->addresses[rank];
    return rpi_peer_write(&addresses->self, addresses->arrays[index].address + offset, bytes,
                          count);
}
