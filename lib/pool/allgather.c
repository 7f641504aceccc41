/* Collecting on every rank; little of it by way of the nodes' bundle. */
#include "pool/bundle.h"
#include "world/mpi_error.h"
#include "world/parts.h"

#include <stdlib.h>

/* What MPI_Allgatherv wants to know: for each rank a count and where it goes. */
struct shares {
    int *counts, *places;
};

static int64_t clamp(int64_t value, int64_t most)
{
    return value < 0 ? 0 : value < most ? value : most;
}

/* The ranks' shares of the `count` units that begin with `first`. */
static void set_shares(const struct collective *collective, int64_t first, int count,
                       struct shares *shares)
{
    int ranks = collective->pool->world.ranks;
    int64_t units = collective->layout.units;
    for (int rank = 0; rank < ranks; rank++) {
        rp_range block = rp_block(collective->n, ranks, rank);
        int64_t begin = clamp(block.begin * units - first, count);
        int64_t end = clamp(block.end * units - first, count);
        shares->places[rank] = (int)begin;
        shares->counts[rank] = (int)(end - begin);
    }
}

/* MPI counts in int also where a rank's data go. So the whole is cut into parts, each of which is
 * gathered from those ranks that have some of it. */
static int gather_parts(const struct collective *collective, const struct run *mine,
                        const struct run *all, struct shares *shares)
{
    const struct world *world = &collective->pool->world;
    MPI_Datatype type = collective->layout.type;
    int code = MPI_SUCCESS;
    int64_t sent = 0;
    for (int64_t done = 0; done < all->units && code == MPI_SUCCESS;) {
        int count = rpi_part(all->units - done, collective->layout.size);
        struct run part = rpi_run_part(all, done, count);
        set_shares(collective, done, count, shares);
        int share = shares->counts[world->rank];
        struct run own = rpi_run_part(mine, sent, share);
        code = MPI_Allgatherv(own.base, share, type, part.base, shares->counts, shares->places,
                              type, world->comm);
        sent += share;
        done += count;
    }
    return code;
}

/* In node memory every rank puts its part where it belongs. */
static rp_status fill_node(struct collective *collective, const struct run *mine, const void *all)
{
    rp_pool *pool = collective->pool;
    rp_range block = rp_block(collective->n, pool->world.ranks, pool->world.rank);
    struct run own = rpi_run(&collective->layout, all, block.begin, block.end - block.begin);
    struct transfer transfer;
    struct ballot ballot = rpi_ballot(CALL_STAGED);
    rpi_transfer_begin(&transfer, pool->world.comm);
    rpi_transfer_copy(&transfer, mine, &own);
    rpi_mpi_check(rpi_transfer_end(&transfer), "copying by MPI", &ballot.error);
    return rpi_pool_meet(pool, &ballot);
}

/* The first ranks of the nodes exchange what is on them, as one run of each node where its ranks
 * are neighbours, which they need not be. */
static int fill_other_nodes(const struct collective *collective, const void *all)
{
    const struct world *world = &collective->pool->world;
    int code = MPI_SUCCESS;
    for (int rank = 0, next; rank < world->ranks && code == MPI_SUCCESS; rank = next) {
        for (next = rank + 1; next < world->ranks; next++) {
            if (world->node_of[next] != world->node_of[rank])
                break;
        }
        int64_t begin = rp_block(collective->n, world->ranks, rank).begin;
        int64_t end = rp_block(collective->n, world->ranks, next - 1).end;
        struct run run = rpi_run(&collective->layout, all, begin, end - begin);
        code = rpi_run_broadcast(&run, world->node_of[rank], world->leaders);
    }
    return code;
}

