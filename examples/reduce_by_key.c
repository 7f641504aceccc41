#include <rankpool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N = 1000000
};

struct length {
    uint64_t steps; /* the key */
    int64_t count, least;
};

static uint64_t collatz(uint64_t n)
{
    uint64_t steps = 0;
    for (; n > 1; steps++)
        n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    return steps;
}

static int combine(void *left, const void *right, void *user)
{
    struct length *a = left;
    const struct length *b = right;
    (void)user;
    a->count += b->count;
    a->least = a->least < b->least ? a->least : b->least;
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    int64_t groups;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "reduce_by_key");
    rp_range part = rp_block(N, rp_ranks(pool), rp_rank(pool));
    struct length *mine = malloc((size_t)(part.end - part.begin + 1) * sizeof *mine);
    for (int64_t i = part.begin; i < part.end; i++)
        mine[i - part.begin] = (struct length){collatz((uint64_t)i + 1), 1, i + 1};
    rp_sort_job job = {.n = N, .size = sizeof *mine, .mine = mine};
    if (rp_reduce_by_key(pool, &job, combine, &groups) == RP_OK) {
        part = rp_block(groups, rp_ranks(pool), rp_rank(pool));
        if (part.end == groups && part.begin < part.end) {
            const struct length *last = &mine[part.end - part.begin - 1];
            printf("%lld lengths; %lld numbers take %lld steps, the least is %lld\n",
                   (long long)groups, (long long)last->count, (long long)last->steps,
                   (long long)last->least);
        }
    }
    free(mine);
    int code = rp_report(pool, "reduce_by_key");
    rp_close(&pool);
    return code;
}
