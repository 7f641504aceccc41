#include <rankpool.h>
#include <stdio.h>

struct sums {
    rp_exact exact;
    double plain;
};

static int add_terms(rp_task *task, rp_range range, const void *in, void *out)
{
    struct sums *sums = out;
    (void)task;
    (void)in;
    for (int64_t i = range.begin; i < range.end; i++) {
        double x = 1.0 / (double)(i + 1);
        rp_exact_add(&sums->exact, x);
        sums->plain += x;
    }
    return 0;
}

static int combine(void *left, const void *right, void *user)
{
    struct sums *sums = left;
    const struct sums *others = right;
    sums->plain += others->plain;
    return rp_exact_combine(&sums->exact, &others->exact, user);
}

/* The sum of 1/1 ... 1/10^6, added in leaves of this size: each size is another order. */
static rp_status harmonic_sum(rp_pool *pool, int64_t leaf)
{
    struct sums none = {.plain = 0}, sums;
    rp_status status = rp_reduce(pool, &(rp_reduce_job){.n = 1000000,
                                                        .leaf = leaf,
                                                        .body = add_terms,
                                                        .combine = combine,
                                                        .identity = &none,
                                                        .result = &sums,
                                                        .result_size = sizeof sums});
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("leaves of %4d: plain %.17g, exact %.17g\n", (int)leaf, sums.plain,
               rp_exact_value(&sums.exact));
    return status;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "exact");
    if (harmonic_sum(pool, 10) == RP_OK)
        harmonic_sum(pool, 1000);
    int code = rp_report(pool, "exact");
    rp_close(&pool);
    return code;
}
