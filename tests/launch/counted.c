/* A program with known output: `counted ITEMS [MARK]` maps items and prints all results, half of
 * them before it closes its pool, half after that. */
#include <rankpool.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int square(rp_task *task, const void *in, void *out)
{
    (void)in;
    *(int64_t *)out = rp_task_item(task) * rp_task_item(task);
    for (volatile int work = 0; work < 10000; work++)
        continue;
    return 0;
}

static void print(const int64_t *out, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        printf("%" PRId64 "\n", out[i]);
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    int64_t items = argc > 1 ? atoi(argv[1]) : 0;
    int64_t *out = calloc((size_t)items + 1, sizeof *out);
    rp_config config = {.survive_deaths = true};
    if (out == NULL || rp_open(&config, &pool) != RP_OK)
        return EXIT_FAILURE;
    bool root = rp_rank(pool) == 0;
    rp_map_job job = {.n = items, .item = square, .out = out, .out_size = sizeof *out};
    rp_status status = rp_map(pool, &job);
    if (root && status == RP_OK)
        print(out, 0, items / 2);
    rp_close(&pool);
    if (root && status == RP_OK)
        print(out, items / 2, items);
    free(out);
    return rp_exit_code(status);
}
