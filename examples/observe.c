#include <rankpool.h>
#include <stdio.h>

static int count_steps(rp_task *task, const void *in, void *out)
{
    (void)in;
    int count = 0;
    for (int64_t x = rp_task_item(task) + 1; x != 1; count++)
        x = x % 2 == 0 ? x / 2 : 3 * x + 1;
    *(int *)out = count;
    return 0;
}

static int steps[100000];

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_pool_stats figures;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "steps");
    rp_record_start(pool);
    rp_status status = rp_map(pool, &(rp_map_job){.n = 100000,
                                                  .item = count_steps,
                                                  .out = steps,
                                                  .out_size = sizeof *steps,
                                                  .options = {.name = "steps"}});
    if (status == RP_OK)
        status = rp_stats(pool, &figures, NULL);
    if (status == RP_OK && rp_rank(pool) == 0)
        printf("%lld items in %lld job\n", (long long)figures.items, (long long)figures.jobs);
    if (status == RP_OK)
        status = rp_stats_write(pool, NULL); /* a table on stderr */
    int code = rp_report(pool, "steps");
    rp_close(&pool);
    return code;
}