static rp_status gather_in_node_memory(struct collective *collective, const struct run *mine,
                                       const void *all)
{
    const struct world *world = &collective->pool->world;
    int code = MPI_SUCCESS;
    rp_status status = fill_node(collective, mine, all);
    if (status != RP_OK || world->nodes == 1)
        return status;
    if (world->leaders != MPI_COMM_NULL)
        code = fill_other_nodes(collective, all);
    return rpi_collective_end(collective, code, "MPI_Bcast");
}

/* The bundle of all ranks, node after node, to all nodes. */
static int exchange_bundle(rp_pool *pool, size_t room, struct shares *shares)
{
    const struct world *world = &pool->world;
    for (int node = 0; node < world->nodes; node++) {
        shares->places[node] = world->node_first[node] * (int)room;
        shares->counts[node] = (world->node_first[node + 1] - world->node_first[node]) * (int)room;
    }
    pool->traffic.bundles++;
    return MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_BYTE, rpi_bundle_base(pool), shares->counts,
                          shares->places, MPI_BYTE, world->leaders);
}

static int take_bundle(const struct collective *collective, const void *all, size_t room)
{
    const struct world *world = &collective->pool->world;
    const char *from = rpi_bundle_base(collective->pool);
    struct part_place place = {0, 0};
    int code = MPI_SUCCESS;
    for (int i = 0; i < world->ranks && code == MPI_SUCCESS; i++) {
        struct run part = rpi_collective_find(collective, all, world->by_node[i], &place);
        code = rpi_bundle_unpack(collective->pool, &part, from);
        from += room;
    }
    return code;
}

static rp_status allgather_bundle(struct collective *collective, const struct run *mine,
                                  const void *all, size_t room, struct shares *shares)
{
    rp_pool *pool = collective->pool;
    const struct world *world = &pool->world;
    size_t place = (size_t)(world->node_first[world->node] + world->node_rank);
    if (rpi_collective_meet(collective) != RP_OK)
        return pool->last.status;
    int code = rpi_bundle_pack(pool, mine, rpi_bundle_base(pool) + place * room);
    if (rpi_collective_end(collective, code, "MPI_Pack") != RP_OK)
        return pool->last.status;
    if (world->nodes > 1) {
        if (world->leaders != MPI_COMM_NULL)
            rpi_bundle_fill(pool, exchange_bundle(pool, room, shares));
        code = rpi_bundle_await(pool);
    }
    if (code == MPI_SUCCESS)
        code = take_bundle(collective, all, room);
    return rpi_collective_end(collective, code, "gathering by MPI");
}

static rp_status allgather(struct collective *collective, const struct run *mine,
                           const struct run *all, struct shares *shares)
{
    bool on_nodes = rpi_collective_on_nodes(collective, all);
    if (shares->counts == NULL || shares->places == NULL)
        rpi_collective_refuse(collective, RP_ERR_MEMORY, "no memory for the counts of all ranks");
    size_t room = on_nodes ? 0 : rpi_bundle_room(collective, true);
    if (room > 0)
        return allgather_bundle(collective, mine, all->base, room, shares);
    if (rpi_collective_meet(collective) != RP_OK)
        return collective->pool->last.status;
    if (on_nodes)
        return gather_in_node_memory(collective, mine, all->base);
    int code = gather_parts(collective, mine, all, shares);
    return rpi_collective_end(collective, code, "MPI_Allgatherv");
}

rp_status rp_allgather(rp_pool *pool, const void *mine, int64_t n, rp_element element, void *all)
{
    struct collective collective;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_collective_begin(&collective, pool, CALL_ALLGATHER, 0, n, element);
    struct run own = rpi_collective_own(&collective, "mine", mine);
    struct run whole = rpi_collective_buffer(&collective, "all", all, n);
    rpi_collective_apart(&collective, &own, &whole);
    size_t ranks = (size_t)pool->world.ranks;
    struct shares shares = {malloc(ranks * sizeof(int)), malloc(ranks * sizeof(int))};
    rp_status status = allgather(&collective, &own, &whole, &shares);
    free(shares.counts);
    free(shares.places);
    return status;
}
