#include <math.h>
#include <rankpool.h>
#include <stdio.h>

enum {
    ITEMS = 1000,
    PER_ITEM = 1000
};

static int fill(void *memory, rp_range range, void *user)
{
    double *table = memory;
    (void)user;
    for (int64_t i = range.begin; i < range.end; i++)
        table[i] = sqrt((double)i);
    return 0;
}

/* Adds up the part of the table that belongs to the item. */
static int add_part(rp_task *task, const void *in, void *out)
{
    (void)in;
    const double *table = rp_task_user(task);
    double sum = 0;
    for (int i = 0; i < PER_ITEM; i++)
        sum += table[rp_task_item(task) * PER_ITEM + i];
    *(double *)out = sum;
    return 0;
}

int main(int argc, char **argv)
{
    static double sums[ITEMS];
    const int64_t n = (int64_t)ITEMS * PER_ITEM;
    rp_pool *pool;
    void *memory;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "sums");
    rp_status status = rp_node_alloc_filled(pool, n, sizeof(double), fill, NULL, &memory);
    if (status == RP_OK)
        status = rp_map(pool, &(rp_map_job){.n = ITEMS,
                                            .item = add_part,
                                            .out = sums,
                                            .out_size = sizeof *sums,
                                            .options = {.user = memory}});
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("%.3f ... %.3f\n", sums[0], sums[ITEMS - 1]);
    int code = rp_report(pool, "sums");
    rp_close(&pool); /* frees the table */
    return code;
}
