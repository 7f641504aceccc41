/* The cost of surviving deaths while no rank dies: the same loop in a pool with survive_deaths and
 * in one without. Start it by `mpirun --enable-recovery`, with as many ranks as cores. */
#include "measure.h"
#include "work.h"

#include <stdio.h>
#include <stdlib.h>

struct pair {
    struct times with, without;
};

static struct pair compare(rp_pool *surviving, rp_pool *plain, int64_t n, rp_schedule schedule,
                           int rounds)
{
    struct additions with = {surviving, n, {.schedule = schedule}, 0};
    struct additions without = {plain, n, {.schedule = schedule}, 0};
    struct pair pair = {{.rounds = 0}, {.rounds = 0}};
    for (int round = 0; round < rounds; round++) {
        times_add(&pair.without, measure(add_in_loop, &without));
        times_add(&pair.with, measure(add_in_loop, &with));
    }
    return pair;
}

static void contests(rp_pool *surviving, rp_pool *plain, int rounds)
{
    const int64_t many = 400000000, few = 40000000;
    struct pair chunks = compare(surviving, plain, many, RP_SCHEDULE_ADAPTIVE, 5 * rounds);
    struct pair single = compare(surviving, plain, few, RP_SCHEDULE_DYNAMIC, rounds);
    struct times added = {.rounds = 0};
    for (int i = 0; i < rounds; i++)
        times_add(&added, single.with.seconds[i] - single.without.seconds[i]);
    print_ratio("loop, default: surviving deaths / not", &chunks.with, &chunks.without, true, 1.02);
    print_nanoseconds("loop, dynamic,1, not surviving", &single.without, (double)few, 0);
    print_nanoseconds("loop, dynamic,1: surviving adds", &added, (double)few, 0);
}

int main(int argc, char **argv)
{
    rp_pool *surviving, *plain;
    int rounds = rounds_wanted(argc, argv, 7);
    if (rp_open(&(rp_config){.survive_deaths = true}, &surviving) != RP_OK ||
        rp_open_comm(MPI_COMM_WORLD, NULL, &plain) != RP_OK)
        return EXIT_FAILURE;
    if (rp_survives(surviving))
        contests(surviving, plain, rounds);
    else if (speaks())
        printf("survival is left out, for ranks do not survive others with this MPI\n");
    rp_close(&plain);
    return rp_exit_code(rp_close(&surviving));
}
