/* Calls: submit, wait, cancel, callbacks, priorities, dependencies, limits. */
#include "suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- functions of the calls ------------------------------------------------------------------ */

enum {
    SQUARE,
    ADD, /* the results that it depends on, and its input */
    REPEAT,
    FAIL,
    UNTIL_CANCELLED,
    NAP,
    STUBBORN,
    FUNCTIONS,
    LARGE = 100000
};

static int square(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    int64_t number = *(const int64_t *)in;
    (void)task;
    number *= number;
    return bytes == sizeof number ? rp_buffer_append(result, &number, sizeof number) : 1;
}

static int add(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    int64_t sum = bytes == sizeof sum ? *(const int64_t *)in : 0;
    size_t size;
    const void *term;
    for (int i = 0; (term = rp_task_after(task, i, &size)) != NULL; i++) {
        if (size != sizeof sum || ((uintptr_t)term & 15) != 0)
            return 2;
        sum += *(const int64_t *)term;
    }
    return rp_buffer_append(result, &sum, sizeof sum);
}

/* Its input, of any length. */
static int repeat(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    (void)task;
    return ((uintptr_t)in & 15) == 0 ? rp_buffer_append(result, in, bytes) : 1;
}

static int be_bad(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    (void)in;
    (void)bytes;
    (void)result;
    return rp_task_fail(task, rp_task_item(task), 7, "call %d is bad", (int)rp_task_item(task));
}

/* Ends, on a broken machine too. */
static int until_cancelled(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    (void)in;
    (void)bytes;
    (void)result;
    for (int i = 0; i < 60000 && !rp_task_cancelled(task); i++)
        usleep(1000);
    return 9;
}

static int take_nap(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    (void)task;
    (void)in;
    (void)bytes;
    (void)result;
    usleep(1000);
    return 0;
}

/* Succeeds at the third attempt. An attempt that fails has written already. */
static int stubborn(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    int attempt = rp_task_attempt(task);
    (void)in;
    (void)bytes;
    return rp_buffer_append(result, &attempt, sizeof attempt) != 0 || attempt < 2 ? 3 : 0;
}

static const rp_call_fn functions[FUNCTIONS] = {square,          add,      repeat,  be_bad,
                                                until_cancelled, take_nap, stubborn};

static rp_status run(rp_pool *pool, rp_controller_fn controller, void *user, rp_control_job job)
{
    job.controller = rp_rank(pool) == rp_root(pool) ? controller : NULL;
    job.calls = functions;
    job.call_count = FUNCTIONS;
    job.options.user = user;
    return rp_control_run(pool, &job);
}

/* Runs a controller on this machine, and with a node for each rank. */
static void check_everywhere(rp_controller_fn controller, rp_control_job job)
{
    for (int node_size = 0; node_size <= 1; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        int64_t ranks = rp_ranks(pool);
        rp_status status = run(pool, controller, &ranks, job);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        close_pool(pool);
    }
}

static rp_future *submit(rp_control *control, int call, int64_t number,
                         const rp_call_options *options)
{
    rp_future *future;
    rp_status status = rp_submit(control, call, &number, sizeof number, options, &future);
    ck_assert_int_eq(status, RP_OK);
    return future;
}

static int64_t number_of(const rp_future *future)
{
    const void *data;
    size_t bytes;
    ck_assert_int_eq(rp_future_result(future, &data, &bytes), RP_OK);
    ck_assert_uint_eq(bytes, sizeof(int64_t));
    return *(const int64_t *)data;
}

static void check_status(const rp_future *future, rp_status expected)
{
    const void *data;
    size_t bytes;
    ck_assert_int_eq(rp_future_result(future, &data, &bytes), expected);
    ck_assert(expected == RP_OK || (data == NULL && bytes == 0));
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int each_once(rp_control *control, void *user)
{
    enum {
        CALLS = 3000
    };
    static uint8_t seen[CALLS];
    rp_future *future;
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < CALLS; i++)
        submit(control, SQUARE, i, NULL);
    while (rp_wait_any(control, INFINITY, &future) == RP_OK && future != NULL) {
        int64_t number = rp_future_number(future);
        if (number_of(future) != number * number || seen[number]++ != 0)
            ck_abort_msg("call %d", (int)number);
        rp_future_free(&future);
        ck_assert_ptr_null(future);
    }
    for (int i = 0; i < CALLS; i++)
        if (seen[i] != 1)
            ck_abort_msg("call %d was seen %d times", i, seen[i]);
    (void)user;
    return 0;
}

