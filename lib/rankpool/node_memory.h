/**
 * @file rankpool/node_memory.h
 * @brief Node memory: memory shared by the ranks of a node.
 */
#ifndef RANKPOOL_NODE_MEMORY_H
#define RANKPOOL_NODE_MEMORY_H

#include <rankpool/block.h>
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
 * Cost: two barriers; clearing the memory, each rank of a node its share.
 */
rp_status rp_node_alloc(rp_pool *pool, size_t bytes, void **memory);

/**
 * Stores the elements range.begin ... range.end - 1 of an array. Returns 0, or the program's own
 * error code. It must not use the pool.
 *
 * @param[out] memory  the array, zeroed: element 0, whatever the range
 * @param[in] user     `user` of the calling rank
 */
typedef int (*rp_fill_fn)(void *memory, rp_range range, void *user);

/**
 * Allocates node memory for an array, and fills it once per node: each rank of the node fills its
 * share, rp_block() of the elements. *Collective.*
 *
 *     static int fill(void *memory, rp_range range, void *user)
 *     {
 *         for (int64_t i = range.begin; i < range.end; i++)
 *             ((double *)memory)[i] = sqrt((double)i);
 *         return 0;
 *     }
 *     ...
 *     rp_node_alloc_filled(pool, n, sizeof(double), fill, NULL, &table);
 *
 * With n = 1 the whole array is one element, and the first rank of each node fills it, for instance
 * from a file. Ranks without elements are not called. When the call returns, every rank of the node
 * sees all of the array.
 *
 * On machines with several memories (NUMA), a share is in the memory of the rank that fills it;
 * that rank also begins with these elements in a job over n items on one node. Memory of 2 MiB and
 * more is put into huge pages where the kernel can, which makes random reads of large tables
 * faster.
 *
 * @param[in] n        number of elements, at least 1, the same on every rank
 * @param[in] size     bytes per element, at least 1, the same on every rank
 * @param[in] fill     fills a range of elements
 * @param[in] user     passed to `fill`; each rank has its own
 * @param[out] memory  as of rp_node_alloc(); free it with rp_node_free()
 * @return as rp_node_alloc(); RP_ERR_TASK, on every rank, if a rank's `fill` failed: its code is
 *         rp_last_error()->task_code, and nothing is allocated then
 * Cost: as rp_node_alloc(), a barrier, and the longest `fill` of any rank; for huge pages, about a
 * second per GiB of a rank's share, but at most one second.
 */
rp_status rp_node_alloc_filled(rp_pool *pool, int64_t n, size_t size, rp_fill_fn fill, void *user,
                               void **memory);

/**
 * Frees memory of rp_node_alloc() or rp_node_alloc_filled(). *Collective;* every rank passes the
 * same allocation.
 *
 * @param[in,out] memory  set to NULL. A pointer to NULL, on every rank, does nothing.
 * @return RP_OK; RP_ERR_ARGUMENT unless it was allocated by these on this pool; RP_ERR_MISMATCH.
 *         After an error nothing is freed.
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
