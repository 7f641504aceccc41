/**
 * @file rankpool/node_memory.h
 * @brief Node memory: memory shared by the ranks of a node.
 */
#ifndef RANKPOOL_NODE_MEMORY_H
#define RANKPOOL_NODE_MEMORY_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/**
 * Allocates zeroed memory, one instance per node, shared by its ranks. *Collective.*
 *
 * The pages are allocated before the call returns: a full /dev/shm is RP_ERR_MEMORY here, not a
 * crash later. The memory is an unnamed file in /dev/shm, or in TMPDIR if /dev/shm is too small,
 * so nothing is left behind however the program ends. RANKPOOL_MEMORY_DIR names another directory.
 * Guard pages surround it, so that a store beyond its last page is a crash (SIGSEGV). Nodes of one
 * rank use the same kind of memory.
 *
 * @param[in] bytes    size, the same on every rank, at least 1
 * @param[out] memory  address, a multiple of 4096. It differs between ranks, so do not store
 *                     pointers in the memory. NULL after an error. Owned by the caller until
 *                     rp_node_free() or rp_close().
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: two barriers; clearing the memory, by the first rank of each node.
 */
rp_status rp_node_alloc(rp_pool *pool, size_t bytes, void **memory);

/**
 * Frees memory of rp_node_alloc(). *Collective;* every rank passes the same allocation.
 *
 * @param[in,out] memory  set to NULL. A pointer to NULL, on every rank, does nothing.
 * @return RP_OK; RP_ERR_ARGUMENT unless it is memory of rp_node_alloc() on this pool;
 *         RP_ERR_MISMATCH. After an error nothing is freed.
 */
rp_status rp_node_free(rp_pool *pool, void **memory);

/**
 * Makes stores to node memory visible to the other ranks of the node. *Collective.*
 *
 * @return RP_OK
 * Cost: as rp_barrier().
 */
rp_status rp_node_sync(rp_pool *pool);

RP_END_DECLARATIONS

#endif
