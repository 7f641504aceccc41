/**
 * @file rankpool/reduce.h
 * @brief Reductions: the results of all items, joined in a fixed tree.
 */
#ifndef RANKPOOL_REDUCE_H
#define RANKPOOL_REDUCE_H

#include <rankpool/declarations.h>
#include <rankpool/options.h>
#include <rankpool/status.h>
#include <rankpool/task.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** A reduction: the results of all items, joined. The same on every rank, as rp_map_job. */
typedef struct rp_reduce_job {
    int64_t n;        /**< items */
    int64_t leaf;     /**< items in a partial result, part of the result's definition; 0: from n
                                alone, ceil(n / 2^16) but at most 2^20 */
    rp_range_fn body; /**< folds the items of a leaf into its partial result */
    rp_combine_fn combine; /**< joins two partial results */
    const void *identity;  /**< what a partial result is at first, result_size bytes */
    const void *in;        /**< as in rp_map_job */
    size_t in_size;
    rp_place in_place;
    void *result;       /**< on every rank: its own place for the result */
    size_t result_size; /**< bytes of a result */
    rp_options options;
} rp_reduce_job;

/**
 * Joins the partial results of all leaves in a fixed tree, so that the same bits come out whatever
 * the number of ranks and nodes and the schedule. *Collective.*
 *
 * The tree: two neighbouring leaves whose first has an even index are joined, then two neighbouring
 * pairs, and so on; what has no right neighbour goes up as it is. For n = 0 the result is the
 * identity. Memory: some log2(leaves) partial results for each run of leaves that a rank works off
 * without a break.
 *
 * @return as rp_map(). on_failure, max_failures and item_status must be 0: a sum without some of
 *         its items would not be the sum.
 * Cost: as rp_map(), and another meeting, the hand-over of the ranks' partial results to the root,
 * and a broadcast.
 */
rp_status rp_reduce(rp_pool *pool, const rp_reduce_job *job);

RP_END_DECLARATIONS

#endif
