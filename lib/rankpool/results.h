/**
 * @file rankpool/results.h
 * @brief Results of unequal length.
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

/** Results of unequal length, on the ranks that computed them. Opaque; made by rp_map_varlen(). */
typedef struct rp_results rp_results;

/**
 * Computes one item: reads `in`, puts its bytes into `result`, which is empty at first. Returns 0,
 * or the program's own error code. As rp_item_fn otherwise.
 */
typedef int (*rp_map_varlen_fn)(rp_task *task, const void *in, rp_buffer *result);

/** A map whose results have any length. The same on every rank, but for addresses. */
typedef struct rp_map_varlen_job {
    int64_t n;             /**< items */
    rp_map_varlen_fn item; /**< computes one item */
    const void *in;        /**< n inputs, or NULL: the item's index says all */
    size_t in_size;        /**< bytes of an input; 0 without */
    rp_place in_place;     /**< where the inputs are */
    rp_options options;
} rp_map_varlen_job;

/**
 * Computes every item once, on whichever rank; its result, of 0 and more bytes, stays there.
 * *Collective.*
 *
 * Failures are those of rp_map(). After RP_ERR_TASK, RP_ERR_TIMEOUT and RP_ERR_INTERRUPTED there
 * are results nonetheless: those of the items that went well; all others have no bytes.
 *
 * @param[out] results  the results, owned by the caller until rp_results_free(); NULL after any
 *                      other error than these
 * @return as rp_map()
 * Cost: as rp_map(), and a copy of each result. A rank's memory: the bytes of its results and 8 for
 * each of its items; up to half as much again while it grows.
 */
rp_status rp_map_varlen(rp_pool *pool, const rp_map_varlen_job *job, rp_results **results);

/**
 * Brings all results to one rank, in the order of the items. *Collective.*
 *
 * @param[in] root      the rank that wants them, the same on every rank
 * @param[out] offsets  on the root n + 1 numbers: result i is at data + offsets[i] and has
 *                      offsets[i + 1] - offsets[i] bytes; NULL on the other ranks, which may also
 *                      give NULL
 * @param[out] data     on the root the bytes of all results, without gaps, aligned as malloc()
 *                      does; likewise. Both belong to `results`, until it is freed or gathered
 *                      again.
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: two meetings and one copy of every result; the root takes from each rank in turn, with two
 * messages for each run of items that it computed without a break. Memory on the root: the results,
 * and 8 bytes an item.
 */
rp_status rp_results_gather(rp_results *results, int root, const int64_t **offsets,
                            const void **data);

/**
 * Writes the bytes of all results into one file, in the order of the items, without gaps.
 * *Collective;* all ranks write at the same time. See rp_file_create().
 *
 * @param[in] path  the file's name, the same on every rank
 * @return RP_OK, RP_ERR_IO, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: six meetings; 16 bytes of memory, and a broadcast, for each run of items that a rank
 * computed without a break.
 */
rp_status rp_results_write(rp_results *results, const char *path);

/**
 * What this rank has: its items number 0, 1, 2 ..., ascending. *Local.*
 *
 *     for (int64_t i = 0; rp_results_mine(results, i, &item, &data, &bytes); i++)
 *
 * @param[in] index   0 and more
 * @param[out] item   which item it is
 * @param[out] data   its bytes, without alignment, until rp_results_free()
 * @param[out] bytes  their number
 * @return false if it has not so many; then nothing is stored
 * Cost: a search among the runs of items that this rank computed without a break.
 */
bool rp_results_mine(const rp_results *results, int64_t index, int64_t *item, const void **data,
                     size_t *bytes);

/**
 * Frees what this rank has of results. *Local;* on every rank, and also after rp_close().
 *
 * @param[in,out] results  set to NULL. NULL or a pointer to NULL is fine and does nothing.
 */
void rp_results_free(rp_results **results);

RP_END_DECLARATIONS

#endif
