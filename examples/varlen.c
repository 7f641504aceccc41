#include <rankpool.h>
#include <stdio.h>

/* The prime factors of the item, as many as there are. */
static int factors(rp_task *task, const void *in, rp_buffer *result)
{
    (void)in;
    int64_t rest = rp_task_item(task);
    for (int64_t p = 2; p <= rest; p++)
        for (; rest % p == 0; rest /= p)
            if (rp_buffer_append(result, &p, sizeof p) != 0)
                return -1;
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_results *results = NULL;
    const int64_t *offsets; /* result i is the bytes from offsets[i] to offsets[i + 1] */
    const void *data;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "factors");
    rp_status status =
        rp_map_varlen(pool, &(rp_map_varlen_job){.n = 1000, .item = factors}, &results);
    if (status == RP_OK)
        status = rp_results_gather(results, rp_root(pool), &offsets, &data);
    if (status == RP_OK && rp_rank(pool) == rp_root(pool)) {
        for (int i = 996; i < 1000; i++) {
            printf("%d =", i);
            for (int64_t at = offsets[i] / 8; at < offsets[i + 1] / 8; at++)
                printf(" %lld", (long long)((const int64_t *)data)[at]);
            printf("\n");
        }
    }
    int code = rp_report(pool, "factors");
    rp_results_free(&results);
    rp_close(&pool);
    return code;
}
