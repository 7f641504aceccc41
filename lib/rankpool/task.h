/**
 * @file rankpool/task.h
 * @brief Tasks: what a function of the program that the library calls may ask and say.
 */
#ifndef RANKPOOL_TASK_H
#define RANKPOOL_TASK_H

#include <rankpool/block.h>
#include <rankpool/declarations.h>
#include <rankpool/random.h>

#include <stdbool.h>
#include <stdint.h>

RP_BEGIN_DECLARATIONS

/** One call of a function of the program: for which item, and whose. Opaque. */
typedef struct rp_task rp_task;

/** Where an array is, or is wanted. */
typedef enum rp_place {
    RP_ON_ROOT,  /**< on the root; the others' pointers are not looked at */
    RP_ON_NODES, /**< whole in the node memory of every node */
    RP_ON_RANKS  /**< whole on every rank */
} rp_place;

/**
 * Computes one item: reads `in`, writes `out`. Returns 0, or the program's own error code.
 *
 * A task may use anything but this pool's calls; of the library it calls only what is *local*.
 *
 * @param[in] task  who is asking; valid during the call
 * @param[in] in    the item's input, or NULL for an index-only job
 * @param[out] out  place of the item's result, or NULL if the job has none
 */
typedef int (*rp_item_fn)(rp_task *task, const void *in, void *out);

/**
 * Computes a range of items: `in` and `out` are those of range.begin, the others follow. For a
 * reduction, `out` is the partial result of the leaf so far, the identity at first; a leaf comes in
 * one call, or in several, in order, where its input has more than 512 KiB. rp_task_fail() says
 * which item failed; otherwise it is the first.
 */
typedef int (*rp_range_fn)(rp_task *task, rp_range range, const void *in, void *out);

/**
 * Joins two neighbouring results: left = left (+) right. Returns 0, or the program's own error
 * code. It need be neither commutative nor, in floating point, associative. It is called on any
 * rank, often, and not in the order of the items.
 *
 * @param[in,out] left  the result of the items before; becomes that of both
 * @param[in] right     the result of the items behind
 * @param[in] user      options.user of the rank that calls
 */
typedef int (*rp_combine_fn)(void *left, const void *right, void *user);

/** The item at hand, or the first of the range at hand. *Local,* like the next six. */
int64_t rp_task_item(const rp_task *task);

/** options.user of this rank. */
void *rp_task_user(const rp_task *task);

/**
 * How often the same call was made before: 0, and more with options.retries, or, in a stream, when
 * a rank died that had the item in hand (see rp_survives()).
 */
int rp_task_attempt(const rp_task *task);

/**
 * Should the task end? Long tasks ask now and then, and return an error code (any) when it is so.
 *
 * True when the task has taken longer than options.item_seconds allows: the item is late, and what
 * it returns makes no difference any more. True also when all are to stop, because another rank
 * failed or gave up, or the pool was interrupted: an item that ends for that is RP_ERR_CANCELLED
 * and has not failed. Where MPI gives no MPI_THREAD_MULTIPLE, or with RANKPOOL_AGENT=poll, asking
 * also keeps the node's agent going; without that other nodes may run out of work while a task is
 * long.
 *
 * Cost: some ns; with a limit, and where it keeps the agent going, a reading of the clock (25 ns).
 */
bool rp_task_cancelled(rp_task *task);

/** Begins the stream of random numbers of an item, under options.seed: see rp_random_begin(). */
void rp_task_random(const rp_task *task, int64_t item, rp_random *random);

/**
 * Says which item failed and why; the task then returns what this returns.
 *
 *     return rp_task_fail(task, item, 3, "no convergence after %d steps", steps);
 *
 * @param[in] code    the program's own error code; 0 is taken as 1
 * @param[in] format  as for printf; cut to what rp_error holds
 * @return code
 */
int rp_task_fail(rp_task *task, int64_t item, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

RP_END_DECLARATIONS

#endif
