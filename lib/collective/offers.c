#include "collective/offers.h"

#include "base/error.h"
#include "base/round_up.h"
#include "comm/cma.h"

struct offer {
    uint64_t address; /* in the private memory of the rank that offers it */
    int64_t bytes;
};

/* In node memory, for each rank of the node one, followed by an offer to each. All ranks read what
 * a rank has written; agreements are between the two.
 *
 * self        The rank writes it once, in rpi_offers_settle(), before the first agreement there.
 * no_access   It writes it between the two agreements there; the others read it after the second.
 * offers      It writes them before the agreement that begins a collective; the others read them
 *             before the one that ends it. */
struct offers {
    struct peer self;
    int64_t no_access; /* this rank cannot read the memory of some other rank of the node */
};

static size_t offers_distance(int node_ranks)
{
    return round_up(sizeof(struct offers) + (size_t)node_ranks * sizeof(struct offer), APART);
}

size_t rpi_offers_bytes(int node_ranks)
{
    return (size_t)node_ranks * offers_distance(node_ranks);
}

static struct offers *offers_of(const rp_pool *pool, int node_rank)
{
    char *first = (char *)pool->collectives->offers;
    return (struct offers *)(first + (size_t)node_rank * offers_distance(pool->world.node_ranks));
}

static struct offer *offer_from(const rp_pool *pool, int from, int to)
{
    return (struct offer *)(offers_of(pool, from) + 1) + to;
}

void rpi_offer_set(const rp_pool *pool, int node_rank, const void *memory, int64_t bytes)
{
    *offer_from(pool, pool->world.node_rank, node_rank) =
        (struct offer){(uint64_t)(uintptr_t)memory, bytes};
}

int64_t rpi_offer_bytes(const rp_pool *pool, int node_rank)
{
    return offer_from(pool, node_rank, pool->world.node_rank)->bytes;
}

bool rpi_offer_read(const rp_pool *pool, int node_rank, void *to, size_t bytes, rp_error *error)
{
    const struct world *world = &pool->world;
    if (rpi_peer_read(&offers_of(pool, node_rank)->self,
                      offer_from(pool, node_rank, world->node_rank)->address, to, bytes))
        return true;
    rpi_error_set(error, RP_ERR_MEMORY, "the memory that rank %d sends cannot be read",
                  world->by_node[world->node_first[world->node] + node_rank]);
    return false;
}

/* ---- may the ranks of the node read each other's memory? ------------------------------------- */

static int64_t offers_try(const rp_pool *pool)
{
    int64_t no_access = 0;
    for (int i = 0; i < pool->world.node_ranks; i++)
        no_access |= i != pool->world.node_rank && !rpi_peer_reachable(&offers_of(pool, i)->self);
    return no_access;
}

static enum offers_way offers_decide(const rp_pool *pool)
{
    for (int i = 0; i < pool->world.node_ranks; i++)
        if (offers_of(pool, i)->no_access)
            return OFFERS_SENT;
    return OFFERS_READ;
}

rp_status rpi_offers_settle(rp_pool *pool)
{
    struct offers *mine = offers_of(pool, pool->world.node_rank);
    struct vote vote = rpi_vote(CALL_MOVED);
    if (pool->collectives->offers_way != OFFERS_UNTRIED)
        return RP_OK;
    mine->self = rpi_peer_self();
    if (rpi_pool_agree(pool, &vote) != RP_OK)
        return pool->last.status;
    mine->no_access = offers_try(pool);
    if (rpi_pool_agree(pool, &vote) == RP_OK)
        pool->collectives->offers_way = offers_decide(pool);
    return pool->last.status;
}
