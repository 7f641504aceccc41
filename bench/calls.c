/* The cost of a call: 100 000 calls of 8 bytes, awaited in order of completion; a chain of 10 000
 * calls, each of which needs the result of the one before; as many cancelled before they begin. */
#include "measure.h"

#include <math.h>
#include <stdlib.h>

enum {
    CALLS = 100000,
    LINKS = 10000
};

static rp_pool *pool;

static int twice(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    int64_t number = 2 * *(const int64_t *)in;
    (void)task;
    (void)bytes;
    return rp_buffer_append(result, &number, sizeof number);
}

/* Adds its input to the result before it. */
static int add(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    int64_t sum = *(const int64_t *)in;
    const int64_t *before = rp_task_after(task, 0, &bytes);
    sum += before != NULL ? *before : 0;
    return rp_buffer_append(result, &sum, sizeof sum);
}

static int64_t number_of(const rp_future *future)
{
    const void *data;
    size_t bytes;
    return rp_future_result(future, &data, &bytes) == RP_OK ? *(const int64_t *)data : -1;
}

static int as_completed(rp_control *control, void *user)
{
    rp_future *future;
    int64_t sum = 0;
    (void)user;
    for (int64_t i = 0; i < CALLS; i++)
        if (rp_submit(control, 0, &i, sizeof i, NULL, &future) != RP_OK)
            return 1;
    while (rp_wait_any(control, INFINITY, &future) == RP_OK && future != NULL) {
        sum += number_of(future);
        rp_future_free(&future);
    }
    return sum == (int64_t)CALLS * (CALLS - 1) ? 0 : 2;
}

static int chain(rp_control *control, void *user)
{
    rp_future *last = NULL;
    (void)user;
    for (int64_t i = 0; i < LINKS; i++) {
        rp_future *next;
        rp_call_options options = {.after = &last, .after_count = last != NULL};
        if (rp_submit(control, 1, &(int64_t){1}, sizeof(int64_t), &options, &next) != RP_OK)
            return 1;
        rp_future_free(&last);
        last = next;
    }
    return rp_wait(last, INFINITY) == RP_OK && number_of(last) == LINKS ? 0 : 2;
}

/* Cancels calls after all have been submitted; many may have been computed by then. Each is
 * accounted for. */
static int cancelled(rp_control *control, void *user)
{
    static rp_future *futures[LINKS];
    const void *data;
    size_t bytes;
    int64_t accounted = 0;
    (void)user;
    for (int64_t i = 0; i < LINKS; i++)
        if (rp_submit(control, 0, &i, sizeof i, NULL, &futures[i]) != RP_OK)
            return 1;
    for (int i = LINKS - 1; i >= 0; i--)
        rp_future_cancel(futures[i]);
    rp_status status = rp_wait_all(control, INFINITY);
    for (int i = 0; i < LINKS; i++) {
        rp_status one = rp_future_result(futures[i], &data, &bytes);
        accounted += one == RP_OK || one == RP_ERR_CANCELLED;
        rp_future_free(&futures[i]);
    }
    return status == RP_OK && accounted == LINKS ? 0 : 2;
}

static void run_calls(void *controller)
{
    static const rp_call_fn calls[] = {twice, add};
    rp_control_job job = {.controller = *(rp_controller_fn *)controller,
                          .calls = calls,
                          .call_count = 2,
                          .window_items = 2 * CALLS};
    if (rp_control_run(pool, &job) != RP_OK)
        give_up(pool, "calls");
}

int main(int argc, char **argv)
{
    static rp_controller_fn controllers[] = {as_completed, chain, cancelled};
    struct times times[3] = {{.rounds = 0}};
    measure_arguments(argc, argv, 1);
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    bool apart = rp_nodes(pool) > 1;
    run_calls(&controllers[0]);
    struct row rows[] = {
        row_of(apart ? "calls over nodes: a call" : "calls on a node: a call", &times[0],
               apart ? 0 : 2000, "ns", 1e9 / CALLS),
        row_of(apart ? "calls over nodes: a link of a chain" : "calls on a node: a link of a chain",
               &times[1], apart ? 0 : 20000, "ns", 1e9 / LINKS),
        row_of(apart ? "calls over nodes: submitted, cancelled"
                     : "calls on a node: submitted, cancelled",
               &times[2], 0, "ns", 1e9 / LINKS),
    };
    struct rounds rounds = rounds_of(rows, 3);
    while (rounds_next(&rounds))
        for (int i = 0; i < 3; i++)
            times_add(&times[i], measure(run_calls, &controllers[i]));
    return rp_exit_code(rp_close(&pool));
}
