/**
 * @file rankpool/collective.h
 * @brief Collectives: data movement between the ranks, as in MPI, with 64-bit counts.
 *
 * Common to all of them:
 *
 * - A barrier, in which ranks sleep, precedes the calls of MPI, and another follows the data
 *   transfer. On return, buffers may be reused on every rank.
 * - Small data travel in the first barrier: the call costs no other, and does not call MPI between
 *   ranks. Small are up to 64 bytes of each rank, or of the root in a broadcast or scatter, and up
 *   to 4 KiB of all ranks. This holds for all but rp_alltoall() and rp_alltoallv(), and in
 *   broadcast and allgather not for node memory, of elements that are bytes, predefined datatypes,
 *   or contiguous ones of these.
 * - Elements are counted from 0; n and counts are 64-bit. The caller owns the buffers.
 * - `root`, n, counts and the type signature of an element must be the same on every rank, else
 *   RP_ERR_MISMATCH. The memory layout of a datatype may differ between ranks, but for node memory
 *   not between the ranks of a node.
 * - Buffers must not overlap, from their first byte to their last, but some calls work in place:
 *   `mine` may be at its own place of `all` in rp_scatter(), rp_gather(), rp_scatterv(),
 *   rp_gatherv() and rp_allgather(); `result` may be `mine` in reductions over ranks but for
 *   rp_reduce_scatter_ranks(). MPI_IN_PLACE is refused. A buffer without elements, and one that is
 *   not accessed, may be NULL.
 * - They return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_STATE or RP_ERR_MPI.
 *   A call that is refused has moved no data; after RP_ERR_MPI, output buffers are undefined.
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
 * Cost: a few microseconds on a node with a core for every rank. The costs of other collective
 * calls count such barriers.
 */
rp_status rp_barrier(rp_pool *pool);

/**
 * Combines one status per rank; every rank gets the result. *Collective.*
 *
 * @param[in] mine    this rank's status
 * @param[out] worst  RP_OK if `mine` was RP_OK on all ranks, else the status of the lowest rank
 *                    where it was not; may be NULL
 * @return RP_OK, regardless of the statuses passed
 */
rp_status rp_agree(rp_pool *pool, rp_status mine, rp_status *worst);

/** Element type of a collective; made by rp_bytes() or rp_datatype(). */
typedef struct rp_element {
    size_t size; /**< size in bytes, without gaps; 0: `type` determines it */
    MPI_Datatype type;
} rp_element;

/** Contiguous elements of `size` bytes each, at least 1. *Local.* */
rp_element rp_bytes(size_t size);

/**
 * Elements of a committed MPI datatype, which may be derived: they lie one extent apart, and gaps
 * in and between them are not touched. *Local.* The program owns the datatype, and may free it
 * after the collective call. Datatypes without data are refused.
 */
rp_element rp_datatype(MPI_Datatype type);

/**
 * Copies the root's n elements to all ranks. *Collective.*
 *
 * Node memory is filled once per node, and not copied on the root's node. `data` must then be at
 * the same offset of the same allocation on every rank, including the root (RP_ERR_MISMATCH). On
 * return all ranks see the data, as after rp_node_sync().
 *
 * @param[in] root      the rank that has the data
 * @param[in,out] data  n elements: read on the root, written elsewhere
 * @param[in] n         elements, 0 or more
 * Cost: one barrier for small data; otherwise two (three for up to 64 KiB) and MPI_Bcast; for node
 * memory, MPI_Bcast among the first ranks of the nodes only.
 */
rp_status rp_broadcast(rp_pool *pool, int root, void *data, int64_t n, rp_element element);

/**
 * Distributes the root's n elements: rank r gets those of rp_block(n, ranks, r). *Collective.*
 *
 * @param[in] all    n elements; accessed on the root only
 * @param[out] mine  this rank's elements; on the root it may be their place in `all`
 * Cost: one barrier for small data; otherwise two (three for up to 64 KiB per node) and one copy of
 * every element; the ranks of a node copy in parallel. The root sends to each rank in turn.
 */
rp_status rp_scatter(rp_pool *pool, int root, const void *all, int64_t n, rp_element element,
                     void *mine);

/**
 * Gathers n elements on the root, of which rank r has those of rp_block(n, ranks, r). *Collective.*
 *
 * @param[in] mine  this rank's elements; on the root it may be their place in `all`
 * @param[out] all  n elements; written on the root only
 * Cost: one barrier for small data; otherwise two (three for up to 64 KiB per node). On the root's
 * node every element is copied twice, through a buffer that stays in the caches; from other nodes,
 * and where elements have gaps, each rank sends a message.
 */
rp_status rp_gather(rp_pool *pool, int root, const void *mine, int64_t n, rp_element element,
                    void *all);

/**
 * Gathers n elements on every rank, of which rank r has those of rp_block(n, ranks, r).
 * *Collective.*
 *
 * Node memory is filled once per node; `all` must then be at the same offset of the same allocation
 * on every rank.
 *
 * @param[in] mine  this rank's elements, which may be at their place in `all`
 * @param[out] all  n elements
 * Cost: one barrier for small data; otherwise two (three for up to 64 KiB) and MPI_Allgatherv. Into
 * node memory: one copy of `mine`, and with several nodes another barrier and one MPI_Bcast per
 * rank among the first ranks of the nodes.
 */
rp_status rp_allgather(rp_pool *pool, const void *mine, int64_t n, rp_element element, void *all);

