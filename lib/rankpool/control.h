/**
 * @file rankpool/control.h
 * @brief Calls: submit, wait, cancel. Results decide what is computed next.
 *
 *     static int square(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
 *     {
 *         double x = *(const double *)in;                 // on any rank
 *         return rp_buffer_append(result, &(double){x * x}, sizeof x);
 *     }
 *     static int control(rp_control *control, void *user) // on the root
 *     {
 *         rp_future *future;
 *         for (double x = 0; x < 10; x++)
 *             rp_submit(control, 0, &x, sizeof x, NULL, &future);
 *         while (rp_wait_any(control, INFINITY, &future) == RP_OK && future != NULL) {
 *             use(rp_future_result(future, ...), ...);    // in order of completion
 *             rp_future_free(&future);
 *         }
 *         return 0;
 *     }
 *     ...
 *     rp_control_run(pool, &(rp_control_job){
 *         .controller = control, .calls = (rp_call_fn[]){square}, .call_count = 1});
 */
#ifndef RANKPOOL_CONTROL_H
#define RANKPOOL_CONTROL_H

#include <rankpool/buffer.h>
#include <rankpool/declarations.h>
#include <rankpool/options.h>
#include <rankpool/status.h>
#include <rankpool/task.h>

#include <stdbool.h>
#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** What a controller submits to and waits for. Opaque; valid during the controller's call. */
typedef struct rp_control rp_control;

/** A call that was submitted, and its result. Opaque. Valid until rp_future_free(), at most until
 *  the controller returns. */
typedef struct rp_future rp_future;

/**
 * The controller: submits calls, waits for them, and decides by their results what to submit next.
 * Called on the root once. It uses the functions of this file, which are *local*, and no other call
 * on the pool. Returns 0, or the program's own error code.
 *
 * @param[in] user  options.user of the root
 */
typedef int (*rp_controller_fn)(rp_control *control, void *user);

/**
 * Computes one call, on any rank: reads the bytes that were submitted, and writes the result to
 * `result`, which is initially empty. Returns 0, or the program's own error code. rp_task_item() is
 * the number of the call, rp_task_random() depends on it alone.
 *
 * @param[in] in       aligned as by malloc()
 * @param[out] result  any number of bytes, including 0
 */
typedef int (*rp_call_fn)(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result);

/**
 * Called on the root once when a call is done, failed and cancelled ones too, unless the controller
 * has returned. It may submit, wait, cancel and free the future. It runs within rp_submit() and the
 * waiting functions, in order of completion, and never within another callback.
 */
typedef void (*rp_done_fn)(rp_control *control, rp_future *future, void *closure);

/** How to make a call. Zero means the default. */
typedef struct rp_call_options {
    int priority;            /**< calls of higher priority are begun first; of one priority, those
                                   that were submitted first. What has been sent to a rank is not
                                   overtaken: some 50 us of calls, at least two. */
    int retries;             /**< how often the call is repeated if it fails or is late, by the
                                   same rank at once; 0: options.retries of the job */
    double seconds;          /**< time limit of each attempt, as options.item_seconds, which is the
                                   default */
    rp_future *const *after; /**< calls of which this one needs the results: it begins when they
                                   have succeeded, and finds the results by rp_task_after(). If one
                                   of them fails or is cancelled, so is this one. */
    int after_count;         /**< length of `after` */
    rp_done_fn done;         /**< callback, or NULL */
    void *closure;           /**< passed to `done`; rp_future_closure() */
    bool nowait;             /**< if the window is full, submit nothing, and return
                                   RP_ERR_TIMEOUT */
    uint64_t reserved[6];
} rp_call_options;

/** A job of calls. The same on every rank, except for addresses and the controller. */
typedef struct rp_control_job {
    rp_controller_fn controller; /**< used on the root only */
    const rp_call_fn *calls;     /**< the functions that can be called, in the same order on every
                                      rank */
    int call_count;              /**< their number */
    bool dedicated_root;         /**< the root computes only if it is the only rank; otherwise it
                                      computes calls while the controller waits, and a long call
                                      delays the controller */
    int64_t window_items;        /**< limit on calls submitted but not done; 0: 65536 */
    int64_t window_bytes;        /**< limit on the bytes of their inputs; one call is always
                                      accepted; 0: 16 MiB */
    rp_options options;          /**< user, seed, retries, item_seconds, name and unit; the other
                                      members must be 0 */
} rp_control_job;

/**
 * Calls the controller on the root, while all ranks compute what it submits. *Collective.*
 *
 * A call that fails, is late, or is lost with its ranks does not end the job: its future has the
 * error. When the controller returns, calls that are not done are cancelled. Where ranks survive
 * deaths (rp_survives()), a dead rank's calls are begun again, as in rp_stream(). In a pool with a
 * checkpoint, results are saved under the number, function, input and dependencies of the call: a
 * later run whose controller makes the same calls in the same order gets them at once.
 *
 * @return RP_OK: the controller returned 0, no call was open, and the job was not interrupted.
 *         RP_ERR_CANCELLED: it returned 0, but calls were open. RP_ERR_TASK: it returned another
 *         value, which is rp_last_error()->task_code. RP_ERR_INTERRUPTED, RP_ERR_ARGUMENT,
 *         RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_LOST, RP_ERR_STATE, RP_ERR_VERSION.
 * Cost: as rp_stream(), and about 1 us for each call on the root. Results of dependencies pass
 * through the root.
 */
