/* Gathers on the root: rank by rank, on its node through node memory; with one aggregated message
 * per node if the data is small, or in the agreement if it is smaller. */
#include "collective/node_aggregate.h"
#include "collective/node_exchange.h"
#include "collective/small_data.h"

/* Unpacks the parts of a node's ranks from its aggregated message. */
static int gather_unpack_node(const struct collective *collective, void *all, int node, size_t room,
                              const char *aggregate)
{
    const struct world *world = &collective->pool->world;
    struct part_place place = {0, 0};
    int code = MPI_SUCCESS;
    for (int i = world->node_first[node]; i < world->node_first[node + 1]; i++) {
        struct run part = rpi_collective_find(collective, all, world->by_node[i], &place);
        if (code == MPI_SUCCESS)
            code = rpi_aggregate_unpack(collective->pool, &part, aggregate);
        aggregate += room;
    }
    return code;
}

static int gather_receive_aggregates(const struct collective *collective, void *all, size_t room)
{
    rp_pool *pool = collective->pool;
    char arriving[AGGREGATE_BYTES];
    int here = pool->world.node;
    int code = gather_unpack_node(collective, all, here, room, rpi_aggregate_base(pool));
    for (int node = 0; node < pool->world.nodes && code == MPI_SUCCESS; node++) {
        if (node == here)
            continue;
        code = rpi_aggregate_receive(pool, arriving, room, node, rpi_aggregate_keeper(pool, node));
        if (code == MPI_SUCCESS)
            code = gather_unpack_node(collective, all, node, room, arriving);
    }
    return code;
}

static rp_status gather_aggregate(struct collective *collective, const struct run *own, void *all,
                                  size_t room)
{
    rp_pool *pool = collective->pool;
    const struct world *world = &pool->world;
    char *aggregate = rpi_aggregate_base(pool);
    int code = rpi_aggregate_pack(pool, own, aggregate + (size_t)world->node_rank * room);
    if (rpi_collective_end(collective, code, "MPI_Pack") != RP_OK)
        return pool->last.status;
    if (rpi_collective_at_root(collective))
        code = gather_receive_aggregates(collective, all, room);
    else if (world->node_rank == 0 && world->node != world->node_of[collective->root])
        code = rpi_aggregate_send(pool, aggregate, room, world->node, collective->root);
    return rpi_collective_end(collective, code, "gathering by MPI");
}

/* ---- rank by rank ---------------------------------------------------------------------------- */

struct gather {
    const struct collective *collective;
    struct run own;
    void *all; /* on the root */
    struct part_place place;
};

static struct node_part gather_node_part(void *closure, int rank, bool receive)
{
    struct gather *gather = closure;
    const struct collective *collective = gather->collective;
    bool concerned = receive ? rpi_collective_at_root(collective) : rank == collective->root;
    if (!concerned || !rpi_node_carries(collective, rank))
        return (struct node_part){NULL, 0};
    struct run part =
        receive ? rpi_collective_find(collective, gather->all, rank, &gather->place) : gather->own;
    return (struct node_part){part.base, (size_t)(part.units * part.layout->size)};
}

/* Receives what comes as messages, and meanwhile copies the root's own part. */
static void gather_receive(struct gather *gather, struct transfer *transfer)
{
    const struct collective *collective = gather->collective;
    const struct world *world = &collective->pool->world;
    struct part_place place = {0, 0};
    for (int rank = 0; rank < world->ranks; rank++) {
        struct run part = rpi_collective_find(collective, gather->all, rank, &place);
        if (rank != world->rank && !rpi_node_carries(collective, rank))
            rpi_transfer_receive(transfer, &part, rank);
    }
    struct run own_place = rpi_collective_find(collective, gather->all, world->rank, &place);
    rpi_transfer_copy(transfer, &gather->own, &own_place);
}

static rp_status gather_directly(struct collective *collective, const struct run *own, void *all)
{
    struct gather gather = {.collective = collective, .own = *own, .all = all};
    struct transfer transfer;
    rpi_transfer_begin(&transfer, collective->pool->world.comm);
    if (rpi_collective_at_root(collective))
        gather_receive(&gather, &transfer);
    else if (!rpi_node_carries(collective, collective->root))
        rpi_transfer_send(&transfer, own, collective->root);
    rpi_node_exchange(collective->pool, gather_node_part, &gather, &transfer);
    return rpi_collective_end(collective, rpi_transfer_end(&transfer), "gathering by MPI");
}

static rp_status gather_run(struct collective *collective, const void *mine, void *all)
{
    bool root = rpi_collective_at_root(collective);
    struct run own = rpi_collective_own(collective, "mine", mine);
    struct run whole = rpi_collective_buffer(collective, "all", all, root ? collective->n : 0);
    rpi_collective_apart_or_own(collective, &own, &whole);
    rpi_node_announce_layout(collective);
    rpi_small_offer(collective, &own, rpi_collective_largest_part(collective), -1);
    if (rpi_collective_agree(collective) != RP_OK)
        return collective->pool->last.status;
    if (rpi_small_brought(collective)) {
        if (root)
            rpi_small_copy_all(collective, all);
        return RP_OK;
    }
    size_t room = rpi_aggregate_room(collective, false);
    if (room > 0)
        return gather_aggregate(collective, &own, all, room);
    return gather_directly(collective, &own, all);
}

rp_status rp_gather(rp_pool *pool, int root, const void *mine, int64_t n, rp_element element,
                    void *all)
{
    struct collective collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_collective_begin(&collective, pool, CALL_GATHER, root, n, element);
    return gather_run(&collective, mine, all);
}

rp_status rp_gatherv(rp_pool *pool, int root, const void *mine, const int64_t *counts,
                     rp_element element, void *all)
{
    struct collective collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_collective_begin_counted(&collective, pool, CALL_GATHERV, root, counts, element);
    return gather_run(&collective, mine, all);
}
