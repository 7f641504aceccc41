#include <math.h>
#include <rankpool.h>
#include <stdio.h>

struct interval {
    double left, right;
};

static double f(double x)
{
    return 1 / (1e-6 + x * x);
}

static double simpson(struct interval in)
{
    double middle = (in.left + in.right) / 2;
    return (in.right - in.left) / 6 * (f(in.left) + 4 * f(middle) + f(in.right));
}

/* Adds the integral over an interval if two halves give the same, else makes them tasks. */
static int integrate(rp_task *task, const void *item, void *result)
{
    const struct interval *in = item;
    double middle = (in->left + in->right) / 2;
    struct interval left = {in->left, middle}, right = {middle, in->right};
    double halves = simpson(left) + simpson(right), difference = halves - simpson(*in);
    if (fabs(difference) > 1e-9 * (in->right - in->left)) {
        int code = rp_task_add(task, &left);
        return code != 0 ? code : rp_task_add(task, &right);
    }
    rp_exact_add(result, halves);
    return 0;
}

int main(int argc, char **argv)
{
    const struct interval all = {-1, 1};
    const rp_exact none = {.pending = 0};
    rp_exact integral;
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "worklist");
    rp_status status = rp_worklist(pool, &(rp_worklist_job){.seeds = &all,
                                                            .n = 1,
                                                            .item_size = sizeof all,
                                                            .work = integrate,
                                                            .combine = rp_exact_combine,
                                                            .identity = &none,
                                                            .result = &integral,
                                                            .result_size = sizeof integral});
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("%.9f\n", rp_exact_value(&integral));
    int code = rp_report(pool, "worklist");
    rp_close(&pool);
    return code;
}
