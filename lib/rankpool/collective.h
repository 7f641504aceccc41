/**
 * @file rankpool/collective.h
 * @brief Collectives: data between the ranks, in the manner of MPI, with counts of any size
 *
 * What holds for all of them:
 *
 * - The ranks meet first, asleep, and enter MPI when all are there. They meet again when the data
 *   have arrived, so on return every buffer may be used again on every rank.
 * - Elements are counted from 0; n and counts are 64-bit. Buffers are the caller's.
 * - `root`, n, counts and what an element is made of are the same on every rank (RP_ERR_MISMATCH).
 *   How a datatype lies in memory may differ from rank to rank, but not on a node for node memory.
 * - Buffers must not overlap, from their first byte to their last. A buffer of no elements, and one
 *   that is not looked at, may be NULL.
 * - They return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_STATE or RP_ERR_MPI.
 *   A call that is refused has moved nothing; after RP_ERR_MPI buffers that were to be written are
 *   undefined.
 */
#ifndef RANKPOOL_COLLECTIVE_H
#define RANKPOOL_COLLECTIVE_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <mpi.h>
#include <stddef.h>

RP_BEGIN_DECLARATIONS

/**
 * Waits for every rank, asleep rather than spinning. *Collective.*
 *
 * @return RP_OK
 * Cost: a meeting of the ranks, as every collective call has: some microseconds on a node with a
 * core for every rank.
 */
rp_status rp_barrier(rp_pool *pool);

/**
 * Tells every rank how it went on all of them. *Collective.*
 *
 * @param[in] mine    how it went here; each rank its own
 * @param[out] worst  RP_OK if `mine` was RP_OK everywhere, else that of the lowest rank where it
 *                    was not; may be NULL
 * @return RP_OK when the ranks have met, whatever they told
 */
rp_status rp_agree(rp_pool *pool, rp_status mine, rp_status *worst);

/** What the elements of a collective are; made by rp_bytes() or rp_datatype(). */
typedef struct rp_element {
    size_t size; /**< bytes without a gap; 0: as `type` says */
    MPI_Datatype type;
} rp_element;

/** Elements of `size` bytes each, at least 1, one after the other. *Local.* */
rp_element rp_bytes(size_t size);

/**
 * Elements of an MPI datatype, committed, and derived ones too: they lie one extent apart, and the
 * gaps in and between them are left alone. *Local.* The program keeps the datatype, and may free it
 * after the collective call. Types of no data at all are refused.
 */
rp_element rp_datatype(MPI_Datatype type);

/**
 * Copies the root's n elements to all ranks. *Collective.*
 *
 * Node memory of rp_node_alloc() is filled once per node, and the root's node has nothing to copy:
 * `data` is then the same place in the same allocation on every rank, the root's too
 * (RP_ERR_MISMATCH). The data may be read on return, as after rp_node_sync().
 *
 * @param[in] root      the rank that has the data
 * @param[in,out] data  n elements: read on the root, written elsewhere
 * @param[in] n         elements, 0 and more
 * Cost: two meetings (three for up to 64 KiB) and MPI_Bcast, for node memory among the first ranks
 * of the nodes only.
 */
rp_status rp_broadcast(rp_pool *pool, int root, void *data, int64_t n, rp_element element);

/**
 * Deals out the root's n elements: rank r gets those of rp_block(n, ranks, r). *Collective.*
 *
 * @param[in] all    n elements; looked at on the root only
 * @param[out] mine   this rank's elements
 * Cost: two meetings (three for up to 64 KiB a node) and one copy of every element; on a node the
 * ranks copy at the same time. The root sends to each rank in turn.
 */
rp_status rp_scatter(rp_pool *pool, int root, const void *all, int64_t n, rp_element element,
                     void *mine);

/**
 * Collects n elements on the root, of which rank r has those of rp_block(n, ranks, r).
 * *Collective.*
 *
 * @param[in] mine    this rank's elements
 * @param[out] all  n elements; written on the root only
 * Cost: two meetings (three for up to 64 KiB a node) and one copy of every element.
 */
rp_status rp_gather(rp_pool *pool, int root, const void *mine, int64_t n, rp_element element,
                    void *all);

/**
 * Collects n elements on every rank, of which rank r has those of rp_block(n, ranks, r).
 * *Collective.*
 *
 * Node memory of rp_node_alloc() is filled once per node: `all` is then the same place in the same
 * allocation on every rank.
 *
 * @param[in] mine    this rank's elements
 * @param[out] all  n elements
 * Cost: two meetings (three for up to 64 KiB) and MPI_Allgatherv. Into node memory one copy of
 * `mine`, and if there are several nodes another meeting, and one MPI_Bcast per rank among the
 * first ranks of the nodes.
 */
rp_status rp_allgather(rp_pool *pool, const void *mine, int64_t n, rp_element element, void *all);

/**
 * Deals out elements of the root: the first counts[0] to rank 0, the next counts[1] to rank 1, and
 * so on. *Collective.*
 *
 * @param[in] all     the elements of all ranks, without gaps; looked at on the root only
 * @param[in] counts  one count, 0 or more, for each rank; the same on every rank
 * @param[out] mine   this rank's elements
 * Cost: as rp_scatter().
 */
rp_status rp_scatterv(rp_pool *pool, int root, const void *all, const int64_t *counts,
                      rp_element element, void *mine);

/**
 * Collects on the root counts[r] elements of every rank r, in the order of the ranks. *Collective.*
 *
 * @param[in] mine    this rank's elements
 * @param[in] counts  one count, 0 or more, for each rank; the same on every rank
 * @param[out] all    the elements of all ranks, without gaps; written on the root only
 * Cost: as rp_gather().
 */
rp_status rp_gatherv(rp_pool *pool, int root, const void *mine, const int64_t *counts,
                     rp_element element, void *all);

/**
 * Joins one array of each rank, element by element: MPI_Reduce. *Collective.*
 *
 * One value per rank goes in, so the result depends on the number of ranks, and in floating point
 * on the order MPI chooses. rp_reduce() is the one whose bits do not.
 *
 * @param[in] mine     n elements
 * @param[in] n        elements of each rank, 0 and more
 * @param[in] type     their datatype
 * @param[in] op       MPI_SUM, MPI_MAX ... or the program's own; the same on every rank
 * @param[out] result  n elements; written on the root only
 * Cost: two meetings and MPI's own call.
 */
rp_status rp_reduce_ranks(rp_pool *pool, int root, const void *mine, int64_t n, MPI_Datatype type,
                          MPI_Op op, void *result);

/** As rp_reduce_ranks(), with a result on every rank, each its own: MPI_Allreduce. *Collective.* */
rp_status rp_allreduce_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type,
                             MPI_Op op, void *result);

/**
 * Joins the arrays of the ranks before this one: MPI_Exscan. *Collective.* Arguments as in
 * rp_reduce_ranks(). On rank 0 `result` is not looked at, and stays as it was.
 */
rp_status rp_exscan_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type, MPI_Op op,
                          void *result);

RP_END_DECLARATIONS

#endif
