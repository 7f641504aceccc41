/* Gathers on every rank; small data travels as aggregated messages between nodes, or in the
 * agreement. */
#include "collective/node_aggregate.h"
#include "collective/small_data.h"
#include "comm/bigcount.h"
#include "comm/mpi_error.h"

#include <stdlib.h>

/* Each piece is gathered from the ranks that have some of it. All ranks gather in place, so that
 * `mine` may be its own place on some. */
static int allgather_pieces(const struct collective *collective, const struct run *all,
                            struct shares *shares)
{
    MPI_Datatype type = collective->layout.type;
    int code = MPI_SUCCESS;
    for (int64_t done = 0; done < all->units && code == MPI_SUCCESS;) {
        int count = rpi_part(all->units - done, collective->layout.size);
        struct run piece = rpi_run_part(all, done, count);
        rpi_shares_set(collective, done, count, shares);
        code = MPI_Allgatherv(MPI_IN_PLACE, 0, type, piece.base, shares->counts, shares->places,
                              type, collective->pool->world.comm);
        done += count;
    }
    return code;
}

static int allgather_copy_own(const struct collective *collective, const struct run *mine,
                              const void *all)
{
    const struct world *world = &collective->pool->world;
    rp_range block = rp_block(collective->n, world->ranks, world->rank);
    struct run own = rpi_run(&collective->layout, all, block.begin, block.end - block.begin);
    struct transfer transfer;
    rpi_transfer_begin(&transfer, world->comm);
    rpi_transfer_copy(&transfer, mine, &own);
    return rpi_transfer_end(&transfer);
}

/* In node memory, every rank copies its own part into place. */
static rp_status allgather_fill_node(struct collective *collective, const struct run *mine,
                                     const void *all)
{
    struct vote vote = rpi_vote(CALL_STAGED);
    rpi_mpi_check(allgather_copy_own(collective, mine, all), "copying by MPI", &vote.error);
    return rpi_pool_agree(collective->pool, &vote);
}

/* The first ranks of the nodes exchange the parts on their nodes. Neighbouring ranks on one node,
 * which its ranks need not be, share one broadcast. */
static int allgather_fill_other_nodes(const struct collective *collective, const void *all)
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

static rp_status allgather_in_node_memory(struct collective *collective, const struct run *mine,
                                          const void *all)
{
    const struct world *world = &collective->pool->world;
    int code = MPI_SUCCESS;
    rp_status status = allgather_fill_node(collective, mine, all);
    if (status != RP_OK || world->nodes == 1)
        return status;
    if (world->leaders != MPI_COMM_NULL)
        code = allgather_fill_other_nodes(collective, all);
    return rpi_collective_end(collective, code, "MPI_Bcast");
}

/* Exchanges the parts of all ranks, node after node, between all nodes. */
static int allgather_exchange_aggregate(rp_pool *pool, size_t room, struct shares *shares)
{
    const struct world *world = &pool->world;
    for (int node = 0; node < world->nodes; node++) {
        shares->places[node] = world->node_first[node] * (int)room;
        shares->counts[node] = world_ranks_on(world, node) * (int)room;
    }
    pool->traffic.aggregates++;
    return MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_BYTE, rpi_aggregate_base(pool), shares->counts,
                          shares->places, MPI_BYTE, world->leaders);
}

static int allgather_unpack_aggregate(const struct collective *collective, const void *all,
                                      size_t room)
{
    const struct world *world = &collective->pool->world;
    const char *from = rpi_aggregate_base(collective->pool);
    struct part_place place = {0, 0};
    int code = MPI_SUCCESS;
    for (int i = 0; i < world->ranks && code == MPI_SUCCESS; i++) {
        struct run part = rpi_collective_find(collective, all, world->by_node[i], &place);
        code = rpi_aggregate_unpack(collective->pool, &part, from);
        from += room;
    }
    return code;
}

static rp_status allgather_aggregate(struct collective *collective, const struct run *mine,
                                     const void *all, size_t room, struct shares *shares)
{
    rp_pool *pool = collective->pool;
    const struct world *world = &pool->world;
    size_t place = (size_t)(world->node_first[world->node] + world->node_rank);
    int code = rpi_aggregate_pack(pool, mine, rpi_aggregate_base(pool) + place * room);
    if (rpi_collective_end(collective, code, "MPI_Pack") != RP_OK)
        return pool->last.status;
    if (world->nodes > 1) {
        if (world->leaders != MPI_COMM_NULL)
            rpi_aggregate_fill(pool, allgather_exchange_aggregate(pool, room, shares));
        code = rpi_aggregate_await(pool);
    }
    if (code == MPI_SUCCESS)
        code = allgather_unpack_aggregate(collective, all, room);
    return rpi_collective_end(collective, code, "gathering by MPI");
}

static rp_status allgather_run(struct collective *collective, const struct run *mine,
                               const struct run *all, struct shares *shares)
{
    bool on_nodes = rpi_collective_on_nodes(collective, all);
    if (!on_nodes)
        rpi_small_offer(collective, mine, rpi_collective_part(collective, 0), -1);
    if (rpi_collective_agree(collective) != RP_OK)
        return collective->pool->last.status;
    if (rpi_small_brought(collective)) {
        rpi_small_copy_all(collective, all->base);
        return RP_OK;
    }
    size_t room = on_nodes ? 0 : rpi_aggregate_room(collective, true);
    if (room > 0)
        return allgather_aggregate(collective, mine, all->base, room, shares);
    if (on_nodes)
        return allgather_in_node_memory(collective, mine, all->base);
    int code = allgather_copy_own(collective, mine, all->base);
    int gathered = allgather_pieces(collective, all, shares);
    return rpi_collective_end(collective, code != MPI_SUCCESS ? code : gathered, "MPI_Allgatherv");
}

rp_status rp_allgather(rp_pool *pool, const void *mine, int64_t n, rp_element element, void *all)
{
    struct collective collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_collective_begin(&collective, pool, CALL_ALLGATHER, 0, n, element);
    struct run own = rpi_collective_own(&collective, "mine", mine);
    struct run whole = rpi_collective_buffer(&collective, "all", all, n);
    rpi_collective_apart_or_own(&collective, &own, &whole);
    struct shares shares = rpi_shares_make(&collective);
    rp_status status = allgather_run(&collective, &own, &whole, &shares);
    free(shares.counts);
    free(shares.places);
    return status;
}