START_TEST(each_call_comes_back_once)
{
    check_everywhere(each_once, (rp_control_job){0});
    check_everywhere(each_once, (rp_control_job){.dedicated_root = true, .window_items = 10});
}
END_TEST

/* Inputs and results from none to 100 KB. */
static int lengths(rp_control *control, void *user)
{
    enum {
        CALLS = 40
    };
    char *bytes = calloc(LARGE, 1);
    rp_future *futures[CALLS];
    (void)user;
    for (int i = 0; i < CALLS; i++) {
        memset(bytes, i, LARGE);
        size_t size = i % 10 == 9 ? LARGE : (size_t)i;
        ck_assert_int_eq(rp_submit(control, REPEAT, i > 0 ? bytes : NULL, size, NULL, &futures[i]),
                         RP_OK);
    }
    for (int i = CALLS - 1; i >= 0; i--) {
        const void *data;
        size_t size;
        memset(bytes, i, LARGE);
        ck_assert_int_eq(rp_wait(futures[i], INFINITY), RP_OK);
        ck_assert_int_eq(rp_future_result(futures[i], &data, &size), RP_OK);
        ck_assert_uint_eq(size, i % 10 == 9 ? LARGE : (size_t)i);
        ck_assert(size == 0 || memcmp(data, bytes, size) == 0);
        rp_future_free(&futures[i]);
    }
    free(bytes);
    return 0;
}

START_TEST(lengths_of_any_kind)
{
    check_everywhere(lengths, (rp_control_job){0});
    check_everywhere(lengths, (rp_control_job){.window_bytes = 10});
}
END_TEST

/* What may be asked of a future in each state. */
static int states(rp_control *control, void *user)
{
    rp_future *running = submit(control, UNTIL_CANCELLED, 0, NULL), *failing, *done;
    rp_future *square = submit(control, SQUARE, 5, &(rp_call_options){.closure = user});
    (void)user;
    check_status(running, RP_ERR_STATE);
    ck_assert_ptr_null(rp_future_error(running));
    ck_assert(!rp_future_done(running));
    ck_assert_ptr_eq(rp_future_closure(square), user);
    if (*(int64_t *)user > 2) { /* a rank is left for the square */
        ck_assert_int_eq(rp_wait(running, 0), RP_ERR_TIMEOUT);
        ck_assert_int_eq(rp_wait(square, INFINITY), RP_OK);
        ck_assert_int_eq(rp_wait(square, 0), RP_OK);
        ck_assert_int_eq(rp_wait_all(control, 0.01), RP_ERR_TIMEOUT);
        ck_assert_int_eq(rp_wait_any(control, 0, &done), RP_OK);
        ck_assert_ptr_eq(done, square);
        ck_assert_int_eq(rp_wait_any(control, 0.01, &done), RP_ERR_TIMEOUT);
        ck_assert_ptr_null(done);
        ck_assert(!rp_future_cancel(square));
    }
    bool never = rp_future_cancel(running);
    ck_assert(never == rp_future_done(running));
    ck_assert_int_eq(rp_wait(running, INFINITY), RP_OK);
    check_status(running, RP_ERR_CANCELLED);
    failing = submit(control, FAIL, 0, NULL);
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    check_status(failing, RP_ERR_TASK);
    const rp_error *error = rp_future_error(failing);
    ck_assert_int_eq(error->item, rp_future_number(failing));
    ck_assert_int_eq(error->task_code, 7);
    ck_assert(error->rank >= 0 && error->rank < *(int64_t *)user);
    ck_assert(error->host[0] != '\0');
    ck_assert_str_eq(error->text, "call 2 is bad");
    ck_assert_int_eq(number_of(square), 25);
    rp_future_free(&square);
    rp_future_free(&square);
    rp_future_free(NULL);
    return 0;
}

