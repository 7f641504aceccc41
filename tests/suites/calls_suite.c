/* Calls: submit, wait, states, limits, and controllers that fail. */
#include "calls_jobs.h"
#include "suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGE = 100000
};

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
        submit_call(control, SQUARE, i, NULL);
    while (rp_wait_any(control, INFINITY, &future) == RP_OK && future != NULL) {
        int64_t number = rp_future_number(future);
        if (number_of_future(future) != number * number || seen[number]++ != 0)
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
    check_calls_everywhere(each_once, (rp_control_job){0});
    check_calls_everywhere(each_once, (rp_control_job){.dedicated_root = true, .window_items = 10});
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
    check_calls_everywhere(lengths, (rp_control_job){0});
    check_calls_everywhere(lengths, (rp_control_job){.window_bytes = 10});
}
END_TEST

/* What may be asked of a future in each state. */
static int states(rp_control *control, void *user)
{
    rp_future *running = submit_call(control, UNTIL_CANCELLED, 0, NULL), *failing, *done;
    rp_future *square = submit_call(control, SQUARE, 5, &(rp_call_options){.closure = user});
    (void)user;
    check_future_status(running, RP_ERR_STATE);
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
    check_future_status(running, RP_ERR_CANCELLED);
    failing = submit_call(control, FAIL, 0, NULL);
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    check_future_status(failing, RP_ERR_TASK);
    const rp_error *error = rp_future_error(failing);
    ck_assert_int_eq(error->item, rp_future_number(failing));
    ck_assert_int_eq(error->task_code, 7);
    ck_assert(error->rank >= 0 && error->rank < *(int64_t *)user);
    ck_assert(error->host[0] != '\0');
    ck_assert_str_eq(error->text, "call 2 is bad");
    ck_assert_int_eq(number_of_future(square), 25);
    rp_future_free(&square);
    rp_future_free(&square);
    rp_future_free(NULL);
    return 0;
}

START_TEST(futures_have_states)
{
    check_calls_everywhere(states, (rp_control_job){.dedicated_root = true});
}
END_TEST

/* What is done comes first, then what is done next, each once as they are set to NULL. */
static int wait_for_some(rp_control *control, void *user)
{
    rp_future *futures[5] = {NULL, submit_call(control, SQUARE, 3, NULL),
                             submit_call(control, FAIL, 0, NULL),
                             submit_call(control, UNTIL_CANCELLED, 0, NULL)};
    rp_future *running = futures[3], *other = submit_call(control, SQUARE, 7, NULL);
    int which, seen = 0;
    ck_assert_int_eq(rp_wait_any_of(futures, 5, -1, &which), RP_ERR_ARGUMENT);
    ck_assert_int_eq(which, -1);
    while (seen != 6 && *(int64_t *)user > 2) { /* a rank is left for the others */
        ck_assert_int_eq(rp_wait_any_of(futures, 5, INFINITY, &which), RP_OK);
        ck_assert(which == 1 || which == 2);
        check_future_status(futures[which], which == 1 ? RP_OK : RP_ERR_TASK);
        seen |= 1 << which;
        rp_future_free(&futures[which]);
    }
    if (seen == 6) {
        ck_assert_int_eq(rp_wait_any_of(futures, 5, 0.01, &which), RP_ERR_TIMEOUT);
        ck_assert_int_eq(which, -1);
    }
    rp_future_cancel(running);
    futures[1] = futures[2] = NULL;
    ck_assert_int_eq(rp_wait_any_of(futures, 5, INFINITY, &which), RP_OK);
    ck_assert_int_eq(which, 3);
    check_future_status(running, RP_ERR_CANCELLED);
    ck_assert_int_eq(rp_wait_any_of(futures, 5, 0, &which), RP_OK);
    ck_assert_int_eq(which, 3);
    rp_future_free(&futures[3]);
    ck_assert_int_eq(rp_wait_any_of(futures, 5, INFINITY, &which), RP_OK);
    ck_assert_int_eq(which, -1);
    ck_assert_int_eq(rp_wait(other, INFINITY), RP_OK);
    ck_assert_int_eq(rp_wait_any_of(&other, 1, 0, &which), RP_OK);
    ck_assert_int_eq(which, 0);
    return rp_wait_all(control, INFINITY);
}

START_TEST(any_of_some_calls)
{
    check_calls_everywhere(wait_for_some, (rp_control_job){.dedicated_root = true});
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------- */

static int limits(rp_control *control, void *user)
{
    rp_future *late = submit_call(control, UNTIL_CANCELLED, 0, &(rp_call_options){.seconds = 0.05});
    rp_future *tried = submit_call(control, STUBBORN, 0, &(rp_call_options){.retries = 2});
    rp_future *given_up = submit_call(control, STUBBORN, 0, &(rp_call_options){.retries = 1});
    const void *data;
    size_t bytes;
    (void)user;
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    check_future_status(late, RP_ERR_TIMEOUT);
    ck_assert_int_eq(rp_future_error(late)->item, 0);
    ck_assert_int_eq(rp_future_result(tried, &data, &bytes), RP_OK);
    ck_assert(bytes == sizeof(int) && *(const int *)data == 2);
    check_future_status(given_up, RP_ERR_TASK);
    ck_assert_int_eq(rp_future_error(given_up)->task_code, 3);
    return 0;
}

START_TEST(calls_have_limits_and_retries)
{
    check_calls_everywhere(limits, (rp_control_job){0});
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
    check_calls_everywhere(window, (rp_control_job){.window_items = 2});
}
END_TEST

/* Leaves a thousand calls open, and returns its code. */
static int leave(rp_control *control, void *user)
{
    for (int i = 0; i < 1000; i++)
        submit_call(control, i == 0 ? UNTIL_CANCELLED : NAP, i, NULL);
    return *(int *)user;
}

START_TEST(controllers_fail)
{
    for (int node_size = 0; node_size <= 1; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        int code = 5;
        ck_assert_int_eq(run_calls(pool, leave, &code, (rp_control_job){0}), RP_ERR_TASK);
        check_same_error(rp_last_error(pool), RP_ERR_TASK);
        ck_assert_int_eq(rp_last_error(pool)->task_code, 5);
        code = 0;
        ck_assert_int_eq(run_calls(pool, leave, &code, (rp_control_job){0}), RP_ERR_CANCELLED);
        check_same_error(rp_last_error(pool), RP_ERR_CANCELLED);
        ck_assert_int_eq(run_calls(pool, each_once, NULL, (rp_control_job){0}), RP_OK);
        ck_assert_int_eq(run_calls(pool, lengths, NULL, (rp_control_job){0}), RP_OK);
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
    rp_control_job good = {.controller = lengths, .calls = call_functions, .call_count = FUNCTIONS};
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
    {"any of some calls", &any_of_some_calls},
    {"calls have limits and retries", &calls_have_limits_and_retries},
    {"windows fill", &windows_fill},
    {"controllers fail", &controllers_fail},
    {"jobs are checked", &jobs_are_checked},
    {NULL, NULL},
};
const struct test_group calls_tests = {"calls", cases};
