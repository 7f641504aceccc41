#include "calls_jobs.h"

#include "suites.h"

#include <string.h>
#include <unistd.h>

/* ---- functions of the calls ------------------------------------------------------------------ */

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

const rp_call_fn call_functions[FUNCTIONS] = {square,          add,      repeat,  be_bad,
                                              until_cancelled, take_nap, stubborn};

rp_status run_calls(rp_pool *pool, rp_controller_fn controller, void *user, rp_control_job job)
{
    job.controller = rp_rank(pool) == rp_root(pool) ? controller : NULL;
    job.calls = call_functions;
    job.call_count = FUNCTIONS;
    job.options.user = user;
    return rp_control_run(pool, &job);
}

void check_calls_everywhere(rp_controller_fn controller, rp_control_job job)
{
    for (int node_size = 0; node_size <= 1; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        int64_t ranks = rp_ranks(pool);
        rp_status status = run_calls(pool, controller, &ranks, job);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        close_pool(pool);
    }
}

rp_future *submit_call(rp_control *control, int call, int64_t number,
                       const rp_call_options *options)
{
    rp_future *future;
    rp_status status = rp_submit(control, call, &number, sizeof number, options, &future);
    ck_assert_int_eq(status, RP_OK);
    return future;
}

int64_t number_of_future(const rp_future *future)
{
    const void *data;
    size_t bytes;
    ck_assert_int_eq(rp_future_result(future, &data, &bytes), RP_OK);
    ck_assert_uint_eq(bytes, sizeof(int64_t));
    return *(const int64_t *)data;
}

void check_future_status(const rp_future *future, rp_status expected)
{
    const void *data;
    size_t bytes;
    ck_assert_int_eq(rp_future_result(future, &data, &bytes), expected);
    ck_assert(expected == RP_OK || (data == NULL && bytes == 0));
}
