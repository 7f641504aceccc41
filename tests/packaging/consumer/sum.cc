// The sum of the first n numbers, by all ranks; exit status 0 if it is right.
#include <cstdint>
#include <iostream>
#include <rankpool.h>

int main(int argc, char **argv)
{
    const std::int64_t n = 100000;
    std::int64_t mine = 0, sum = 0;
    rp_pool *pool = nullptr;
    rp_loop *loop = nullptr;
    rp_range range;

    rp_launch(&argc, &argv);
    if (rp_open(nullptr, &pool) != RP_OK)
        return rp_report(nullptr, "sum");
    rp_status status = rp_loop_open(pool, n, nullptr, &loop);
    if (status == RP_OK) {
        while (rp_loop_next(loop, &range))
            for (std::int64_t i = range.begin; i < range.end; i++)
                mine += i;
        status = rp_loop_close(&loop, RP_OK);
    }
    MPI_Allreduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    if (rp_rank(pool) == 0)
        std::cout << rp_version() << " in C++: " << sum << " on " << rp_ranks(pool) << " ranks\n";
    if (status == RP_OK && sum != n * (n - 1) / 2)
        status = RP_ERR_TASK;
    rp_report(pool, "sum");
    rp_close(&pool);
    return rp_exit_code(status);
}
