#include <rankpool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N = 1000003
};

struct star {
    double magnitude;
    int64_t number;
};

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "sort");
    rp_range part = rp_block(N, rp_ranks(pool), rp_rank(pool));
    struct star *mine = malloc((size_t)(part.end - part.begin + 1) * sizeof *mine);
    for (int64_t i = part.begin; i < part.end; i++) {
        rp_random random;
        rp_random_begin(&random, 42, i);
        mine[i - part.begin] = (struct star){6 + 3 * rp_random_normal(&random), i};
    }
    rp_sort_job job = {.n = N,
                       .size = sizeof *mine,
                       .mine = mine,
                       .key_type = RP_KEY_DOUBLE,
                       .key_offset = offsetof(struct star, magnitude)};
    if (rp_sort(pool, &job) == RP_OK && rp_rank(pool) == 0)
        for (int i = 0; i < 3; i++)
            printf("star %lld: %.4f\n", (long long)mine[i].number, mine[i].magnitude);
    free(mine);
    int code = rp_report(pool, "sort");
    rp_close(&pool);
    return code;
}