START_TEST(futures_have_states)
{
    check_everywhere(states, (rp_control_job){.dedicated_root = true});
}
END_TEST

/* ---- cancelling ------------------------------------------------------------------------------ */

/* A long call on every rank, many that wait behind, all of them cancelled. */
static int cancel_all(rp_control *control, void *user)
{
    enum {
        CALLS = 2000
    };
    static rp_future *futures[CALLS];
    int64_t ranks = *(int64_t *)user, never = 0, cancelled = 0;
    for (int i = 0; i < CALLS; i++)
        futures[i] = submit(control, i < ranks ? UNTIL_CANCELLED : NAP, 0, NULL);
    ck_assert(rp_future_cancel(futures[CALLS - 1]));
    ck_assert(!rp_future_cancel(futures[CALLS - 1]));
    for (int i = 0; i < CALLS; i++)
        never += rp_future_cancel(futures[i]);
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    for (int i = 0; i < CALLS; i++) {
        const void *data;
        size_t bytes;
        rp_status status = rp_future_result(futures[i], &data, &bytes);
        cancelled += status == RP_ERR_CANCELLED;
        ck_assert(status == RP_ERR_CANCELLED || status == RP_OK);
        rp_future_free(&futures[i]);
    }
    ck_assert_int_ge(cancelled, never + 1);
    ck_assert_int_gt(never, CALLS / 2);
    rp_future *future = submit(control, SQUARE, 3, NULL);
    ck_assert_int_eq(rp_wait(future, INFINITY), RP_OK);
    ck_assert_int_eq(number_of(future), 9);
    return 0;
}

START_TEST(cancelled_calls_are_accounted_for)
{
    check_everywhere(cancel_all, (rp_control_job){0});
    check_everywhere(cancel_all, (rp_control_job){.dedicated_root = true});
}
END_TEST

/* ---- callbacks ------------------------------------------------------------------------------- */

struct callbacks {
    int64_t called, failed, sum;
    rp_future *victim;
    bool inside;
};

static void submit_next(rp_control *control, rp_future *future, void *closure)
{
    struct callbacks *callbacks = closure;
    ck_assert(!callbacks->inside);
    callbacks->inside = true;
    callbacks->called++;
    if (rp_future_error(future) != NULL) {
        callbacks->failed++;
    } else {
        callbacks->sum += number_of(future);
        if (callbacks->called < 100)
            ck_assert_int_eq(
                rp_submit(control, SQUARE, &callbacks->called, sizeof(int64_t),
                          &(rp_call_options){.done = submit_next, .closure = callbacks}, NULL),
                RP_OK);
    }
    callbacks->inside = false;
}

/* Cancels a call that waits for another one, in a callback. */
static void cancel_victim(rp_control *control, rp_future *future, void *closure)
{
    struct callbacks *callbacks = closure;
    rp_future_free(&future);
    rp_future *blocker = submit(control, UNTIL_CANCELLED, 0, NULL);
    callbacks->victim =
        submit(control, SQUARE, 3,
               &(rp_call_options){
                   .after = &blocker, .after_count = 1, .done = submit_next, .closure = callbacks});
    ck_assert(rp_future_cancel(callbacks->victim));
    rp_future_cancel(blocker);
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK); /* other callbacks wait for this one */
    ck_assert_int_eq(callbacks->failed, 1);
}

static int call_back(rp_control *control, void *user)
{
    struct callbacks callbacks = {0};
    rp_call_options options = {.done = submit_next, .closure = &callbacks};
    (void)user;
    ck_assert_int_eq(rp_submit(control, SQUARE, &(int64_t){0}, sizeof(int64_t), &options, NULL),
                     RP_OK);
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    ck_assert_int_eq(callbacks.called, 100);
    ck_assert_int_eq(callbacks.sum, 328350);
    rp_future *failing = submit(control, FAIL, 0, &options);
    ck_assert_int_eq(rp_wait(failing, INFINITY), RP_OK);
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    ck_assert(callbacks.failed == 1 && callbacks.called == 101);

    submit(control, SQUARE, 2, &(rp_call_options){.done = cancel_victim, .closure = &callbacks});
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    ck_assert_int_eq(callbacks.failed, 2);
    check_status(callbacks.victim, RP_ERR_CANCELLED);
    return 0;
}

