#include "work.h"

#include "base/clock.h"

#include <mpi.h>

static volatile uint64_t saved;

void add_in_loop(void *argument)
{
    struct additions *additions = argument;
    rp_loop *loop;
    rp_range range;
    int64_t sum = 0;
    rp_loop_open(additions->pool, additions->n, &additions->options, &loop);
    while (rp_loop_next(loop, &range)) {
        for (int64_t item = range.begin; item < range.end; item++)
            add_item(&sum, item);
    }
    rp_loop_close(&loop, RP_OK);
    additions->sum = sum;
}

/* A linear congruential generator: each step depends on the last. */
void compute(int64_t steps)
{
    uint64_t x = (uint64_t)steps;
    for (int64_t i = 0; i < steps; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        __asm__ volatile("" : "+r"(x));
    }
    saved = x;
}

double steps_per_second(void)
{
    const int64_t probe = 50000000;
    double begun = rpi_clock_seconds();
    compute(probe);
    double rate = (double)probe / (rpi_clock_seconds() - begun), slowest;
    MPI_Allreduce(&rate, &slowest, 1, MPI_DOUBLE, MPI_MIN, MPI_COMM_WORLD);
    return slowest;
}
