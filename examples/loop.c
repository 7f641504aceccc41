#include <rankpool.h>
#include <stdio.h>

/* How many pairs (a, b) with 1 <= a < b are the legs of a right triangle with this whole
 * hypotenuse? */
static int64_t triangles(int64_t hypotenuse)
{
    int64_t a = 1, b = hypotenuse - 1, count = 0, square = hypotenuse * hypotenuse;
    while (a < b) {
        int64_t sum = a * a + b * b;
        count += sum == square;
        a += sum <= square;
        b -= sum >= square;
    }
    return count;
}

int main(int argc, char **argv)
{
    int64_t mine = 0, all = 0;
    rp_pool *pool;
    rp_loop *loop;
    rp_range range;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "triangles");
    rp_status status = rp_loop_open(pool, 10001, NULL, &loop);
    if (status == RP_OK) {
        while (rp_loop_next(loop, &range))
            for (int64_t i = range.begin; i < range.end; i++)
                mine += triangles(i);
        status = rp_loop_close(&loop, RP_OK);
    }
    if (status == RP_OK)
        status = rp_reduce_ranks(pool, rp_root(pool), &mine, 1, MPI_INT64_T, MPI_SUM, &all);
    if (status == RP_OK && rp_rank(pool) == rp_root(pool))
        printf("%lld\n", (long long)all);
    int code = rp_report(pool, "triangles");
    rp_close(&pool);
    return code;
}
