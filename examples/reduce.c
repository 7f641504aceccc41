#include <rankpool.h>
#include <stdio.h>

static int add_heights(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)in;
    const double n = *(const int64_t *)rp_task_user(task);
    double sum = 0;
    for (int64_t i = range.begin; i < range.end; i++) {
        double x = ((double)i + 0.5) / n;
        sum += 4 / (1 + x * x);
    }
    *(double *)out += sum;
    return 0;
}

static int add(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left += *(const double *)right;
    return 0;
}

int main(int argc, char **argv)
{
    int64_t n = 1000000;
    const double zero = 0;
    double total;
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "pi");
    rp_status status = rp_reduce(pool, &(rp_reduce_job){.n = n,
                                                        .body = add_heights,
                                                        .combine = add,
                                                        .identity = &zero,
                                                        .result = &total,
                                                        .result_size = sizeof total,
                                                        .options = {.user = &n}});
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("%.12f\n", total / (double)n);
    int code = rp_report(pool, "pi");
    rp_close(&pool);
    return code;
}
