#include <math.h>
#include <rankpool.h>
#include <stdbool.h>
#include <stdio.h>

static bool crosses(rp_random *random, double thickness)
{
    double depth = 0, direction = 1;
    for (;;) {
        depth += direction * rp_random_exponential(random);
        if (depth < 0 || depth > thickness)
            return depth > thickness;
        if (rp_random_uniform(random) < 0.1) /* absorbed */
            return false;
        direction = 2 * rp_random_uniform(random) - 1; /* scattered */
    }
}

static int send(rp_task *task, rp_range neutrons, const void *in, void *out)
{
    (void)in;
    for (int64_t i = neutrons.begin; i < neutrons.end; i++) {
        rp_random random;
        rp_task_random(task, i, &random);
        rp_moments_add(out, crosses(&random, 5) ? 1 : 0);
    }
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_moments none = {0, 0, 0}, crossed;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "shield_reduce");
    rp_status status = rp_reduce(pool, &(rp_reduce_job){.n = 1000000,
                                                        .body = send,
                                                        .combine = rp_moments_combine,
                                                        .identity = &none,
                                                        .result = &crossed,
                                                        .result_size = sizeof crossed,
                                                        .options = {.seed = 1}});
    if (status == RP_OK && rp_rank(pool) == 0)
        printf("%.6f +- %.6f\n", crossed.mean,
               sqrt(rp_moments_variance(&crossed) / (double)crossed.count));
    int code = rp_report(pool, "shield_reduce");
    rp_close(&pool);
    return code;
}
