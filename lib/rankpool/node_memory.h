/**
 * @file rankpool/node_memory.h
 * @brief Node memory: one instance that all ranks of a node see.
 */
#ifndef RANKPOOL_NODE_MEMORY_H
#define RANKPOOL_NODE_MEMORY_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/**
 * Allocates zeroed memory, one instance for each node, shared by its ranks. *Collective.*
 *
 * The memory is there when the call returns: a full /dev/shm is RP_ERR_MEMORY here, not a crash
 * later. It lives in /dev/shm, or in a file in TMPDIR where that is too small, without a name:
 * however the program ends, nothing is left behind. RANKPOOL_MEMORY_DIR names another directory.
 * The pages before and behind it have no access, so a store beyond its last page is a crash
 * (SIGSEGV). A node of one rank has its memory there, too.
 *
 * @param[in] bytes    its size, the same on every rank, at least 1
 * @param[out] memory  its address, a multiple of 4096; it differs from rank to rank, so keep no
 *                     pointers in it. NULL after an error. Owned by the caller until rp_node_free()
 *                     or rp_close().
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: two meetings; clearing the memory, by the first rank of each node.
 */
rp_status rp_node_alloc(rp_pool *pool, size_t bytes, void **memory);

/**
 * Frees memory of rp_node_alloc(). *Collective;* every rank names the same allocation.
 *
 * @param[in,out] memory  set to NULL. A pointer to NULL, on every rank, does nothing.
 * @return RP_OK; RP_ERR_ARGUMENT for anything else than memory of rp_node_alloc() on this pool;
 *         RP_ERR_MISMATCH. After an error nothing is freed.
 */
rp_status rp_node_free(rp_pool *pool, void **memory);

/**
 * After it, the ranks of a node see what they stored in node memory before it. *Collective.*
 *
 * @return RP_OK
 * Cost: as rp_barrier().
 */
rp_status rp_node_sync(rp_pool *pool);

RP_END_DECLARATIONS

#endif
