#include <rankpool.h>
#include <stdio.h>

static int steps[3000000];

static int count_steps(rp_task *task, const void *in, void *out)
{
    (void)in; /* there is none: the item's number says all */
    int count = 0;
    for (int64_t x = rp_task_item(task) + 1; x != 1; count++)
        x = x % 2 == 0 ? x / 2 : 3 * x + 1;
    *(int *)out = count;
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv); /* not under mpirun or srun? then on every core */
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "steps");
    rp_status status = rp_map(
        pool,
        &(rp_map_job){.n = 3000000, .item = count_steps, .out = steps, .out_size = sizeof *steps});
    if (status == RP_OK && rp_rank(pool) == 0) {
        int most = 0;
        for (int i = 0; i < 3000000; i++)
            most = steps[i] > steps[most] ? i : most;
        printf("%d takes %d steps\n", most + 1, steps[most]);
    }
    int code = rp_report(pool, "steps");
    rp_close(&pool);
    return code;
}
