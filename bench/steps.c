/* Short steps: what a barrier and a reduction of one number over the ranks cost.
 *
 *     steps [ROUNDS]      on 2 or more ranks */
#include "measure.h"

#include <stdlib.h>

enum {
    USUAL_ROUNDS = 99,
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

/* The time of each is a row, and of the reduction the ratio. */
int main(int argc, char **argv)
{
    static struct times barrier, allreduce, mpi_barrier, mpi_allreduce;
    int rounds = rounds_wanted(argc, argv, USUAL_ROUNDS);
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    measure(run_barrier, NULL);
    measure(run_allreduce, NULL);
    for (int round = 0; round < rounds; round++) {
        times_add(&barrier, measure(run_barrier, NULL));
        times_add(&mpi_barrier, measure(run_mpi_barrier, NULL));
        times_add(&allreduce, measure(run_allreduce, NULL));
        times_add(&mpi_allreduce, measure(run_mpi_allreduce, NULL));
    }
    print_nanoseconds("rp_barrier", &barrier, STEPS, rp_ranks(pool) == 2 ? 1000 : 0);
    print_nanoseconds("MPI_Barrier", &mpi_barrier, STEPS, 0);
    print_nanoseconds("rp_allreduce_ranks of a double", &allreduce, STEPS,
                      rp_ranks(pool) == 2 ? 1200 : 0);
    print_ratio("time of rp_allreduce_ranks / MPI_Allreduce", &allreduce, &mpi_allreduce, true, 0);
    return rp_exit_code(rp_close(&pool));
}
