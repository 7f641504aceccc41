/* The leader of a node: the rank that communicates with other nodes for it, through its agent in a
 * job of chunks and through its stream link in a stream. On the root's node it is the root. */
#ifndef RANKPOOL_DISTRIB_NODE_LEADER_H
#define RANKPOOL_DISTRIB_NODE_LEADER_H

#include "pool/pool.h"

/* May this rank become the leader of its node? Where ranks survive deaths, every rank outside the
 * root's node may. */
static inline bool may_lead_node(const rp_pool *pool)
{
    const struct world *world = &pool->world;
    if (pool->in_rounds)
        return world->rank == world->root || world->node != world->root_node;
    return world->agents != MPI_COMM_NULL;
}

/* Is this rank the leader? Valid once all ranks have agreed to begin. */
static inline bool leads_node(const rp_pool *pool)
{
    const struct world *world = &pool->world;
    if (pool->in_rounds)
        return rpi_agreement_leader(&world->agreement) == world->node_rank;
    return may_lead_node(pool);
}

#endif
