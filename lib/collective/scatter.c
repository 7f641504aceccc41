/* Scatters from the root: rank by rank, with one aggregated message per node if the data is small,
 * or in the agreement if it is smaller. */
#include "collective/node_aggregate.h"
#include "collective/small_data.h"

/* Packs the parts of a node's ranks into its aggregated message. */
static int scatter_pack_node(const struct collective *collective, const void *all, int node,
                             size_t room, char *aggregate)
{
    const struct world *world = &collective->pool->world;
    struct part_place place = {0, 0};
    int code = MPI_SUCCESS;
    for (int i = world->node_first[node]; i < world->node_first[node + 1]; i++) {
        struct run part = rpi_collective_find(collective, all, world->by_node[i], &place);
        if (code == MPI_SUCCESS)
            code = rpi_aggregate_pack(collective->pool, &part, aggregate);
        aggregate += room;
    }
    return code;
}

static int scatter_send_aggregates(const struct collective *collective, const void *all,
                                   size_t room)
{
    rp_pool *pool = collective->pool;
    char leaving[AGGREGATE_BYTES] = {0};
    int code = MPI_SUCCESS;
    for (int node = 0; node < pool->world.nodes && code == MPI_SUCCESS; node++) {
        if (node == pool->world.node)
            continue;
        code = scatter_pack_node(collective, all, node, room, leaving);
        if (code == MPI_SUCCESS)
            code = rpi_aggregate_send(pool, leaving, room, node, rpi_aggregate_keeper(pool, node));
    }
    return code;
}

/* On a node other than the root's. */
static int scatter_await_aggregate(const struct collective *collective, size_t room)
{
    rp_pool *pool = collective->pool;
    const struct world *world = &pool->world;
    if (world->node_rank == 0)
        rpi_aggregate_fill(pool, rpi_aggregate_receive(pool, rpi_aggregate_base(pool), room,
                                                       world->node, collective->root));
    return rpi_aggregate_await(pool);
}

static rp_status scatter_aggregate(struct collective *collective, const void *all,
                                   const struct run *own, size_t room)
{
    rp_pool *pool = collective->pool;
    const struct world *world = &pool->world;
    char *aggregate = rpi_aggregate_base(pool);
    bool root = rpi_collective_at_root(collective);
    int code =
        root ? scatter_pack_node(collective, all, world->node, room, aggregate) : MPI_SUCCESS;
    if (rpi_collective_end(collective, code, "MPI_Pack") != RP_OK)
        return pool->last.status;
    if (root)
        code = scatter_send_aggregates(collective, all, room);
    else if (world->node != world->node_of[collective->root])
        code = scatter_await_aggregate(collective, room);
    if (code == MPI_SUCCESS)
        code = rpi_aggregate_unpack(pool, own, aggregate + (size_t)world->node_rank * room);
    return rpi_collective_end(collective, code, "scattering by MPI");
}

/* By messages on its node, too: there all ranks may copy at once, where MPI lets the receivers copy
 * from the root's memory. The root copies its own part last, while the others receive theirs. */
static void scatter_send(const struct collective *collective, const void *all,
                         const struct run *mine, struct transfer *transfer)
{
    const struct world *world = &collective->pool->world;
    struct part_place place = {0, 0};
    for (int rank = 0; rank < world->ranks; rank++) {
        struct run part = rpi_collective_find(collective, all, rank, &place);
        if (rank != world->rank)
            rpi_transfer_send(transfer, &part, rank);
    }
    struct run own = rpi_collective_find(collective, all, world->rank, &place);
    rpi_transfer_copy(transfer, &own, mine);
}

static rp_status scatter_small(const struct collective *collective, const void *all,
                               const struct run *own)
{
    struct part_place place = {0, 0};
    rpi_collective_find(collective, all, collective->pool->world.rank, &place);
    rpi_small_copy(collective, collective->root, place.first * collective->layout.units, own);
    return RP_OK;
}

static rp_status scatter_run(struct collective *collective, const void *all, void *mine)
{
    bool root = rpi_collective_at_root(collective);
    struct transfer transfer;
    struct run own = rpi_collective_own(collective, "mine", mine);
    struct run whole = rpi_collective_buffer(collective, "all", all, root ? collective->n : 0);
    rpi_collective_apart_or_own(collective, &own, &whole);
    rpi_small_offer(collective, &whole, collective->n, collective->root);
    if (rpi_collective_agree(collective) != RP_OK)
        return collective->pool->last.status;
    if (rpi_small_brought(collective))
        return scatter_small(collective, all, &own);
    size_t room = rpi_aggregate_room(collective, false);
    if (room > 0)
        return scatter_aggregate(collective, all, &own, room);
    rpi_transfer_begin(&transfer, collective->pool->world.comm);
    if (root)
        scatter_send(collective, all, &own, &transfer);
    else
        rpi_transfer_receive(&transfer, &own, collective->root);
    return rpi_collective_end(collective, rpi_transfer_end(&transfer), "scattering by MPI");
}

rp_status rp_scatter(rp_pool *pool, int root, const void *all, int64_t n, rp_element element,
                     void *mine)
{
    struct collective collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_collective_begin(&collective, pool, CALL_SCATTER, root, n, element);
    return scatter_run(&collective, all, mine);
}

rp_status rp_scatterv(rp_pool *pool, int root, const void *all, const int64_t *counts,
                      rp_element element, void *mine)
{
    struct collective collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_collective_begin_counted(&collective, pool, CALL_SCATTERV, root, counts, element);
    return scatter_run(&collective, all, mine);
}
