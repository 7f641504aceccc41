#include <math.h>
#include <rankpool.h>
#include <stdio.h>

enum {
    N = 1000,
    MOST_STEPS = 200
};

/* Row i of the system: 4 on the diagonal, 1 / (1 + |i - j|^2) elsewhere; 1 on the right. */
static int next_value(rp_task *task, const void *in, void *out)
{
    (void)in;
    const double *x = rp_task_user(task);
    int64_t i = rp_task_item(task);
    double sum = 1;
    for (int64_t j = 0; j < N; j++)
        if (j != i)
            sum -= x[j] / (1 + (double)((i - j) * (i - j)));
    *(double *)out = sum / 4;
    return 0;
}

/* The largest difference between two vectors, from which every rank gets the same bits. */
static double change(const double *x, const double *next)
{
    double most = 0;
    for (int64_t i = 0; i < N; i++)
        most = fmax(most, fabs(x[i] - next[i]));
    return most;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    void *memory = NULL;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "solve");
    rp_status status = rp_node_alloc(pool, 2 * N * sizeof(double), &memory); /* zero */
    double *x = memory, *next = x + N, difference = 1;
    int step = 0;
    while (status == RP_OK && difference > 1e-10 && step++ < MOST_STEPS) {
        status = rp_map(pool, &(rp_map_job){.n = N,
                                            .item = next_value,
                                            .out = next,
                                            .out_size = sizeof *next,
                                            .out_place = RP_ON_NODES,
                                            .options = {.user = x}});
        if (status == RP_OK)
            difference = change(x, next);
        double *old = x;
        x = next;
        next = old;
    }
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("after %d steps: %.8f ... %.8f\n", step, x[0], x[N / 2]);
    int code = rp_report(pool, "solve");
    rp_close(&pool); /* frees the vectors */
    return code;
}
