#include <math.h>
#include <rankpool.h>
#include <stdio.h>

static int measure(rp_task *task, rp_range pairs, const void *in, void *out)
{
    (void)in;
    for (int64_t i = pairs.begin; i < pairs.end; i++) {
        rp_random random;
        double u[6];
        rp_task_random(task, i, &random); /* stream i of the job's seed */
        rp_random_fill(&random, u, 6);
        double x = u[0] - u[3], y = u[1] - u[4], z = u[2] - u[5];
        rp_moments_add(out, sqrt(x * x + y * y + z * z));
    }
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_moments none = {0, 0, 0}, distances;
    rp_reduce_job job = {.n = 1000000,
                         .body = measure,
                         .combine = rp_moments_combine,
                         .identity = &none,
                         .result = &distances,
                         .result_size = sizeof distances,
                         .options = {.seed = 2026}};

    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "distances");
    rp_status status = rp_reduce(pool, &job);
    if (status == RP_OK && rp_rank(pool) == 0) {
        printf("%.17g\n", distances.mean);
        printf("+- %.17g\n", sqrt(rp_moments_variance(&distances) / (double)distances.count));
    }
    int code = rp_report(pool, "distances");
    rp_close(&pool);
    return code;
}
