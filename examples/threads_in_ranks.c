#include <math.h>
#include <rankpool.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum {
    ITEMS = 16,
    TERMS = 100000
};

/* Each rank gets its share of the node's cores, unless OMP_NUM_THREADS says otherwise. */
static void share_cores(const rp_pool *pool)
{
#ifdef _OPENMP
    int share = omp_get_num_procs() / rp_node_ranks(pool);
    if (getenv("OMP_NUM_THREADS") == NULL)
        omp_set_num_threads(share > 1 ? share : 1);
#else
    (void)pool;
#endif
}

/* All threads of the rank compute one item. */
static int series(rp_task *task, const void *in, void *out)
{
    (void)in;
    const double x = 1 + (double)rp_task_item(task) / ITEMS;
    long sum = 0; /* whole numbers: a sum of doubles would depend on the threads */
#ifdef _OPENMP
#pragma omp parallel for reduction(+ : sum)
#endif
    for (int i = 1; i <= TERMS; i++)
        sum += lround(1e6 * sin(x * i) / i);
    *(double *)out = (double)sum / 1e6;
    return 0;
}

int main(int argc, char **argv)
{
    double results[ITEMS];
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "series");
    share_cores(pool);
    rp_status status = rp_map(
        pool,
        &(rp_map_job){.n = ITEMS, .item = series, .out = results, .out_size = sizeof *results});
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("%.3f ... %.3f\n", results[0], results[ITEMS - 1]);
    int code = rp_report(pool, "series");
    rp_close(&pool);
    return code;
}
