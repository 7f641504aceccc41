/* The writer of a node: the rank that deals with other nodes for it, by its agent in a job of
 * chunks, by its stream link in a stream. The root is that of its own node. */
#ifndef RANKPOOL_DISTRIB_NODE_LEADER_H
#define RANKPOOL_DISTRIB_NODE_LEADER_H

#include "pool/pool.h"

/* May this rank come to be the writer of its node? Where ranks survive, those of other nodes than
 * the root's all may. */
bool rpi_may_write(const rp_pool *pool);

/* Is it that one, when all ranks have agreed to begin? */
bool rpi_writes(const rp_pool *pool);

#endif
