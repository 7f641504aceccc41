/**
 * @file rankpool/results.h
 * @brief Maps with results of variable length.
 */
#ifndef RANKPOOL_RESULTS_H
#define RANKPOOL_RESULTS_H

#include <rankpool/buffer.h>
#include <rankpool/declarations.h>
#include <rankpool/options.h>
#include <rankpool/status.h>
#include <rankpool/task.h>

#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** Results of variable length, on the ranks that computed them. Opaque; made by rp_map_varlen(). */
typedef struct rp_results rp_results;

/**
 * Computes one item: reads `in`, and writes the result to `result`, which is initially empty.
 * Returns 0, or the program's own error code. Otherwise as rp_item_fn.
 */
typedef int (*rp_map_varlen_fn)(rp_task *task, const void *in, rp_buffer *result);

/** A map with results of variable length. The same on every rank, except for addresses. */
typedef struct rp_map_varlen_job {
    int64_t n;             /**< number of items */
    rp_map_varlen_fn item; /**< computes one item */
    const void *in;        /**< n inputs, or NULL if the item's index is the only input */
    size_t in_size;        /**< bytes per input; 0 if `in` is NULL */
    rp_place in_place;     /**< location of the inputs */
    rp_options options;
} rp_map_varlen_job;

/**
 * Computes every item once, each on some rank, which keeps its result of 0 or more bytes.
 * *Collective.*
 *
 * Items fail as in rp_map(). After RP_ERR_TASK, RP_ERR_TIMEOUT and RP_ERR_INTERRUPTED the results
 * of the successful items are available, and all others have 0 bytes.
 *
 * @param[out] results  the results, owned by the caller until rp_results_free(); NULL after any
 *                      other error
 * @return as rp_map()
 * Cost: as rp_map(), and a copy of each result. Memory of a rank: its results and 8 bytes per item;
 * up to half as much again while it grows.
 */
rp_status rp_map_varlen(rp_pool *pool, const rp_map_varlen_job *job, rp_results **results);

/**
 * Gathers all results on one rank, in item order. *Collective.*
 *
 * @param[in] root      the receiving rank, the same on every rank
 * @param[out] offsets  on the root n + 1 numbers: result i is at data + offsets[i] and has
 *                      offsets[i + 1] - offsets[i] bytes; NULL on the other ranks, which may also
 *                      pass NULL
 * @param[out] data     on the root the bytes of all results, without gaps, aligned as by malloc();
 *                      elsewhere as `offsets`. Both are owned by `results`, and valid until it is
 *                      freed or gathered again.
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: two barriers and one copy of every result; the root receives from each rank in turn, two
 * messages per contiguous run of items that the rank computed. Memory on the root: the results, and
 * 8 bytes per item.
 */
rp_status rp_results_gather(rp_results *results, int root, const int64_t **offsets,
                            const void **data);

/**
 * Writes all results into one file, in item order, without gaps. *Collective;* the ranks write in
 * parallel. See rp_file_create().
 *
 * @param[in] path  the file's name, the same on every rank
 * @return RP_OK, RP_ERR_IO, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: six barriers; 16 bytes of memory, and a broadcast, for each contiguous run of items that a
 * rank computed.
 */
rp_status rp_results_write(rp_results *results, const char *path);

/**
 * Accesses the results on this rank, by index 0, 1, 2 ... in ascending item order. *Local.*
 *
 *     for (int64_t i = 0; rp_results_mine(results, i, &item, &data, &bytes); i++)
 *
 * @param[in] index   0 or more
 * @param[out] item   the item's number
 * @param[out] data   its result, unaligned, valid until rp_results_free()
 * @param[out] bytes  size of the result
 * @return false if this rank has no more than `index` results; then nothing is stored
 * Cost: a search among the contiguous runs of items that this rank computed.
 */
bool rp_results_mine(const rp_results *results, int64_t index, int64_t *item, const void **data,
                     size_t *bytes);

/**
 * Frees this rank's results. *Local;* every rank must call it, and may do so after rp_close().
 *
 * @param[in,out] results  set to NULL. NULL or a pointer to NULL does nothing.
 */
void rp_results_free(rp_results **results);

RP_END_DECLARATIONS

#endif
