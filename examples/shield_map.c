#include <rankpool.h>
#include <stdio.h>

/* How many neutrons are needed until 250 have crossed a shield? Item i is a shield of (i + 1) / 4
 * mean free paths. */
static int count_neutrons(rp_task *task, const void *in, void *out)
{
    (void)in;
    const double thickness = (double)(rp_task_item(task) + 1) / 4;
    int64_t neutrons = 0;
    rp_random random;
    rp_task_random(task, rp_task_item(task), &random);
    for (int crossed = 0; crossed < 250; neutrons++) {
        double depth = 0, direction = 1;
        for (;;) {
            depth += direction * rp_random_exponential(&random);
            if (depth < 0 || depth > thickness)
                break;
            if (rp_random_uniform(&random) < 0.1) /* absorbed */
                break;
            direction = 2 * rp_random_uniform(&random) - 1; /* scattered */
        }
        crossed += depth > thickness;
    }
    *(int64_t *)out = neutrons;
    return 0;
}

int main(int argc, char **argv)
{
    int64_t neutrons[40];
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "shield_map");
    if (argc > 1)
        rp_record_start(pool);
    rp_status status = rp_map(pool, &(rp_map_job){.n = 40,
                                                  .item = count_neutrons,
                                                  .out = neutrons,
                                                  .out_size = sizeof *neutrons,
                                                  .options = {.name = "shields", .seed = 1}});
    if (status == RP_OK && rp_rank(pool) == 0)
        for (int i = 3; i < 40; i += 4)
            printf("%5.1f %8.5f\n", (i + 1) / 4.0, 250.0 / (double)neutrons[i]);
    if (status == RP_OK && argc > 1)
        rp_timeline(pool, argv[1]);
    int code = rp_report(pool, "shield_map");
    rp_close(&pool);
    return code;
}