rp_status rp_control_run(rp_pool *pool, const rp_control_job *job);

/**
 * Submits a call. *Local,* like all functions below, and for the controller and its callbacks. If
 * the window is full, it waits for room, and calls back.
 *
 * @param[in] call     index of the function in job->calls
 * @param[in] in       `bytes` bytes, copied; may be NULL if `bytes` is 0
 * @param[in] options  or NULL
 * @param[out] future  the call, to be freed by rp_future_free(); or NULL: the call is not needed
 *                     except by its callback, and rp_wait_any() does not return it
 * @return RP_OK. RP_ERR_ARGUMENT; RP_ERR_MEMORY; RP_ERR_TIMEOUT: the window is full and
 *         options->nowait is set. RP_ERR_INTERRUPTED or RP_ERR_CANCELLED: the job has been stopped,
 *         and the controller should return. *future is NULL then.
 */
rp_status rp_submit(rp_control *control, int call, const void *in, size_t bytes,
                    const rp_call_options *options, rp_future **future);

/**
 * Waits until a call is done: it succeeded, failed or was cancelled. The root computes meanwhile,
 * unless it is dedicated, so the wait may last longer than `seconds` by a call.
 *
 * @param[in] seconds  0 or more; INFINITY: until it is done
 * @return RP_OK: done. RP_ERR_TIMEOUT: not yet. RP_ERR_ARGUMENT; RP_ERR_INTERRUPTED or
 *         RP_ERR_CANCELLED, as for rp_submit().
 */
rp_status rp_wait(rp_future *future, double seconds);

/**
 * Waits until any call is done, and returns each once, in order of completion.
 *
 * @param[in] seconds  as for rp_wait()
 * @param[out] done    a future that is done; NULL if none is left that has not been returned
 * @return as rp_wait(); *done is NULL unless RP_OK
 */
rp_status rp_wait_any(rp_control *control, double seconds, rp_future **done);

/**
 * Waits until any of some calls is done, as MPI_Waitany(). Like rp_wait(), it leaves what
 * rp_wait_any() returns as it is. To go through the calls as they are completed, set to NULL what
 * has been returned; rp_future_free() does.
 *
 * @param[in] futures  `n` calls of one controller. NULLs are passed over. It is read anew while
 *                     waiting: a callback that frees one of them sets it to NULL.
 * @param[in] seconds  as for rp_wait()
 * @param[out] which   index of one that is done, the first if there are several; -1 if all are NULL
 * @return as rp_wait(); *which is -1 unless RP_OK
 * Cost: looks at up to `n` calls each time that the root has sent, received or computed something.
 */
rp_status rp_wait_any_of(rp_future *const *futures, int n, double seconds, int *which);

/** Waits until all calls are done, those without a future too. Returns as rp_wait(). */
rp_status rp_wait_all(rp_control *control, double seconds);

/** Whether the call is done. Does not wait, nor make progress: see rp_wait() with 0 seconds. */
bool rp_future_done(const rp_future *future);

/**
 * The result of a call that is done.
 *
 * @param[out] data   aligned as by malloc(); owned by the future
 * @param[out] bytes  its length
 * @return RP_OK; or why there is none, with *data NULL and *bytes 0: RP_ERR_STATE: not done.
 *         RP_ERR_TASK, RP_ERR_TIMEOUT, RP_ERR_LOST, RP_ERR_CANCELLED, RP_ERR_MEMORY: see
 *         rp_future_error().
 */
rp_status rp_future_result(const rp_future *future, const void **data, size_t *bytes);

/** The error of a call that failed or was cancelled, with its number as item, its rank and host;
 *  NULL: not done, or it succeeded. The future owns it. */
const rp_error *rp_future_error(const rp_future *future);

/** The number of the call: 0, 1, 2 ... in the order of submission. */
int64_t rp_future_number(const rp_future *future);

/** closure of the call's options, or NULL. */
void *rp_future_closure(const rp_future *future);

/**
 * Cancels a call.
 *
 * @return true: it never began and will not; it is done, with RP_ERR_CANCELLED. False: it is done
 *         already, or it may have begun. Then it is asked to end: its task sees
 *         rp_task_cancelled(), and if it returns an error code, its status is RP_ERR_CANCELLED. So
 *         is that of a call waiting on another node, which will not begin.
 */
bool rp_future_cancel(rp_future *future);

/**
 * Frees a future. The call is made in any case, unless it is cancelled before.
 *
 * @param[in,out] future  set to NULL. NULL or a pointer to NULL does nothing.
 */
void rp_future_free(rp_future **future);

/**
 * In a call: the result of a call that it depends on.
 *
 * @param[in] place   index in options->after, from 0
 * @param[out] bytes  its length
 * @return the result, aligned as by malloc(), valid during the call; NULL if there is none of that
 *         index
 */
const void *rp_task_after(const rp_task *task, int place, size_t *bytes);

RP_END_DECLARATIONS

#endif
