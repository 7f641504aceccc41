#include <math.h>
#include <rankpool.h>
#include <stdio.h>

/* One call: the area under exp on an interval, and an estimate of its error. */
static int area(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    const double *at = in, middle = (at[0] + at[1]) / 2, width = at[1] - at[0];
    double rough = width * (exp(at[0]) + exp(at[1])) / 2;
    double fine = (rough + width * exp(middle)) / 2;
    double values[] = {fine, fabs(fine - rough), at[0], at[1]};
    (void)task;
    (void)bytes;
    return rp_buffer_append(result, values, sizeof values);
}

static int submit(rp_control *control, double from, double to)
{
    rp_future *future;
    double at[] = {from, to};
    return rp_submit(control, 0, at, sizeof at, NULL, &future) == RP_OK ? 0 : 1;
}

/* The controller. Where the error is large, it has both halves computed. */
static int integrate(rp_control *control, void *user)
{
    int failed = submit(control, 0, 1), calls = 1;
    double sum = 0;
    rp_future *future;
    (void)user;
    while (!failed && rp_wait_any(control, INFINITY, &future) == RP_OK && future != NULL) {
        const void *data;
        size_t bytes;
        if (rp_future_result(future, &data, &bytes) != RP_OK)
            return 1;
        const double *value = data;
        double middle = (value[2] + value[3]) / 2;
        if (value[1] > 1e-6) {
            failed = submit(control, value[2], middle) || submit(control, middle, value[3]);
            calls += 2;
        } else {
            sum += value[0];
        }
        rp_future_free(&future);
    }
    printf("%.3f after %d calls\n", sum, calls);
    return failed;
}

int main(int argc, char **argv)
{
    static const rp_call_fn calls[] = {area};
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "refine");
    rp_control_run(pool,
                   &(rp_control_job){.controller = integrate, .calls = calls, .call_count = 1});
    int code = rp_report(pool, "refine");
    rp_close(&pool);
    return code;
}
