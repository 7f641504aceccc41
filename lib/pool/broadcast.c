/* The same data for everyone: a copy for each rank, or for each node if it is node memory. Little
 * data goes once to each node in either case. */
#include "pool/bundle.h"

/* In node memory the first ranks of the nodes do it for all; the others sleep in the meeting that
 * ends the call. The root's node has the data: it is the same memory. */
static int fill_nodes(const struct world *world, const struct run *data, int root)
{
    if (world->leaders == MPI_COMM_NULL)
        return MPI_SUCCESS;
    return rpi_run_broadcast(data, world->node_of[root], world->leaders);
}

/* Between the first ranks of the nodes. On the root's the bundle is there, and only read. */
static void send_bundle(rp_pool *pool, int bytes, int root)
{
    const struct world *world = &pool->world;
    int code = MPI_SUCCESS;
    if (world->leaders == MPI_COMM_NULL)
        return;
    if (world->nodes > 1)
        code =
            MPI_Bcast(rpi_bundle_base(pool), bytes, MPI_BYTE, world->node_of[root], world->leaders);
    pool->traffic.bundles += world->nodes > 1;
    rpi_bundle_fill(pool, code);
}

static rp_status broadcast_bundle(struct collective *collective, const struct run *data)
{
    rp_pool *pool = collective->pool;
    bool root = rpi_collective_at_root(collective);
    int bytes = (int)(data->units * data->layout->size);
    if (rpi_collective_meet(collective) != RP_OK)
        return pool->last.status;
    int code = root ? rpi_bundle_pack(pool, data, rpi_bundle_base(pool)) : MPI_SUCCESS;
    if (rpi_collective_end(collective, code, "MPI_Pack") != RP_OK)
        return pool->last.status;
    send_bundle(pool, bytes, collective->root);
    code = rpi_bundle_await(pool);
    if (code == MPI_SUCCESS && !root)
        code = rpi_bundle_unpack(pool, data, rpi_bundle_base(pool));
    return rpi_collective_end(collective, code, "broadcasting by MPI");
}

rp_status rp_broadcast(rp_pool *pool, int root, void *data, int64_t n, rp_element element)
{
    struct collective collective;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_collective_begin(&collective, pool, CALL_BROADCAST, root, n, element);
    struct run run = rpi_collective_buffer(&collective, "data", data, n);
    bool on_nodes = rpi_collective_on_nodes(&collective, &run);
    if (!on_nodes && rpi_bundle_hold(&collective, n))
        return broadcast_bundle(&collective, &run);
    if (rpi_collective_meet(&collective) != RP_OK)
        return pool->last.status;
    const struct world *world = &pool->world;
    int code =
        on_nodes ? fill_nodes(world, &run, root) : rpi_run_broadcast(&run, root, world->comm);
    return rpi_collective_end(&collective, code, "MPI_Bcast");
}
