/**
 * @file rankpool/loop.h
 * @brief The loop: all ranks work off the items 0 ... n - 1.
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

/** One loop being worked off by all ranks of a pool. Opaque; made by rp_loop_open(). */
typedef struct rp_loop rp_loop;

/**
 * Begins a loop over the items 0 ... n - 1, each handed to exactly one rank. *Collective.*
 *
 *     rp_loop_open(pool, n, NULL, &loop);
 *     while (rp_loop_next(loop, &range))
 *         for (int64_t i = range.begin; i < range.end; i++)
 *             sum += f(i);
 *     rp_loop_close(&loop, RP_OK);
 *
 * Until its close no other collective call on this pool is allowed (RP_ERR_STATE, at once).
 *
 * @param[in] n        number of items, 0 and more, the same on every rank. No memory is used per
 *                     item. Above 2^31 items the smallest chunk is ceil(n / 2^31) items.
 * @param[in] options  or NULL for all defaults
 * @param[out] loop    the loop; NULL after an error, and no rank enters it then
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_STATE (a loop is open), RP_ERR_VERSION
 * Cost: one meeting of the ranks.
 */
rp_status rp_loop_open(rp_pool *pool, int64_t n, const rp_options *options, rp_loop **loop);

/**
 * Hands this rank the next items to compute. *Local,* but it may wait, asleep, while others hold
 * the last items.
 *
 * The items handed out last count as done when it is called again.
 *
 * @param[out] range  items to compute, at least one; undefined after false
 * @return false when every item of this node is done and it will get no more, or a rank gave up
 *         (within some milliseconds, if that is on another node).
 * Cost: about 5 ns for a single item, less per item in longer chunks. Between nodes 20 to 30
 * messages per node and job.
 */
bool rp_loop_next(rp_loop *loop, rp_range *range);

/**
 * Keeps what the items handed out last came to, with config.checkpoint. *Local.* After they are
 * computed, and before rp_loop_next() is called again:
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
 * Ranges for which this is not called are not kept. Without config.checkpoint, and for ranges that
 * are kept, nothing happens.
 *
 * @param[in] data  copied; may be NULL if `bytes` is 0
 * @return RP_OK, RP_ERR_ARGUMENT; RP_ERR_STATE: no items were handed out since the last call. A
 *         journal that cannot be written is no error: see rp_resume.
 * Cost: a copy, its checksum (some 0.1 ns a byte), and now and then a write.
 */
rp_status rp_loop_save(rp_loop *loop, const void *data, size_t bytes);

/**
 * What an earlier run has kept of the items handed out last, or NULL: they are to be computed.
 * *Local.*
 *
 * @param[out] bytes  how many; 0 for NULL
 * @return aligned as malloc() does, valid until the next call on the loop
 */
const void *rp_loop_saved(rp_loop *loop, size_t *bytes);

/**
 * Ends a loop. *Collective.* A rank may leave early: with `mine` other than RP_OK all ranks stop.
 *
 * @param[in,out] loop  set to NULL
 * @param[in] mine      RP_OK after rp_loop_next() returned false; else why this rank gave up
 * @return RP_OK if every item was done, else `mine` of the lowest rank that gave up, on every rank.
 *         RP_ERR_TIMEOUT if a chunk took longer than options.item_seconds allows; all stop then.
 *         RP_ERR_STATE if a rank left before the end with RP_OK. RP_ERR_ARGUMENT, on this rank
 *         alone, if there is no open loop.
 */
rp_status rp_loop_close(rp_loop **loop, rp_status mine);

RP_END_DECLARATIONS

#endif
