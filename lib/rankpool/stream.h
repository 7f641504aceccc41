/**
 * @file rankpool/stream.h
 * @brief Streams: items come and results go while others are computed, in constant memory.
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

/** What a producer returns; anything else is its own error code. */
enum {
    RP_ITEM_LAST = 0, /**< there are no more items */
    RP_ITEM = 1,      /**< here is one */
    RP_ITEM_LATER = 2 /**< none right now: ask again, in a millisecond at the latest */
};

/**
 * Makes the next item: fills `item`, which is empty, with what the task needs, if anything. Called
 * on the root. While it waits, the root neither computes nor consumes: see RP_ITEM_LATER.
 *
 * @param[in] user   options.user of the root
 * @param[out] item  any number of bytes, 0 included
 * @return RP_ITEM, RP_ITEM_LAST, RP_ITEM_LATER, or the program's own error code
 */
typedef int (*rp_produce_fn)(void *user, rp_buffer *item);

/**
 * Computes one item of a stream: reads the bytes that were produced, and fills `result`, which is
 * empty. Returns 0, or the program's own error code. As rp_item_fn otherwise.
 *
 * @param[in] in       aligned as malloc() does
 * @param[out] result  any number of bytes, 0 included
 */
typedef int (*rp_stream_fn)(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result);

/**
 * Takes a result. Called on the root, once for every item that was done or failed, in the order of
 * the items unless the stream is unordered.
 *
 * @param[in] user   options.user of the root
 * @param[in] item   0, 1, 2 ... in the order in which they were produced
 * @param[in] error  NULL; or why the item failed, and then there are no data
 * @param[in] data   the result, aligned as malloc() does, valid during the call
 * @return 0: go on. Positive: that was enough, the stream ends, well. Negative: the program's own
 *         error code, and the stream ends with it.
 */
typedef int (*rp_consume_fn)(void *user, int64_t item, const rp_error *error, const void *data,
                             size_t bytes);

/** A stream. The same on every rank, but for addresses; produce and consume are the root's. */
typedef struct rp_stream_job {
    rp_produce_fn produce; /**< looked at on the root */
    rp_stream_fn work;
    rp_consume_fn consume;  /**< looked at on the root; NULL: results are dropped */
    bool unordered;         /**< results are consumed as they are done */
    bool dedicated_root;    /**< the root produces and consumes, and computes only if it is alone;
                                otherwise a long item of its own holds up both */
    int64_t window_items;   /**< items that are produced and not consumed, at the most; 0: 65536 */
    int64_t window_bytes;   /**< bytes of them, inputs and results, at the most, but for two
                                parcels for each rank; results that are still to come count as
                                many bytes as those before; 0: 16 MiB */
    int64_t expected_items; /**< how many there will be, for who watches the progress; looked at
                                 on the root; 0: unknown */
    rp_options
        options; /**< schedule: RP_SCHEDULE_ADAPTIVE or RP_SCHEDULE_DYNAMIC. item_status: NULL. */
} rp_stream_job;

/**
 * Has items computed that a producer makes, while a consumer takes the results of others: as many
 * as there are, or without an end, in constant memory. *Collective.*
 *
 * A consumer that is slower than the others holds up the producer, by the window. Items travel in
 * parcels, of so many that computing them takes some 50 us, or of options.chunk.
 *
 * When an item fails, its error is consumed in its place. With RP_ON_FAILURE_STOP it is the last
 * that is consumed, and no further items are begun; when the stream is ordered, those before it
 * still are. When the producer fails, all items that it made before are computed and consumed
 * first.
 *
 * Where ranks survive others (rp_survives()), the items that a dead rank had in hand, and those
 * whose results of more than 32 KiB went with it, are computed again; each is still consumed once,
 * and in its turn. An item that was at hand when three ranks in a row died fails with RP_ERR_LOST.
 * With dedicated_root, the root computes when it is the last.
 *
 * @return RP_OK: all items were consumed, or it was enough. RP_ERR_TASK: an item, the producer or
 *         the consumer failed; rp_last_error() has the code, and the item (the lowest that was seen
 *         to fail; of a producer, the one it would have made). RP_ERR_TIMEOUT: an item was late.
 *         RP_ERR_LOST: an item was given up because ranks died of it, or they cannot be done
 *         without. RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_STATE, RP_ERR_VERSION.
 * Cost: three meetings; per item some 0.1 us beside what the functions take; 4 MiB of node memory
 * on every node. A result of more than 32 KiB stays where it was made, and is copied to the root
 * once.
 */
rp_status rp_stream(rp_pool *pool, const rp_stream_job *job);

RP_END_DECLARATIONS

#endif
