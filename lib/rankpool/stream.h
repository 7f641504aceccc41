/**
 * @file rankpool/stream.h
 * @brief Streams: items are produced, computed and consumed concurrently, in constant memory.
 *
 *     static int produce(void *user, rp_buffer *item)       // on the root
 *     {
 *         struct line *line = next_line(user);
 *         if (line == NULL)
 *             return RP_ITEM_LAST;
 *         return rp_buffer_append(item, line->text, line->length) == 0 ? RP_ITEM : -1;
 *     }
 *     static int work(rp_task *task, const void *in, size_t bytes, rp_buffer *result);
 *     static int consume(void *user, int64_t item, const rp_error *error, const void *data,
 *                        size_t bytes)                      // on the root
 *     {
 *         return fwrite(data, 1, bytes, user) == bytes ? 0 : -1;
 *     }
 *     ...
 *     rp_stream(pool, &(rp_stream_job){.produce = produce, .work = work, .consume = consume});
 */
#ifndef RANKPOOL_STREAM_H
#define RANKPOOL_STREAM_H

#include <rankpool/buffer.h>
#include <rankpool/declarations.h>
#include <rankpool/options.h>
#include <rankpool/status.h>
#include <rankpool/task.h>

#include <stdbool.h>
#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** Return values of a producer; any other value is its own error code. */
enum {
    RP_ITEM_LAST = 0, /**< there are no more items */
    RP_ITEM = 1,      /**< produced an item */
    RP_ITEM_LATER = 2 /**< no item yet: call again, in a millisecond at the latest */
};

/**
 * Produces the next item: appends the input of the task, if any, to `item`, which is initially
 * empty. Called on the root, which neither computes nor consumes while this call blocks: see
 * RP_ITEM_LATER.
 *
 * @param[in] user   options.user of the root
 * @param[out] item  any number of bytes, including 0
 * @return RP_ITEM, RP_ITEM_LAST, RP_ITEM_LATER, or the program's own error code
 */
typedef int (*rp_produce_fn)(void *user, rp_buffer *item);

/**
 * Computes one item of a stream: reads the bytes that were produced, and writes the result to
 * `result`, which is initially empty. Returns 0, or the program's own error code. Otherwise as
 * rp_item_fn.
 *
 * @param[in] in       aligned as by malloc()
 * @param[out] result  any number of bytes, including 0
 */
typedef int (*rp_stream_fn)(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result);

/**
 * Consumes a result. Called on the root once for every item that was computed or failed, in item
 * order unless the stream is unordered.
 *
 * @param[in] user   options.user of the root
 * @param[in] item   0, 1, 2 ... in the order of production
 * @param[in] error  NULL; or the error of a failed item, which has no data
 * @param[in] data   the result, aligned as by malloc(), valid during the call
 * @return 0: continue. Positive: end the stream successfully. Negative: the program's own error
 *         code; the stream ends with RP_ERR_TASK.
 */
typedef int (*rp_consume_fn)(void *user, int64_t item, const rp_error *error, const void *data,
                             size_t bytes);

/** A stream. The same on every rank, except for addresses and the members used by the root only. */
typedef struct rp_stream_job {
    rp_produce_fn produce; /**< used on the root only */
    rp_stream_fn work;
    rp_consume_fn consume;  /**< used on the root only; NULL: results are discarded */
    bool unordered;         /**< consume results in order of completion */
    bool dedicated_root;    /**< the root produces and consumes, and computes only if it is the only
                                 rank; otherwise a long item on the root delays both */
    int64_t window_items;   /**< limit on items produced but not yet consumed; 0: 65536 */
    int64_t window_bytes;   /**< limit on their input and result bytes, but each rank gets two
                                 packets in any case; pending results count as the average of
                                 earlier ones; 0: 16 MiB */
    int64_t expected_items; /**< number of items to expect, for the progress display; used on the
                                 root only; 0: unknown */
    rp_options
        options; /**< schedule: RP_SCHEDULE_ADAPTIVE or RP_SCHEDULE_DYNAMIC. item_status: NULL. */
} rp_stream_job;

/**
 * Computes the items of a producer on all ranks, and passes their results to a consumer, while
 * other items are produced: any number of items, even without end, in constant memory.
 * *Collective.*
 *
 * The window limits how far the producer may run ahead of the consumer. Items are sent in packets
 * of options.chunk items, or by default of as many as take some 50 us to compute.
 *
 * The consumer gets the error of a failed item in place of its result. With RP_ON_FAILURE_STOP it
 * is the last call of the consumer, after all earlier items if the stream is ordered, and no
 * further items are started. If the producer fails, all items produced before are computed and
 * consumed first.
 *
 * If ranks survive deaths (rp_survives()), a dead rank's unfinished items are recomputed, and so
 * are items whose results of more than 32 KiB were lost with it; each item is still consumed once,
 * and in order unless the stream is unordered. An item that three ranks in a row died computing
 * fails with RP_ERR_LOST. With dedicated_root, the root computes if no other rank is left.
 *
 * When the pool is interrupted, results that have not reached the root by then are not consumed,
 * though their tasks end: so the consumer has had the items 0, 1, 2 ... up to one, or some items if
 * the stream is unordered. A later run with a checkpoint computes the others.
 *
 * @return RP_OK: all items were consumed, or the consumer ended the stream. RP_ERR_TASK: an item,
 *         the producer or the consumer failed; rp_last_error() has the code and the item (the
 *         lowest failure observed; for a producer, the item it would have produced).
 *         RP_ERR_TIMEOUT: an item exceeded its time limit. RP_ERR_LOST: an item was given up after
 *         deaths of ranks, or the stream cannot continue without the ranks that died.
 *         RP_ERR_INTERRUPTED, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_STATE,
 *         RP_ERR_VERSION.
 * Cost: three barriers; some 0.1 us per item in addition to the program's functions; 4 MiB of node
 * memory per node. A result of more than 32 KiB stays on the rank that computed it, and is copied
 * to the root once.
 */
rp_status rp_stream(rp_pool *pool, const rp_stream_job *job);

RP_END_DECLARATIONS

#endif
