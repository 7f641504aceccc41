/**
 * @file rankpool/reduce.h
 * @brief Reductions: the results of all items, combined in a fixed tree.
 */
#ifndef RANKPOOL_REDUCE_H
#define RANKPOOL_REDUCE_H

#include <rankpool/declarations.h>
#include <rankpool/options.h>
#include <rankpool/status.h>
#include <rankpool/task.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/**
 * A reduction of the results of all items, and a result per item too if `out` is set. The same on
 * every rank, as in rp_map_job.
 */
typedef struct rp_reduce_job {
    int64_t n;        /**< number of items */
    int64_t leaf;     /**< items per leaf, part of the definition of the result; 0: derived from n
                           alone, ceil(n / 2^16) but at most 2^20 */
    rp_range_fn body; /**< folds the items of a leaf into its partial result */
    rp_combine_fn combine; /**< combines two partial results */
    const void *identity;  /**< initial partial result, result_size bytes */
    const void *in;        /**< as in rp_map_job */
    size_t in_size;
    rp_place in_place;
    void *out;          /**< n results, one per item, which the body stores at rp_task_out(); or
                             NULL, with out_size 0: none */
    size_t out_size;    /**< as in rp_map_job */
    rp_place out_place; /**< as in rp_map_job */
    void *result;       /**< on every rank: where it stores its copy of the result */
    size_t result_size; /**< bytes of a result */
    rp_options options;
} rp_reduce_job;

/**
 * Combines the partial results of all leaves in a fixed tree, so that the result is bit-identical
 * for any number of ranks and nodes and any schedule. *Collective.*
 *
 * The tree: each leaf of even index is combined with its right neighbour, then each pair of even
 * index with the next pair, and so on; a node without a right neighbour moves up unchanged. For n =
 * 0 the result is the identity. Memory: some log2(leaves) partial results for each contiguous run
 * of leaves that a rank computes.
 *
 * With `out`, one pass computes a result per item and the reduction, as a step of k-means or of
 * molecular dynamics does. The body reads the inputs of its range from `in`, stores their results
 * at rp_task_out(), and folds them into the partial result:
 *
 *     static int body(rp_task *task, rp_range range, const void *in, void *partial)
 *     {
 *         const struct point *point = in;
 *         int *nearest = rp_task_out(task);
 *         for (int64_t i = 0; i < range.end - range.begin; i++) {
 *             nearest[i] = find(rp_task_user(task), &point[i]);
 *             add(partial, nearest[i], &point[i]);
 *         }
 *         return 0;
 *     }
 *
 * `out` has the same bits for any number of ranks and nodes too. It is moved as in rp_map(), and
 * may be `in`, so that state stays with its items from step to step: on nodes (RP_ON_NODES), where
 * every node has all of it after each call. An attempt that is repeated (options.retries) finds
 * `out` and the partial result as the first did. A reduction with `out` is not saved for a
 * checkpoint: a resumed run computes it again. If ranks survive deaths (rp_survives()), items that
 * a dead rank had finished are computed again, so `out` must not be `in`; on several nodes `out`
 * is refused then.
 *
 * @return as rp_map(). on_failure, max_failures and item_status must be 0: a sum without some of
 *         its items would not be the sum.
 * Cost: as rp_map(), plus a barrier, a gather of the ranks' partial results on the root, and a
 * broadcast.
 */
rp_status rp_reduce(rp_pool *pool, const rp_reduce_job *job);

RP_END_DECLARATIONS

#endif
