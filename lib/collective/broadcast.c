/* Broadcasts one copy of the data to each rank, or to each node if it is node memory. Small data
 * crosses to each node once in either case; the smallest travels in the agreement. */
#include "collective/node_aggregate.h"
#include "collective/small_data.h"

/* In node memory the first ranks of the nodes broadcast for all ranks; the others sleep in the
 * agreement that ends the call. The root's node already has the data, because the memory is
 * shared. */
static int broadcast_to_nodes(const struct world *world, const struct run *data, int root)
{
    if (world->leaders == MPI_COMM_NULL)
        return MPI_SUCCESS;
    return rpi_run_broadcast(data, world->node_of[root], world->leaders);
}

/* Broadcasts between the first ranks of the nodes. The root's node has filled its aggregated
 * message, which is only read there. */
static void broadcast_send_aggregate(rp_pool *pool, int bytes, int root)
{
    const struct world *world = &pool->world;
    int code = MPI_SUCCESS;
    if (world->leaders == MPI_COMM_NULL)
        return;
    if (world->nodes > 1)
        code = MPI_Bcast(rpi_aggregate_base(pool), bytes, MPI_BYTE, world->node_of[root],
                         world->leaders);
    pool->traffic.aggregates += world->nodes > 1;
    rpi_aggregate_fill(pool, code);
}

static rp_status broadcast_aggregate(struct collective *collective, const struct run *data)
{
    rp_pool *pool = collective->pool;
    bool root = rpi_collective_at_root(collective);
    int bytes = (int)(data->units * data->layout->size);
    int code = root ? rpi_aggregate_pack(pool, data, rpi_aggregate_base(pool)) : MPI_SUCCESS;
    if (rpi_collective_end(collective, code, "MPI_Pack") != RP_OK)
        return pool->last.status;
    broadcast_send_aggregate(pool, bytes, collective->root);
    code = rpi_aggregate_await(pool);
    if (code == MPI_SUCCESS && !root)
        code = rpi_aggregate_unpack(pool, data, rpi_aggregate_base(pool));
    return rpi_collective_end(collective, code, "broadcasting by MPI");
}

rp_status rp_broadcast(rp_pool *pool, int root, void *data, int64_t n, rp_element element)
{
    struct collective collective;
    if (pool == NULL)
        return rpi_refuse_null(__func__, "pool");
    rpi_collective_begin(&collective, pool, CALL_BROADCAST, root, n, element);
    struct run run = rpi_collective_buffer(&collective, "data", data, n);
    bool on_nodes = rpi_collective_on_nodes(&collective, &run);
    if (!on_nodes)
        rpi_small_offer(&collective, &run, n, root);
    if (rpi_collective_agree(&collective) != RP_OK)
        return pool->last.status;
    if (rpi_small_brought(&collective)) {
        if (!rpi_collective_at_root(&collective))
            rpi_small_copy(&collective, root, 0, &run);
        return RP_OK;
    }
    if (!on_nodes && rpi_aggregate_hold(&collective, n))
        return broadcast_aggregate(&collective, &run);
    const struct world *world = &pool->world;
    int code = on_nodes ? broadcast_to_nodes(world, &run, root)
                        : rpi_run_broadcast(&run, root, world->comm);
    return rpi_collective_end(&collective, code, "MPI_Bcast");
}
