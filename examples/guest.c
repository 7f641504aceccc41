#include <rankpool.h>
#include <stdio.h>

enum {
    N = 1000000,
    BINS = 60
};

/* Of the sequence that halves even numbers and makes odd ones 3 x + 1. */
static int steps_to_one(int64_t x)
{
    int steps = 0;
    for (; x != 1; steps++)
        x = x % 2 == 0 ? x / 2 : 3 * x + 1;
    return steps;
}

int main(int argc, char **argv)
{
    long mine[BINS] = {0}, all[BINS];
    int provided, rank;
    rp_pool *pool;
    rp_loop *loop;
    rp_range range;

    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rp_open_comm(MPI_COMM_WORLD, NULL, &pool) != RP_OK)
        MPI_Abort(MPI_COMM_WORLD, 1);

    rp_status status = rp_loop_open(pool, N, NULL, &loop);
    if (status == RP_OK) {
        while (rp_loop_next(loop, &range))
            for (int64_t i = range.begin; i < range.end; i++)
                mine[steps_to_one(i + 1) / 10]++;
        status = rp_loop_close(&loop, RP_OK);
    }
    if (status == RP_OK) {
        MPI_Reduce(mine, all, BINS, MPI_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
        for (int bin = 0; rank == 0 && bin < 5; bin++)
            printf("%d to %d steps: %ld\n", 10 * bin, 10 * bin + 9, all[bin]);
    }
    int code = rp_report(pool, "steps");
    rp_close(&pool);
    MPI_Finalize();
    return code;
}
