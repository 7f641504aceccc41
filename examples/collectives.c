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

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "solve");
    rp_element element = rp_datatype(MPI_DOUBLE);
    rp_range part = rp_block(N, rp_ranks(pool), rp_rank(pool));
    double *all = rp_rank(pool) == 0 ? malloc(N * sizeof *all) : NULL;
    double *mine = malloc((size_t)(part.end - part.begin) * sizeof *mine);
    for (int i = 0; all != NULL && i < N; i++)
        all[i] = 6.0 * i / N;
    rp_status status = rp_scatter(pool, 0, all, N, element, mine);
    if (status == RP_OK) {
        for (int64_t i = 0; i < part.end - part.begin; i++)
            mine[i] = solve(mine[i]);
        status = rp_gather(pool, 0, mine, N, element, all);
    }
    if (status == RP_OK && rp_rank(pool) == 0)
        printf("%.6f %.6f\n", all[N / 3], all[N / 2]);
    free(mine);
    free(all);
    int code = rp_report(pool, "solve");
    rp_close(&pool);
    return code;
}
