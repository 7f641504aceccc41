#include <math.h>
#include <rankpool.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

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
    const double *thickness = rp_task_user(task);
    for (int64_t i = neutrons.begin; i < neutrons.end; i++) {
        rp_random random;
        rp_task_random(task, i, &random);
        rp_moments_add(out, crosses(&random, *thickness) ? 1 : 0);
    }
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_moments none = {0, 0, 0}, crossed;
    rp_launch(&argc, &argv);
    double count = argc > 1 ? strtod(argv[1], NULL) : 1e6;
    double thickness = argc > 2 ? strtod(argv[2], NULL) : 8;
    rp_config config = {.handle_signals = true,
                        .checkpoint = "shield.kept",
                        .resume = RP_RESUME,
                        .fingerprint = rp_fingerprint(0, &thickness, sizeof thickness)};
    if (rp_open(&config, &pool) != RP_OK)
        return rp_report(NULL, "shield");
    rp_show_progress(pool, RP_PROGRESS_TERMINAL);
    rp_reduce_job job = {
        .n = (int64_t)count,
        .body = send,
        .combine = rp_moments_combine,
        .identity = &none,
        .result = &crossed,
        .result_size = sizeof crossed,
        .options = {.name = "shield", .unit = "neutrons", .seed = 1, .user = &thickness}};
    if (rp_reduce(pool, &job) == RP_OK && rp_rank(pool) == 0)
        printf("%.6f +- %.6f\n", crossed.mean,
               sqrt(rp_moments_variance(&crossed) / (double)crossed.count));
    int code = rp_report(pool, "shield");
    rp_close(&pool);
    return code;
}
