#include <rankpool.h>
#include <stdio.h>

static int unsteady_square(rp_task *task, const void *in, void *out)
{
    double x = *(const double *)in;
    int64_t item = rp_task_item(task);
    if (item == 25)
        return rp_task_fail(task, item, 1, "item %d has no square today", (int)item);
    if (item % 10 == 0 && rp_task_attempt(task) < 2)
        return 2;
    *(double *)out = x * x;
    return 0;
}

int main(int argc, char **argv)
{
    enum {
        N = 50
    };
    double x[N], y[N];
    uint8_t status[N];
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(&(rp_config){.handle_signals = true}, &pool) != RP_OK)
        return rp_report(NULL, "roots");
    for (int i = 0; i < N; i++)
        x[i] = i;
    rp_map_job job = {
        .n = N,
        .item = unsteady_square,
        .in = x,
        .in_size = sizeof *x,
        .out = y,
        .out_size = sizeof *y,
        .options = {.on_failure = RP_ON_FAILURE_CONTINUE, .retries = 2, .item_status = status}};
    rp_map(pool, &job);
    if (rp_rank(pool) == rp_root(pool)) {
        int good = 0;
        for (int i = 0; i < N; i++)
            good += status[i] == RP_OK;
        printf("%d good, item 40 is %g\n%s\n", good, y[40], rp_last_error(pool)->text);
    }
    rp_close(&pool);
    return 0;
}