START_TEST(callbacks_submit_and_cancel)
{
    check_everywhere(call_back, (rp_control_job){0});
}
END_TEST

/* ---- order ----------------------------------------------------------------------------------- */

static int urgent_first(rp_control *control, void *user)
{
    int64_t calls = 40 * *(int64_t *)user;
    rp_future *future = NULL, *urgent;
    for (int64_t i = 0; i < calls; i++)
        submit(control, NAP, 0, NULL);
    urgent = submit(control, NAP, 0, &(rp_call_options){.priority = 1});
    int64_t before = 0;
    for (; future != urgent; before++)
        ck_assert_int_eq(rp_wait_any(control, INFINITY, &future), RP_OK);
    ck_assert_int_lt(before, calls / 2);
    return rp_wait_all(control, INFINITY);
}

START_TEST(urgent_calls_overtake)
{
    check_everywhere(urgent_first, (rp_control_job){0});
}
END_TEST

/* A chain, submitted at once, and a sum of it all. */
static int chain(rp_control *control, void *user)
{
    enum {
        LINKS = 1000
    };
    rp_future *last = submit(control, ADD, 1, NULL), *next, *twice[2];
    (void)user;
    for (int i = 1; i < LINKS; i++) {
        next = submit(control, ADD, 1, &(rp_call_options){.after = &last, .after_count = 1});
        rp_future_free(&last);
        last = next;
    }
    twice[0] = twice[1] = last;
    next = submit(control, ADD, 5, &(rp_call_options){.after = twice, .after_count = 2});
    ck_assert_int_eq(rp_wait(next, INFINITY), RP_OK);
    ck_assert_int_eq(number_of(next), 2 * LINKS + 5);
    ck_assert(rp_future_done(last));
    twice[0] = submit(control, FAIL, 0, NULL); /* known before, and after, it has failed */
    for (int i = 0; i < 2; i++) {
        next = submit(control, ADD, 0, &(rp_call_options){.after = twice, .after_count = 2});
        last = submit(control, ADD, 0, &(rp_call_options){.after = &next, .after_count = 1});
        ck_assert_int_eq(rp_wait(last, INFINITY), RP_OK);
        check_status(last, RP_ERR_TASK);
        ck_assert_int_eq(rp_future_error(last)->item, rp_future_number(last));
        ck_assert_ptr_nonnull(strstr(rp_future_error(last)->text, "is bad"));
    }
    return 0;
}