/**
 * Distributes the root's elements: the first counts[0] to rank 0, the next counts[1] to rank 1, and
 * so on. *Collective.*
 *
 * @param[in] all     the elements of all ranks, without gaps; accessed on the root only
 * @param[in] counts  one count, 0 or more, for each rank; the same on every rank
 * @param[out] mine   this rank's elements
 * Cost: as rp_scatter().
 */
rp_status rp_scatterv(rp_pool *pool, int root, const void *all, const int64_t *counts,
                      rp_element element, void *mine);

/**
 * Gathers counts[r] elements of every rank r on the root, in rank order. *Collective.*
 *
 * @param[in] mine    this rank's elements
 * @param[in] counts  one count, 0 or more, for each rank; the same on every rank
 * @param[out] all    the elements of all ranks, without gaps; written on the root only
 * Cost: as rp_gather().
 */
rp_status rp_gatherv(rp_pool *pool, int root, const void *mine, const int64_t *counts,
                     rp_element element, void *all);

/**
 * Reduces one array per rank, element by element: MPI_Reduce. *Collective.*
 *
 * The result depends on the number of ranks and, in floating point, on the order. Small data are
 * reduced in rank order, ((0 op 1) op 2) ..., so they give the same bits on any nodes and with any
 * MPI. This holds for MPI's arithmetic and logical operations on C's integers and floating-point
 * numbers, MPI_MINLOC and MPI_MAXLOC, and user-defined operations. For everything else MPI chooses
 * the order. For a result that does not depend on the number of ranks, use rp_reduce().
 *
 * @param[in] mine     n elements
 * @param[in] n        elements of each rank, 0 or more
 * @param[in] type     their datatype
 * @param[in] op       MPI_SUM, MPI_MAX ... or a user-defined one; the same on every rank
 * @param[out] result  n elements, which may replace `mine`; written on the root only
 * Cost: one barrier for small data, and `op` on the elements of all ranks, on each rank that gets
 * the result; otherwise two barriers and the call of MPI, and on the root a copy of `mine` if the
 * result replaces it.
 */
rp_status rp_reduce_ranks(rp_pool *pool, int root, const void *mine, int64_t n, MPI_Datatype type,
                          MPI_Op op, void *result);

/**
 * As rp_reduce_ranks(), but every rank gets the result: MPI_Allreduce. *Collective.* The result
 * replaces `mine` on all ranks or on none.
 */
rp_status rp_allreduce_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type,
                             MPI_Op op, void *result);

/**
 * Reduces the arrays of the ranks up to and including this one: MPI_Scan. *Collective.* Arguments
 * as in rp_allreduce_ranks().
 */
rp_status rp_scan_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type, MPI_Op op,
                        void *result);

/**
 * Reduces the arrays of the ranks below this one: MPI_Exscan. *Collective.* Arguments as in
 * rp_allreduce_ranks(). On rank 0 `result` is not accessed.
 */
rp_status rp_exscan_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type, MPI_Op op,
                          void *result);

/**
 * Reduces one array per rank, element by element; rank r gets the elements of rp_block(n, ranks, r)
 * of the result: MPI_Reduce_scatter. *Collective.*
 *
 * @param[in] mine     n elements
 * @param[out] result  this rank's block; it must not overlap `mine`
 * The other arguments are those of rp_reduce_ranks().
 * Cost: one barrier for small data; otherwise two and the call of MPI.
 */
rp_status rp_reduce_scatter_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type,
                                  MPI_Op op, void *result);

/**
 * Sends n elements to every rank: MPI_Alltoall. *Collective.*
 *
 * @param[in] mine  n elements for rank 0, then n for rank 1 ...: n for each rank
 * @param[in] n     elements from each rank to each, 0 or more
 * @param[out] all  n elements from rank 0, then n from rank 1 ...
 * Cost: two barriers. Between two nodes goes one message if the data of a node, for all ranks, are
 * no more than 32 KiB, with another barrier; else messages between two ranks, of at most 60 KiB.
 * Inside a node every element is copied twice, through a buffer that stays in the caches, or, if
 * elements have gaps, goes by message.
 */
rp_status rp_alltoall(rp_pool *pool, const void *mine, int64_t n, rp_element element, void *all);

/**
 * Sends counts[r] elements to every rank r: MPI_Alltoallv, without counts that the receiver has to
 * know, and without displacements. *Collective.*
 *
 * @param[in] mine       counts[0] elements for rank 0, then counts[1] for rank 1 ..., without gaps
 * @param[in] counts     one count, 0 or more, for each rank; ranks may have different ones
 * @param[out] all       the elements from rank 0, then those from rank 1 ..., without gaps
 * @param[in] most       how many elements `all` has room for; ranks may have different numbers
 * @param[out] received  one count for each rank: how many elements came from there. It is also
 *                       written if `most` is too small on some rank, so that the program can make
 *                       room and call again; it must not overlap `counts`.
 * @return as the others. RP_ERR_ARGUMENT, on every rank, if `most` is too small on one; the error
 *         says how many elements the lowest of those ranks needs room for. No data has moved then.
 * Cost: four barriers. The data from one rank to another go with the counts, in one message between
 * two nodes, if they are at most 32 KiB divided by the number of all ranks and by the largest
 * number of ranks on a node; else as in rp_alltoall().
 */
rp_status rp_alltoallv(rp_pool *pool, const void *mine, const int64_t *counts, rp_element element,
                       void *all, int64_t most, int64_t *received);

RP_END_DECLARATIONS

#endif
