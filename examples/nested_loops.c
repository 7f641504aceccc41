#include <math.h>
#include <rankpool.h>
#include <stdio.h>

enum {
    N = 2000
};

static double place[N]; /* the shared table: every rank fills its own */

/* Energy of the pairs (k / N, k % N) for k in the range: two nested loops in one. */
static int add_pairs(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    (void)in;
    for (int64_t k = range.begin; k < range.end; k++) {
        int64_t i = k / N, j = k % N;
        if (j < i)
            rp_sum_add(out, 1 / fabs(place[i] - place[j]));
    }
    return 0;
}

int main(int argc, char **argv)
{
    const rp_sum zero = {0, 0};
    rp_sum energy;
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "energy");
    for (int i = 0; i < N; i++)
        place[i] = i + 0.25 * sin(i);
    rp_status status = rp_reduce(pool, &(rp_reduce_job){.n = (int64_t)N * N,
                                                        .body = add_pairs,
                                                        .combine = rp_sum_combine,
                                                        .identity = &zero,
                                                        .result = &energy,
                                                        .result_size = sizeof energy});
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("%.6f\n", rp_sum_value(&energy));
    int code = rp_report(pool, "energy");
    rp_close(&pool);
    return code;
}