START_TEST(calls_depend_on_others)
{
    check_everywhere(chain, (rp_control_job){0});
    check_everywhere(chain, (rp_control_job){.window_items = 7});
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------- */

static int limits(rp_control *control, void *user)
{
    rp_future *late = submit(control, UNTIL_CANCELLED, 0, &(rp_call_options){.seconds = 0.05});
    rp_future *tried = submit(control, STUBBORN, 0, &(rp_call_options){.retries = 2});
    rp_future *given_up = submit(control, STUBBORN, 0, &(rp_call_options){.retries = 1});
    const void *data;
    size_t bytes;
    (void)user;
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    check_status(late, RP_ERR_TIMEOUT);
    ck_assert_int_eq(rp_future_error(late)->item, 0);
    ck_assert_int_eq(rp_future_result(tried, &data, &bytes), RP_OK);
    ck_assert(bytes == sizeof(int) && *(const int *)data == 2);
    check_status(given_up, RP_ERR_TASK);
    ck_assert_int_eq(rp_future_error(given_up)->task_code, 3);
    return 0;
}

START_TEST(calls_have_limits_and_retries)
{
    check_everywhere(limits, (rp_control_job){0});
}
END_TEST

static int window(rp_control *control, void *user)
{
    rp_future *future;
    rp_call_options options = {.nowait = true};
    rp_future *running[2];
    (void)user;
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(rp_submit(control, UNTIL_CANCELLED, NULL, 0, &options, &running[i]),
                         RP_OK);
    ck_assert_int_eq(rp_submit(control, UNTIL_CANCELLED, NULL, 0, &options, &future),
                     RP_ERR_TIMEOUT);
    ck_assert_ptr_null(future);
    rp_future_cancel(running[0]);
    rp_future_cancel(running[1]);
    ck_assert_int_eq(rp_submit(control, FUNCTIONS, NULL, 0, NULL, &future), RP_ERR_ARGUMENT);
    ck_assert_ptr_null(future);
    ck_assert_int_eq(rp_submit(control, 0, NULL, 8, NULL, &future), RP_ERR_ARGUMENT);
    options.retries = -1;
    ck_assert_int_eq(rp_submit(control, 0, NULL, 0, &options, &future), RP_ERR_ARGUMENT);
    options = (rp_call_options){.after_count = 1};
    ck_assert_int_eq(rp_submit(control, 0, NULL, 0, &options, &future), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_wait_all(control, -1), RP_ERR_ARGUMENT);
    return rp_wait_all(control, INFINITY);
}

START_TEST(windows_fill)
{
    check_everywhere(window, (rp_control_job){.window_items = 2});
}
END_TEST

/* Leaves a thousand calls open, and returns its code. */
static int leave(rp_control *control, void *user)
{
    for (int i = 0; i < 1000; i++)
        submit(control, i == 0 ? UNTIL_CANCELLED : NAP, i, NULL);
    return *(int *)user;
}

START_TEST(controllers_fail)
{
    for (int node_size = 0; node_size <= 1; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        int code = 5;
        ck_assert_int_eq(run(pool, leave, &code, (rp_control_job){0}), RP_ERR_TASK);
        check_same_error(rp_last_error(pool), RP_ERR_TASK);
        ck_assert_int_eq(rp_last_error(pool)->task_code, 5);
        code = 0;
        ck_assert_int_eq(run(pool, leave, &code, (rp_control_job){0}), RP_ERR_CANCELLED);
        check_same_error(rp_last_error(pool), RP_ERR_CANCELLED);
        ck_assert_int_eq(run(pool, each_once, NULL, (rp_control_job){0}), RP_OK);
        ck_assert_int_eq(run(pool, chain, NULL, (rp_control_job){0}), RP_OK);
        close_pool(pool);
    }
}
END_TEST

static rp_status run_job(rp_pool *pool, const void *job)
{
    return rp_control_run(pool, job);
}

START_TEST(jobs_are_checked)
{
    rp_pool *pool = open_pool();
    rp_control_job good = {.controller = lengths, .calls = functions, .call_count = FUNCTIONS};
    rp_control_job bad = good;
    bad.call_count = 0;
    check_job_refused(pool, run_job, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.window_items = -1;
    check_job_refused(pool, run_job, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.options.chunk = 3;
    check_job_refused(pool, run_job, &good, &bad, RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        bad = good;
        bad.call_count = 2;
        check_job_refused(pool, run_job, &good, &bad, RP_ERR_MISMATCH);
    }
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"each call comes back once", &each_call_comes_back_once},
    {"lengths of any kind", &lengths_of_any_kind},
    {"futures have states", &futures_have_states},
    {"cancelled calls are accounted for", &cancelled_calls_are_accounted_for},
    {"callbacks submit and cancel", &callbacks_submit_and_cancel},
    {"urgent calls overtake", &urgent_calls_overtake},
    {"calls depend on others", &calls_depend_on_others},
    {"calls have limits and retries", &calls_have_limits_and_retries},
    {"windows fill", &windows_fill},
    {"controllers fail", &controllers_fail},
    {"jobs are checked", &jobs_are_checked},
    {NULL, NULL},
};
const struct test_group calls_tests = {"calls", cases};
