/* The same data for everyone: a copy for each rank, or for each node if it is node memory. */
#include "pool/collective.h"

/* In node memory the first ranks of the nodes do it for all; the others sleep in the meeting that
 * ends the call. The root's node has the data: it is the same memory. */
static int fill_nodes(const struct world *world, const struct run *data, int root)
{
    if (world->leaders == MPI_COMM_NULL)
        return MPI_SUCCESS;
    return rpi_run_broadcast(data, world->node_of[root], world->leaders);
}

rp_status rp_broadcast(rp_pool *pool, int root, void *data, int64_t n, rp_element element)
{
    struct collective collective;
    if (pool == NULL)
        return RP_ERR_ARGUMENT;
    rpi_collective_begin(&collective, pool, CALL_BROADCAST, root, n, element);
    struct run run = rpi_collective_buffer(&collective, "data", data, n);
    bool on_nodes = rpi_collective_on_nodes(&collective, &run);
    if (rpi_collective_meet(&collective) != RP_OK)
        return pool->last.status;
    const struct world *world = &pool->world;
    int code =
        on_nodes ? fill_nodes(world, &run, root) : rpi_run_broadcast(&run, root, world->comm);
    return rpi_collective_end(&collective, code, "MPI_Bcast");
}
