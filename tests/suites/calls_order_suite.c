/* Calls that change what others do: cancelling, callbacks, priorities, dependencies. */
#include "calls_jobs.h"
#include "suites.h"

#include <math.h>
#include <string.h>

/* ---- cancelling ------------------------------------------------------------------------------ */

/* A long call on every rank, many that wait behind, all of them cancelled. */
static int cancel_all(rp_control *control, void *user)
{
    enum {
        CALLS = 10000
    };
    static rp_future *futures[CALLS];
    int64_t ranks = *(int64_t *)user, never = 0, cancelled = 0;
    for (int i = 0; i < CALLS; i++)
        futures[i] = submit_call(control, i < ranks ? UNTIL_CANCELLED : NAP, 0, NULL);
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
    rp_future *future = submit_call(control, SQUARE, 3, NULL);
    ck_assert_int_eq(rp_wait(future, INFINITY), RP_OK);
    ck_assert_int_eq(number_of_future(future), 9);
    return 0;
}

START_TEST(cancelled_calls_are_accounted_for)
{
    check_calls_everywhere(cancel_all, (rp_control_job){0});
    check_calls_everywhere(cancel_all, (rp_control_job){.dedicated_root = true});
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
        callbacks->sum += number_of_future(future);
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
    rp_future *blocker = submit_call(control, UNTIL_CANCELLED, 0, NULL);
    callbacks->victim = submit_call(control, SQUARE, 3,
                                    &(rp_call_options){.after = &blocker,
                                                       .after_count = 1,
                                                       .done = submit_next,
                                                       .closure = callbacks});
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
    rp_future *failing = submit_call(control, FAIL, 0, &options);
    ck_assert_int_eq(rp_wait(failing, INFINITY), RP_OK);
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    ck_assert(callbacks.failed == 1 && callbacks.called == 101);

    submit_call(control, SQUARE, 2,
                &(rp_call_options){.done = cancel_victim, .closure = &callbacks});
    ck_assert_int_eq(rp_wait_all(control, INFINITY), RP_OK);
    ck_assert_int_eq(callbacks.failed, 2);
    check_future_status(callbacks.victim, RP_ERR_CANCELLED);
    return 0;
}

START_TEST(callbacks_submit_and_cancel)
{
    check_calls_everywhere(call_back, (rp_control_job){0});
}
END_TEST

/* ---- order ----------------------------------------------------------------------------------- */

static int urgent_first(rp_control *control, void *user)
{
    int64_t calls = 40 * *(int64_t *)user;
    rp_future *future = NULL, *urgent;
    for (int64_t i = 0; i < calls; i++)
        submit_call(control, NAP, 0, NULL);
    urgent = submit_call(control, NAP, 0, &(rp_call_options){.priority = 1});
    int64_t before = 0;
    for (; future != urgent; before++)
        ck_assert_int_eq(rp_wait_any(control, INFINITY, &future), RP_OK);
    ck_assert_int_lt(before, calls / 2);
    return rp_wait_all(control, INFINITY);
}

START_TEST(urgent_calls_overtake)
{
    check_calls_everywhere(urgent_first, (rp_control_job){0});
}
END_TEST

/* A chain, submitted at once, and a sum of it all. */
static int chain(rp_control *control, void *user)
{
    enum {
        LINKS = 1000
    };
    rp_future *last = submit_call(control, ADD, 1, NULL), *next, *twice[2];
    (void)user;
    for (int i = 1; i < LINKS; i++) {
        next = submit_call(control, ADD, 1, &(rp_call_options){.after = &last, .after_count = 1});
        rp_future_free(&last);
        last = next;
    }
    twice[0] = twice[1] = last;
    next = submit_call(control, ADD, 5, &(rp_call_options){.after = twice, .after_count = 2});
    ck_assert_int_eq(rp_wait(next, INFINITY), RP_OK);
    ck_assert_int_eq(number_of_future(next), 2 * LINKS + 5);
    ck_assert(rp_future_done(last));
    twice[0] = submit_call(control, FAIL, 0, NULL); /* known before, and after, it has failed */
    for (int i = 0; i < 2; i++) {
        next = submit_call(control, ADD, 0, &(rp_call_options){.after = twice, .after_count = 2});
        last = submit_call(control, ADD, 0, &(rp_call_options){.after = &next, .after_count = 1});
        ck_assert_int_eq(rp_wait(last, INFINITY), RP_OK);
        check_future_status(last, RP_ERR_TASK);
        ck_assert_int_eq(rp_future_error(last)->item, rp_future_number(last));
        ck_assert_ptr_nonnull(strstr(rp_future_error(last)->text, "is bad"));
    }
    return 0;
}

START_TEST(calls_depend_on_others)
{
    check_calls_everywhere(chain, (rp_control_job){0});
    check_calls_everywhere(chain, (rp_control_job){.window_items = 7});
}
END_TEST

static const struct test_case cases[] = {
    {"cancelled calls are accounted for", &cancelled_calls_are_accounted_for},
    {"callbacks submit and cancel", &callbacks_submit_and_cancel},
    {"urgent calls overtake", &urgent_calls_overtake},
    {"calls depend on others", &calls_depend_on_others},
    {NULL, NULL},
};
const struct test_group calls_order_tests = {"calls_order", cases};
