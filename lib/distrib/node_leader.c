#include "distrib/node_leader.h"

bool rpi_may_lead_node(const rp_pool *pool)
{
    const struct world *world = &pool->world;
    if (pool->in_rounds)
        return world->rank == world->root || world->node != world->root_node;
    return world->agents != MPI_COMM_NULL;
}

bool rpi_leads_node(const rp_pool *pool)
{
    const struct world *world = &pool->world;
    if (pool->in_rounds)
        return rpi_agreement_leader(&world->agreement) == world->node_rank;
    return rpi_may_lead_node(pool);
}
