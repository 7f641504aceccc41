#include "engine/reduce_gather.h"

#include "comm/bigcount.h"
#include "comm/mpi_error.h"

/* Nodes in a message: as many as fit this many bytes, but at least one. */
static const size_t message_bytes = 64 << 10;

static int64_t gather_message_nodes(size_t value_size)
{
    int64_t nodes = (int64_t)(message_bytes / rpi_tree_packed_bytes(value_size, 1));
    return nodes > 1 ? nodes : 1;
}

size_t rpi_gather_buffer_bytes(size_t value_size)
{
    return rpi_tree_packed_bytes(value_size, gather_message_nodes(value_size));
}

static int gather_send(const struct world *world, int to, const struct tree *tree, void *buffer)
{
    int64_t most = gather_message_nodes(tree->value_size);
    int code = rpi_message_send(&tree->count, sizeof tree->count, to, world->comm);
    for (int64_t first = 0; first < tree->count && code == MPI_SUCCESS; first += most) {
        int64_t count = tree->count - first < most ? tree->count - first : most;
        size_t bytes = rpi_tree_pack(tree, first, count, buffer);
        code = rpi_message_send(buffer, bytes, to, world->comm);
    }
    return code;
}

/* Receives a rank's nodes and adds them to this rank's. After a failure it goes on receiving,
 * because the rank goes on sending. */
static int gather_receive(const struct world *world, int from, struct tree *tree, int64_t leaves,
                          void *buffer, bool *added)
{
    int64_t most = gather_message_nodes(tree->value_size), total = 0;
    int code = rpi_message_receive(&total, sizeof total, from, world->comm);
    for (int64_t first = 0; first < total && code == MPI_SUCCESS; first += most) {
        int64_t count = total - first < most ? total - first : most;
        code = rpi_message_receive(buffer, rpi_tree_packed_bytes(tree->value_size, count), from,
                                   world->comm);
        if (code == MPI_SUCCESS && !rpi_tree_packed_valid(buffer, count, leaves))
            rpi_mpi_reject("rank", from);
        *added = *added && code == MPI_SUCCESS && rpi_tree_add_packed(tree, buffer, count);
    }
    return code;
}

/* A binomial tree over the ranks, so that no rank receives from more than log2(ranks) others, and
 * joins happen on many ranks at once. Which values are joined does not depend on where. */
rp_status rpi_gather_trees(const struct world *world, struct tree *tree, int64_t leaves,
                           void *buffer, rp_error *error)
{
    const int64_t ranks = world->ranks, own = (world->rank - world->root + ranks) % ranks;
    int64_t distance = 1;
    bool joined = true;
    int code = MPI_SUCCESS;
    for (; distance < ranks && own % (2 * distance) == 0 && code == MPI_SUCCESS; distance *= 2) {
        if (own + distance < ranks)
            code = gather_receive(world, (int)((own + distance + world->root) % ranks), tree,
                                  leaves, buffer, &joined);
    }
    joined = joined && rpi_tree_settle(tree);
    if (own != 0 && code == MPI_SUCCESS)
        code = gather_send(world, (int)((own - distance + world->root) % ranks), tree, buffer);
    if (rpi_mpi_check(code, "a message with partial results", error) != RP_OK)
        return error->status;
    if (!joined || (own == 0 && !rpi_tree_finish(tree)))
        rpi_tree_explain(tree, error);
    return error->status;
}
