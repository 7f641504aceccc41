#include <rankpool.h>
#include <stdio.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum {
    ROWS = 512,
    POINTS = 4096
};

/* The ranks of a node take its devices in turn. */
static void choose_device(const rp_pool *pool)
{
#ifdef _OPENMP
    if (omp_get_num_devices() > 0)
        omp_set_default_device(rp_node_rank(pool) % omp_get_num_devices());
#else
    (void)pool;
#endif
}

/* Counts the points of a row that are inside the quarter circle: on the rank's device, or on its
 * core where there is none. */
static int count_row(rp_task *task, const void *in, void *out)
{
    (void)in;
    const double y = ((double)rp_task_item(task) + 0.5) / ROWS;
    int count = 0;
#ifdef _OPENMP
#pragma omp target teams distribute parallel for reduction(+ : count) map(tofrom : count)
#endif
    for (int i = 0; i < POINTS; i++) {
        const double x = (i + 0.5) / POINTS;
        count += x * x + y * y < 1;
    }
    *(int *)out = count;
    return 0;
}

int main(int argc, char **argv)
{
    int counts[ROWS];
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "gpu");
    choose_device(pool);
    rp_status status = rp_map(
        pool,
        &(rp_map_job){.n = ROWS, .item = count_row, .out = counts, .out_size = sizeof *counts});
    if (status == RP_OK && rp_rank(pool) == rp_root(pool)) {
        int64_t sum = 0;
        for (int i = 0; i < ROWS; i++)
            sum += counts[i];
        printf("pi is about %.4f\n", 4.0 * (double)sum / ROWS / POINTS);
    }
    int code = rp_report(pool, "gpu");
    rp_close(&pool);
    return code;
}
