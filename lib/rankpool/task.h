/**
 * @file rankpool/task.h
 * @brief Tasks: the program's functions that the library calls, and the calls they may make.
 */
#ifndef RANKPOOL_TASK_H
#define RANKPOOL_TASK_H

#include <rankpool/block.h>
#include <rankpool/declarations.h>
#include <rankpool/random.h>

#include <stdbool.h>
#include <stdint.h>

RP_BEGIN_DECLARATIONS

/** Context of one call of a task: its item and its job. Opaque. */
typedef struct rp_task rp_task;

/** Location of an array. */
typedef enum rp_place {
    RP_ON_ROOT,  /**< on the root; other ranks' pointers are not accessed */
    RP_ON_NODES, /**< complete in the node memory of every node */
    RP_ON_RANKS  /**< complete on every rank */
} rp_place;

/**
 * Computes one item: reads `in`, writes `out`. Returns 0, or the program's own error code.
 *
 * A task must not use this pool; it may call only the *local* functions of the library.
 *
 * @param[in] task  context of this call; valid during the call
 * @param[in] in    the item's input, or NULL if the job has no input
 * @param[out] out  where to store the item's result, or NULL if the job has none
 */
typedef int (*rp_item_fn)(rp_task *task, const void *in, void *out);

/**
 * Computes a range of items: `in` and `out` are those of range.begin, followed by the others. In a
 * reduction, `out` is the partial result of the leaf so far, initially the identity, and
 * rp_task_out() has the results of the items; a leaf is one call, or several calls in order if its
 * input and results exceed 512 KiB. If the function fails, the failed item is the one named by
 * rp_task_fail(), else the first.
 */
typedef int (*rp_range_fn)(rp_task *task, rp_range range, const void *in, void *out);

/**
 * Combines two neighbouring results: left = left (+) right. Returns 0, or the program's own error
 * code. In a reduction it need be neither commutative nor, in floating point, associative. It is
 * called often, on any rank, and not in item order.
 *
 * @param[in,out] left  result of the lower items; becomes that of both
 * @param[in] right     result of the higher items
 * @param[in] user      options.user of the calling rank, or `user` of its rp_sort_job
 */
typedef int (*rp_combine_fn)(void *left, const void *right, void *user);

/**
 * The current item, or the first of the current range; in a worklist, the seed that the item
 * descends from. *Local,* like the functions below.
 */
int64_t rp_task_item(const rp_task *task);

/** options.user of this rank. */
void *rp_task_user(const rp_task *task);

/**
 * In the body of a reduction whose job has `out`: where to store the results of the current range,
 * that of its first item first. NULL in other tasks.
 */
void *rp_task_out(const rp_task *task);

/**
 * Number of previous attempts at this call: 0, or more after a retry (options.retries) or, in a
 * stream, after the death of a rank that was computing the item (see rp_survives()).
 */
int rp_task_attempt(const rp_task *task);

/**
 * True if the task should end. Long tasks should poll this, and return any error code when it is
 * true.
 *
 * It is true when the task has exceeded options.item_seconds: the item has then failed with
 * RP_ERR_TIMEOUT, whatever the task returns. It is also true when the job stops, because a rank
 * failed, gave up or found enough, or the pool was interrupted: if the task then returns an error
 * code, its item has not failed but is RP_ERR_CANCELLED. Without MPI_THREAD_MULTIPLE, or with
 * RANKPOOL_AGENT=poll, the call also lets the node's agent make progress; otherwise other nodes may
 * run out of work during a long task.
 *
 * Cost: some ns; with a time limit or a polled agent, reading the clock (25 ns).
 */
bool rp_task_cancelled(rp_task *task);

/**
 * Says that the job has found enough at `item`, an item of the current call: no further items
 * begin, and the job's call returns RP_OK on every rank. The task ends as usual:
 *
 *     if (is_counterexample(x))
 *         return rp_task_enough(task, rp_task_item(task));
 *
 * Items in progress are completed, but see rp_task_cancelled(); items on other nodes may begin for
 * some more milliseconds. rp_enough_item() is then the lowest item that said so *among those that
 * ran*, which differs from run to run. For the lowest of all, repeat the job on the items below it
 * until none says so:
 *
 *     for (int64_t n = items; n > 0 && status == RP_OK; n = rp_enough_item(pool)) {
 *         lowest = n;
 *         status = rp_map(pool, &(rp_map_job){.n = n, .item = check});
 *     }
 *
 * Results of items that did not run are not stored; their status is RP_ERR_CANCELLED
 * (options.item_status). In a reduction, `result` combines, in the order of items, the leaves that
 * were completed, and the calls so far of the leaf that found enough; in a worklist, the results of
 * the items that ran, and `item` is the seed, rp_task_item(). If an item fails as well, the
 * job's call returns its error. A resumed job (rp_resume) computes items that are not saved until
 * it has found enough again. If a rank dies after it has said so (rp_survives()), the result of its
 * item may be missing.
 *
 * @return 0; an error code, with which the current item fails, in a stream, whose consumer ends it,
 *         and if `item` is negative
 */
int rp_task_enough(rp_task *task, int64_t item);

/** Starts the random stream of an item, under options.seed: see rp_random_begin(). */
void rp_task_random(const rp_task *task, int64_t item, rp_random *random);

/**
 * Records which item failed and why. The task then returns the return value:
 *
 *     return rp_task_fail(task, item, 3, "no convergence after %d steps", steps);
 *
 * @param[in] code    the program's own error code; 0 is taken as 1
 * @param[in] format  as for printf(); truncated to the size of rp_error.text
 * @return code
 */
int rp_task_fail(rp_task *task, int64_t item, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

RP_END_DECLARATIONS

#endif
