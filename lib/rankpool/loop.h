/**
 * @file rankpool/loop.h
 * @brief Loops: the ranks share the items 0 ... n - 1.
 */
#ifndef RANKPOOL_LOOP_H
#define RANKPOOL_LOOP_H

#include <rankpool/block.h>
#include <rankpool/declarations.h>
#include <rankpool/options.h>
#include <rankpool/status.h>

#include <stdbool.h>
#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** A loop in progress on a pool. Opaque; made by rp_loop_open(). */
typedef struct rp_loop rp_loop;

/**
 * Begins a loop over the items 0 ... n - 1, each assigned to exactly one rank. *Collective.*
 *
 *     rp_loop_open(pool, n, NULL, &loop);
 *     while (rp_loop_next(loop, &range))
 *         for (int64_t i = range.begin; i < range.end; i++)
 *             sum += f(i);
 *     rp_loop_close(&loop, RP_OK);
 *
 * Until rp_loop_close(), other collective calls on this pool return RP_ERR_STATE immediately.
 *
 * @param[in] n        number of items, 0 or more, the same on every rank. No memory is used per
 *                     item. Above 2^31 items the smallest chunk is ceil(n / 2^31) items.
 * @param[in] options  options, or NULL for all defaults
 * @param[out] loop    the loop; NULL after an error, which every rank gets
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_STATE (a loop is open), RP_ERR_VERSION
 * Cost: one barrier.
 */
rp_status rp_loop_open(rp_pool *pool, int64_t n, const rp_options *options, rp_loop **loop);

/**
 * Claims the next items for this rank. *Local,* but it may wait, asleep, while other ranks compute
 * the last items.
 *
 * Calling it again marks the previous range as done.
 *
 * @param[out] range  items to compute, at least one; undefined after false
 * @return false when all items of this node are done and it will get no more, or a rank gave up (a
 *         rank of another node: within some milliseconds)
 * Cost: about 5 ns for a single item, less per item in longer chunks. Between nodes, 20 to 30
 * messages per node and job.
 */
bool rp_loop_next(rp_loop *loop, rp_range *range);

/**
 * Saves the result of the current range to the checkpoint (config.checkpoint). *Local.* Call it
 * after the range is computed and before rp_loop_next() is called again:
 *
 *     while (rp_loop_next(loop, &range)) {
 *         double part = 0;
 *         size_t bytes;
 *         const void *kept = rp_loop_saved(loop, &bytes);
 *         if (kept != NULL)
 *             memcpy(&part, kept, bytes);
 *         else
 *             for (int64_t i = range.begin; i < range.end; i++)
 *                 part += f(i);
 *         rp_loop_save(loop, &part, sizeof part);
 *         sum += part;
 *     }
 *
 * Ranges for which it is not called are not saved. It does nothing without config.checkpoint, and
 * for ranges that are saved already.
 *
 * @param[in] data  copied; may be NULL if `bytes` is 0
 * @return RP_OK, RP_ERR_ARGUMENT; RP_ERR_STATE: no range was claimed since the last call. A failure
 *         to write the journal is not an error: see rp_resume.
 * Cost: a copy, its checksum (some 0.1 ns per byte), and periodically a write.
 */
rp_status rp_loop_save(rp_loop *loop, const void *data, size_t bytes);

/**
 * The data that an earlier run saved for the current range, or NULL if the range must be computed.
 * *Local.*
 *
 * @param[out] bytes  size of the data; 0 for NULL
 * @return the data, aligned as by malloc(), valid until the next call on the loop
 */
const void *rp_loop_saved(rp_loop *loop, size_t *bytes);

/**
 * Says that the loop has found enough at `item`, as rp_task_enough() does: rp_loop_next() returns
 * false from now on, on ranks of other nodes within some milliseconds, and rp_loop_close() returns
 * RP_OK. *Local.* The rank may leave its current range, and need not call rp_loop_next() again.
 *
 * @param[in] item  0 or more: what rp_enough_item() returns, if no rank names a lower one
 * @return RP_OK, RP_ERR_ARGUMENT
 */
rp_status rp_loop_enough(rp_loop *loop, int64_t item);

/**
 * Ends a loop. *Collective.* A rank may give up early: with `mine` other than RP_OK all ranks stop.
 *
 * @param[in,out] loop  set to NULL
 * @param[in] mine      RP_OK after rp_loop_next() returned false; else why this rank gave up
 * @return RP_OK if every item was done, or a rank called rp_loop_enough(); else, on every rank,
 *         `mine` of the lowest rank that gave up. RP_ERR_TIMEOUT if a chunk took longer than
 *         options.item_seconds allows; all ranks stop then. RP_ERR_STATE if a rank passed RP_OK
 *         before the end. RP_ERR_ARGUMENT, on this rank alone, if no loop is open.
 */
rp_status rp_loop_close(rp_loop **loop, rp_status mine);

RP_END_DECLARATIONS

#endif
