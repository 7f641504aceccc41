/* What the ranks do together where they survive deaths. MPI would wait for the dead, so agreements
 * and node memory serve. */
#include "comm/channel.h"
#include "resilience/survival.h"

#include <string.h>

void *rpi_mailbox(const rp_pool *pool, int node_rank)
{
    return pool->survival->mailboxes + (size_t)node_rank * MAILBOX_BYTES;
}

void *rpi_root_mailbox(const rp_pool *pool)
{
    const struct world *world = &pool->world;
    bool here = world->node == world->root_node;
    return rpi_mailbox(pool, here ? world->agreement.root : world->node_ranks);
}

/* On the root's node the root, without which nothing goes on. */
static int survivors_leader(const rp_pool *pool)
{
    const struct agreement *agreement = &pool->world.agreement;
    return agreement->root >= 0 ? agreement->root : rpi_agreement_leader(agreement);
}

static rp_status survivors_memory_grow(rp_pool *pool, size_t bytes, struct node_memory *memory,
                                       rp_error *error)
{
    return rpi_node_memory_fill(memory, bytes, &pool->world.agreement, error);
}

/* Mailboxes of dead ranks are of earlier agreements. */
static rp_status survivors_share(rp_pool *pool, const void *mine, size_t bytes, void *all)
{
    const struct world *world = &pool->world;
    memcpy(rpi_mailbox(pool, world->node_rank), mine, bytes);
    if (rpi_pool_agree_prepared(pool) != RP_OK)
        return pool->last.status;
    memset(all, 0, (size_t)world->ranks * bytes);
    for (int i = 0; i < world->node_ranks; i++)
        memcpy((char *)all + (size_t)rpi_liveness_rank(&world->liveness, i) * bytes,
               rpi_mailbox(pool, i), bytes);
    memcpy((char *)all + (size_t)world->root * bytes, rpi_root_mailbox(pool), bytes);
    return RP_OK;
}

/* Checked when the pool was opened, and the ranks may have died since. */
static bool survivors_reachable(const struct peer *peer)
{
    (void)peer;
    return true;
}

static rp_status survivors_any(rp_pool *pool, int *flags, int count)
{
    (void)pool;
    (void)flags;
    (void)count;
    return RP_OK;
}

const struct pool_ops rpi_pool_without_mpi = {
    .elects = true,
    .leader = survivors_leader,
    .memory_grow = survivors_memory_grow,
    .share = survivors_share,
    .reachable = survivors_reachable,
    .any = survivors_any,
    .open_channel = rpi_channel_open_tcp,
};
