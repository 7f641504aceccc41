/**
 * @file rankpool/sort.h
 * @brief Sorting, and combining records with equal keys, of arrays that are distributed in blocks.
 *
 * The results do not depend on the number of ranks. Both calls need all ranks, like collectives.
 */
#ifndef RANKPOOL_SORT_H
#define RANKPOOL_SORT_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>
#include <rankpool/task.h>

#include <stddef.h>
#include <stdint.h>

RP_BEGIN_DECLARATIONS

/** The type of a key of 64 bits. */
typedef enum rp_key_type {
    RP_KEY_UINT64 = 0, /**< uint64_t */
    RP_KEY_INT64 = 1,  /**< int64_t */
    RP_KEY_DOUBLE = 2  /**< double, in the total order of IEEE 754: -0 comes before +0, NaNs come
                            first or last, by their sign */
} rp_key_type;

/**
 * Compares two elements. Returns a negative number if `left` comes first, a positive one if `right`
 * does, 0 if they are equal, as for qsort(). Called on any rank. For the same elements it must
 * return the same on every rank.
 *
 * @param[in] user  `user` of the calling rank's rp_sort_job
 */
typedef int (*rp_compare_fn)(const void *left, const void *right, void *user);

/** An array in blocks, and its order. The same on every rank, except `mine` and `user`. */
typedef struct rp_sort_job {
    int64_t n;             /**< number of elements, on all ranks together */
    size_t size;           /**< bytes of an element, at least 1 */
    void *mine;            /**< this rank's elements: those of rp_block(n, ranks, rank) */
    rp_key_type key_type;  /**< ascending order of the keys */
    size_t key_offset;     /**< of the key in an element; it need not be aligned */
    rp_compare_fn compare; /**< the order, instead of keys; NULL: keys */
    void *user;            /**< passed to `compare` and `combine`; each rank has its own */
    uint64_t reserved[4];
} rp_sort_job;

/**
 * Sorts the elements: afterwards rank r has those of rp_block(n, ranks, r) of the sorted array.
 * *Collective.*
 *
 * The sort is stable: elements with equal keys keep their order. So the result is the same for any
 * number of ranks.
 *
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY or RP_ERR_MPI, as from
 *         collectives. After RP_ERR_MPI the elements are undefined; other errors leave them as they
 *         were.
 * Cost: a second copy of the elements in memory, and a sort of each rank's block: by radix for
 * keys, some 10 to 35 ns an element, else by merging. Then some log2(n) rounds find the exact
 * borders of the blocks (Saukas and Song, A note on parallel selection on coarse-grained
 * multicomputers, Algorithmica 24, 1999): in each, an rp_alltoall() and an rp_allgather() of one
 * element from each rank, and the same of a count. Then one rp_alltoallv(), and a merge of what the
 * ranks sent.
 */
rp_status rp_sort(rp_pool *pool, const rp_sort_job *job);

/**
 * Combines all records with equal keys into one. Afterwards rank r has in `mine` those of
 * rp_block(groups, ranks, r) of these records, in ascending order of the keys. *Collective.*
 *
 * Each rank combines its own records before they travel, and what it receives after. Records with
 * equal keys are combined in their order in the array, so `combine` need not be commutative. If it
 * is not associative, as the addition of floating-point numbers is not, the result depends on the
 * number of ranks.
 *
 * @param[in] job      the records; in their own order, a compare function groups those for which it
 *                     returns 0. `mine` has room for this rank's block of n records.
 * @param[in] combine  combines two whole records; the key of the left one must not change
 * @param[out] groups  the number of different keys, on every rank
 * @return as rp_sort(); RP_ERR_TASK if `combine` returned a code other than 0: the records are then
 *         undefined, too
 * Cost: as rp_sort(), with three copies of the elements in memory; after the first step only what
 * is left of them, and another rp_alltoallv() that makes the blocks equal.
 */
rp_status rp_reduce_by_key(rp_pool *pool, const rp_sort_job *job, rp_combine_fn combine,
                           int64_t *groups);

RP_END_DECLARATIONS

#endif
