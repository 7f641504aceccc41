/* Short steps: what a barrier and a reduction of one number over the ranks cost.
 *
 *     steps [SECONDS]      on 2 or more ranks */
#include "measure.h"

#include <stdlib.h>

enum {
    STEPS = 500 /* in one timing: so few that some see no other process */
};

static rp_pool *pool;

static void run_barrier(void *argument)
{
    (void)argument;
    for (int i = 0; i < STEPS; i++) {
        if (rp_barrier(pool) != RP_OK)
            give_up(pool, "rp_barrier");
    }
}

static void run_mpi_barrier(void *argument)
{
    (void)argument;
    for (int i = 0; i < STEPS; i++)
        MPI_Barrier(MPI_COMM_WORLD);
}

static void run_allreduce(void *argument)
{
    double mine = 1, sum;
    (void)argument;
    for (int i = 0; i < STEPS; i++) {
        if (rp_allreduce_ranks(pool, &mine, 1, MPI_DOUBLE, MPI_SUM, &sum) != RP_OK ||
            sum != rp_ranks(pool))
            give_up(pool, "rp_allreduce_ranks");
    }
}

static void run_mpi_allreduce(void *argument)
{
    double mine = 1, sum;
    (void)argument;
    for (int i = 0; i < STEPS; i++) {
        MPI_Allreduce(&mine, &sum, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        if (sum != rp_ranks(pool))
            give_up(pool, "MPI_Allreduce");
    }
}

int main(int argc, char **argv)
{
    static struct times barrier, allreduce, mpi_barrier, mpi_allreduce;
    const double each = 1e9 / STEPS;
    measure_arguments(argc, argv, 1);
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    bool two = rp_ranks(pool) == 2;
    struct row rows[] = {
        row_beside("rp_barrier, beside MPI_Barrier", &barrier, &mpi_barrier, 0),
        row_beside("rp_allreduce_ranks of a double, beside MPI_Allreduce", &allreduce,
                   &mpi_allreduce, 0),
        row_of("rp_barrier", &barrier, two ? 1000 : 0, "ns", each),
        row_of("rp_allreduce_ranks of a double", &allreduce, two ? 1200 : 0, "ns", each),
    };
    struct rounds rounds = rounds_of(rows, 4);
    measure(run_barrier, NULL);
    measure(run_allreduce, NULL);
    while (rounds_next(&rounds)) {
        times_add(&barrier, measure(run_barrier, NULL));
        times_add(&mpi_barrier, measure(run_mpi_barrier, NULL));
        times_add(&allreduce, measure(run_allreduce, NULL));
        times_add(&mpi_allreduce, measure(run_mpi_allreduce, NULL));
    }
    return rp_exit_code(rp_close(&pool));
}
