#include <math.h>
#include <rankpool.h>
#include <stdio.h>

static int root(rp_task *task, const void *in, void *out)
{
    double x = *(const double *)in;
    if (x < 0)
        return rp_task_fail(task, rp_task_item(task), 1, "%g has no root", x);
    *(double *)out = sqrt(x);
    return 0;
}

int main(int argc, char **argv)
{
    static const double x[] = {4, -1, 9, -16};
    double y[4];
    uint8_t item_status[4];
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "roots");
    rp_status status = rp_map(pool, &(rp_map_job){.n = 4,
                                                  .item = root,
                                                  .in = x,
                                                  .in_size = sizeof *x,
                                                  .out = y,
                                                  .out_size = sizeof *y,
                                                  .options = {.on_failure = RP_ON_FAILURE_CONTINUE,
                                                              .item_status = item_status}});
    if (status == RP_ERR_TASK && rp_rank(pool) == rp_root(pool)) {
        printf("first: item %lld, %s\n", (long long)rp_last_error(pool)->item,
               rp_last_error(pool)->text);
        for (int i = 0; i < 4; i++) {
            if (item_status[i] == RP_OK)
                printf("%g\n", y[i]);
            else
                printf("item %d failed\n", i);
        }
    }
    rp_close(&pool);
    return status == RP_ERR_TASK ? 0 : rp_exit_code(status);
}
