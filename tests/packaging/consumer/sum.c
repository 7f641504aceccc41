/* The sum of the first n numbers, by all ranks; exit status 0 if it is right. */
#include <rankpool.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const int64_t n = 100000;
    int64_t mine = 0, sum = 0;
    rp_pool *pool;
    rp_loop *loop;
    rp_range range;

    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "sum");
    rp_status status = rp_loop_open(pool, n, NULL, &loop);
    if (status == RP_OK) {
        while (rp_loop_next(loop, &range))
            for (int64_t i = range.begin; i < range.end; i++)
                mine += i;
        status = rp_loop_close(&loop, RP_OK);
    }
    MPI_Allreduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    if (rp_rank(pool) == 0)
        printf("%s in C: %lld on %d ranks\n", rp_version(), (long long)sum, rp_ranks(pool));
    if (status == RP_OK && sum != n * (n - 1) / 2)
        status = RP_ERR_TASK;
    rp_report(pool, "sum");
    rp_close(&pool);
    return rp_exit_code(status);
}
