#include <math.h>
#include <rankpool.h>
#include <stdio.h>

/* After how many steps does x -> parameter * x * (1 - x) come back? */
static int period(rp_task *task, const void *in, void *out)
{
    (void)task;
    double parameter = *(const double *)in, x = 0.5;
    for (int i = 0; i < 100000; i++)
        x = parameter * x * (1 - x);
    double start = x;
    int steps = 0;
    do {
        x = parameter * x * (1 - x);
        steps++;
    } while (fabs(x - start) >= 1e-9 && steps < 1000);
    *(int *)out = steps;
    return 0;
}

int main(int argc, char **argv)
{
    static const double parameters[] = {2.9, 3.2, 3.5, 3.55, 3.83, 3.9};
    int periods[6];
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "periods");
    rp_status status = rp_map(pool, &(rp_map_job){.n = 6,
                                                  .item = period,
                                                  .in = parameters,
                                                  .in_size = sizeof *parameters,
                                                  .out = periods,
                                                  .out_size = sizeof *periods});
    for (int i = 0; status == RP_OK && rp_rank(pool) == rp_root(pool) && i < 6; i++)
        printf("%.2f %d\n", parameters[i], periods[i]);
    int code = rp_report(pool, "periods");
    rp_close(&pool);
    return code;
}
