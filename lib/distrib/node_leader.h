/* The leader of a node: the rank that communicates with other nodes for it, through its agent in a
 * job of chunks and through its stream link in a stream. On the root's node it is the root. */
#ifndef RANKPOOL_DISTRIB_NODE_LEADER_H
#define RANKPOOL_DISTRIB_NODE_LEADER_H

#include "pool/pool.h"

/* May this rank become the leader of its node? Where ranks survive deaths, every rank outside the
 * root's node may. */
bool rpi_may_lead_node(const rp_pool *pool);

/* Is this rank the leader? Valid once all ranks have agreed to begin. */
bool rpi_leads_node(const rp_pool *pool);

#endif
