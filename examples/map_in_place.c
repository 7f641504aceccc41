#include <math.h>
#include <rankpool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N = 1000003
};

static double solve(double m)
{
    const double e = 0.3;
    double x = m;
    for (int i = 0; i < 20; i++)
        x -= (x - e * sin(x) - m) / (1 - e * cos(x));
    return x;
}

static int solve_item(rp_task *task, const void *in, void *out)
{
    (void)task;
    *(double *)out = solve(*(const double *)in);
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "solve");
    double *all = rp_rank(pool) == 0 ? malloc(N * sizeof *all) : NULL;
    for (int i = 0; all != NULL && i < N; i++)
        all[i] = 6.0 * i / N;
    rp_status status = rp_map(pool, &(rp_map_job){.n = N,
                                                  .item = solve_item,
                                                  .in = all,
                                                  .in_size = sizeof *all,
                                                  .out = all,
                                                  .out_size = sizeof *all});
    if (status == RP_OK && rp_rank(pool) == 0)
        printf("%.6f %.6f\n", all[N / 3], all[N / 2]);
    free(all);
    int code = rp_report(pool, "solve");
    rp_close(&pool);
    return code;
}
