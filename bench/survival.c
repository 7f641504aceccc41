/* The cost of surviving deaths while no rank dies: the same loop in a pool with survive_deaths and
 * in one without. Start it by `mpirun --enable-recovery`, with as many ranks as cores. */
#include "measure.h"
#include "work.h"

#include <stdio.h>
#include <stdlib.h>

static void compete(const char *name, rp_pool *surviving, rp_pool *plain, int64_t n,
                    rp_schedule schedule, double goal)
{
    struct additions with = {surviving, n, {.schedule = schedule}, 0};
    struct additions without = {plain, n, {.schedule = schedule}, 0};
    struct times on = {.rounds = 0}, off = {.rounds = 0};
    struct row row = row_beside(name, &on, &off, goal);
    struct rounds rounds = rounds_of(&row, 1);
    measure(add_in_loop, &without);
    measure(add_in_loop, &with);
    while (rounds_next(&rounds)) {
        times_add(&off, measure(add_in_loop, &without));
        times_add(&on, measure(add_in_loop, &with));
    }
}

int main(int argc, char **argv)
{
    rp_pool *surviving, *plain;
    measure_arguments(argc, argv, 2);
    if (rp_open(&(rp_config){.survive_deaths = true}, &surviving) != RP_OK ||
        rp_open_comm(MPI_COMM_WORLD, NULL, &plain) != RP_OK)
        return EXIT_FAILURE;
    if (rp_survives(surviving)) {
        compete("loop, default: surviving deaths, beside not", surviving, plain, 400000000,
                RP_SCHEDULE_ADAPTIVE, 0.98);
        compete("loop, dynamic,1: surviving deaths, beside not", surviving, plain, 40000000,
                RP_SCHEDULE_DYNAMIC, 0.95);
    } else if (speaks()) {
        fprintf(stderr, "skipped: ranks do not survive others with this MPI\n");
    }
    bool skipped = !rp_survives(surviving);
    rp_close(&plain);
    int status = rp_exit_code(rp_close(&surviving));
    return skipped ? 77 : status;
}
