/* The cost of checkpoints: the same map of items of 1 ms in a pool that saves its results and in
 * one that does not. Start it with as many ranks as cores. */
#include "measure.h"
#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ITEMS = 3000
};

struct contest {
    rp_pool *pool;
    int64_t steps; /* of an item */
    double *results;
};

static int compute_item(rp_task *task, const void *in, void *out)
{
    const struct contest *contest = rp_task_user(task);
    (void)in;
    compute(contest->steps);
    *(double *)out = (double)rp_task_item(task);
    return 0;
}

static void run_map(void *argument)
{
    struct contest *contest = argument;
    rp_map_job job = {.n = ITEMS,
                      .item = compute_item,
                      .out = contest->results,
                      .out_size = sizeof *contest->results,
                      .options = {.user = contest}};
    if (rp_map(contest->pool, &job) != RP_OK)
        give_up(contest->pool, "rp_map");
}

static void compare(rp_pool *saving, rp_pool *plain)
{
    static double results[ITEMS];
    int64_t steps = (int64_t)(steps_per_second() * 1e-3);
    struct contest with = {saving, steps, results}, without = {plain, steps, results};
    struct times on = {.rounds = 0}, off = {.rounds = 0};
    struct row row = row_beside("items of 1 ms: checkpointed, beside not", &on, &off, 0.99);
    struct rounds rounds = rounds_of(&row, 1);
    while (rounds_next(&rounds)) {
        times_add(&off, measure(run_map, &without));
        times_add(&on, measure(run_map, &with));
    }
}

int main(int argc, char **argv)
{
    char directory[256]; /* the root's counts; removed when the pool is closed */
    const char *parent = getenv("TMPDIR");
    measure_arguments(argc, argv, 1);
    rp_pool *saving, *plain;
    snprintf(directory, sizeof directory, "%.200s/checkpoint-%d", parent != NULL ? parent : "/tmp",
             (int)getpid());
    if (rp_open(&(rp_config){.checkpoint = directory}, &saving) != RP_OK ||
        rp_open_comm(MPI_COMM_WORLD, NULL, &plain) != RP_OK)
        return EXIT_FAILURE;
    compare(saving, plain);
    rp_close(&plain);
    return rp_exit_code(rp_close(&saving));
}
