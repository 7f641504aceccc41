/* What the ranks do together by MPI, where they do not survive deaths. */
#include "comm/channel.h"
#include "comm/cma.h"
#include "comm/mpi_error.h"
#include "pool/pool.h"

#include <string.h>

static int mpi_leader(const rp_pool *pool)
{
    int root = pool->world.agreement.root;
    return root >= 0 ? root : 0;
}

static rp_status mpi_memory_grow(rp_pool *pool, size_t bytes, struct node_memory *memory,
                                 rp_error *error)
{
    if (bytes <= memory->bytes)
        return RP_OK;
    const rp_error before = *error;
    rpi_node_memory_drop(memory);
    rpi_node_memory_make(pool->world.node_comm, bytes, memory, error);
    if (before.status != RP_OK)
        *error = before;
    return error->status;
}

/* Gathers from the ranks of the node, in the front of `all`, and moves what they passed to their
 * places, which are not before: a node's ranks are in ascending order. */
static int mpi_share_on_node(const struct world *world, const void *mine, size_t bytes, char *all)
{
    const int *ranks = world->by_node + world->node_first[world->node];
    int count = (int)bytes;
    int code = MPI_Allgather(mine, count, MPI_BYTE, all, count, MPI_BYTE, world->node_comm);
    for (int i = world->node_ranks - 1; i >= 0 && ranks[i] != i; i--) {
        memcpy(all + (size_t)ranks[i] * bytes, all + (size_t)i * bytes, bytes);
        memset(all + (size_t)i * bytes, 0, bytes);
    }
    return code;
}

static rp_status mpi_share(rp_pool *pool, const void *mine, size_t bytes, void *all)
{
    const struct world *world = &pool->world;
    if (rpi_pool_agree_prepared(pool) != RP_OK)
        return pool->last.status;
    char *of_root = (char *)all + (size_t)world->root * bytes;
    int code = mpi_share_on_node(world, mine, bytes, all);
    if (code == MPI_SUCCESS && world->nodes > 1)
        code = MPI_Bcast(of_root, (int)bytes, MPI_BYTE, world->root, world->comm);
    return rpi_mpi_check(code, "MPI_Allgather", &pool->last);
}

static rp_status mpi_any(rp_pool *pool, int *flags, int count)
{
    return rpi_mpi_check(MPI_Allreduce(MPI_IN_PLACE, flags, count, MPI_INT, MPI_MAX,
                                       pool->world.comm),
                         "MPI_Allreduce", &pool->last);
}

const struct pool_ops rpi_pool_by_mpi = {
    .leader = mpi_leader,
    .memory_grow = mpi_memory_grow,
    .share = mpi_share,
    .reachable = rpi_peer_reachable,
    .any = mpi_any,
    .open_channel = rpi_channel_open_mpi,
};
