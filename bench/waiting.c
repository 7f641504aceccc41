/* The cost of waiting: CPU seconds of ranks that wait five seconds for rank 0, at a barrier and at
 * the end of a loop. */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    WAIT_SECONDS = 5
};

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void wait_at_barrier(rp_pool *pool)
{
    if (rp_rank(pool) == 0)
        sleep(WAIT_SECONDS);
    rp_barrier(pool);
}

static void wait_in_loop(rp_pool *pool)
{
    rp_loop *loop;
    rp_range range;
    rp_options options = {.schedule = RP_SCHEDULE_STATIC};
    rp_loop_open(pool, rp_ranks(pool), &options, &loop);
    while (rp_loop_next(loop, &range)) {
        if (rp_rank(pool) == 0)
            sleep(WAIT_SECONDS);
    }
    rp_loop_close(&loop, RP_OK);
}

static void report(const char *name, void (*wait)(rp_pool *), rp_pool *pool)
{
    rp_barrier(pool);
    double before = cpu_seconds(), most;
    wait(pool);
    double used = cpu_seconds() - before;
    MPI_Allreduce(&used, &most, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    print_figure(name, most, "CPU s", 0.05);
}

int main(void)
{
    rp_pool *pool;
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    report("waiting 5 s at a barrier, busiest rank", wait_at_barrier, pool);
    report("waiting 5 s in a loop, busiest rank", wait_in_loop, pool);
    return rp_exit_code(rp_close(&pool));
}
