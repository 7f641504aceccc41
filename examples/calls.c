/* Calls whose results come as they are done: how many steps the numbers near 10^15 take to reach 1
 * by halving and 3n + 1. One of the calls fails; the others go on. */
#include <inttypes.h>
#include <math.h>
#include <rankpool.h>
#include <stdio.h>

static int count_steps(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    int64_t number = *(const int64_t *)in, steps = 0;
    (void)bytes;
    if (number < 1)
        return rp_task_fail(task, rp_task_item(task), 1, "%" PRId64 " never gets there", number);
    for (; number != 1; steps++)
        number = number % 2 == 0 ? number / 2 : 3 * number + 1;
    return rp_buffer_append(result, &steps, sizeof steps);
}

/* Runs on the root. Each future has the number as its closure. */
static int find(rp_control *control, void *user)
{
    int64_t numbers[100], found = 0;
    rp_future *future;
    (void)user;
    for (int i = 0; i < 100; i++) {
        numbers[i] = i == 0 ? 0 : INT64_C(1000000000000000) + i;
        rp_call_options options = {.closure = &numbers[i]};
        if (rp_submit(control, 0, &numbers[i], sizeof numbers[i], &options, &future) != RP_OK)
            return 1;
    }
    while (rp_wait_any(control, INFINITY, &future) == RP_OK && future != NULL) {
        const void *steps;
        size_t bytes;
        if (rp_future_result(future, &steps, &bytes) != RP_OK)
            printf("call %" PRId64 " failed: %s\n", rp_future_number(future),
                   rp_future_error(future)->text);
        else if (*(const int64_t *)steps > 400)
            found++;
        rp_future_free(&future);
    }
    printf("%" PRId64 " of 99 take more than 400 steps\n", found);
    return 0;
}

int main(int argc, char **argv)
{
    static const rp_call_fn calls[] = {count_steps};
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "calls");
    rp_control_run(pool, &(rp_control_job){.controller = find, .calls = calls, .call_count = 1});
    int code = rp_report(pool, "calls");
    rp_close(&pool);
    return code;
}
