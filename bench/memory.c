/* Memory that a job uses in addition to its arrays: the maximum growth of a rank's resident memory
 * while the job runs.
 *
 * The arrays exist before; every page of those in private memory has been touched. */
#include "measure.h"
#include "resident.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t most_items = INT64_C(1000000000000000);
static const int64_t mebibyte = 1024 * 1024;
static const int64_t doubles = INT64_C(1) << 27; /* 1 GiB */

static rp_pool *pool;
static double *input, *output;

/* ---- jobs ------------------------------------------------------------------------------------ */

static int count(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    (void)in;
    *(int64_t *)out += range.end - range.begin;
    return 0;
}

static int add(void *left, const void *right, void *user)
{
    (void)user;
    *(int64_t *)left += *(const int64_t *)right;
    return 0;
}

static void run_reduce(void *unused)
{
    (void)unused;
    const int64_t nothing = 0;
    int64_t result;
    rp_reduce_job job = {.n = most_items,
                         .body = count,
                         .combine = add,
                         .identity = &nothing,
                         .result = &result,
                         .result_size = sizeof result};
    if (rp_reduce(pool, &job) != RP_OK || result != most_items)
        give_up(pool, "rp_reduce");
}

static int scale(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    const double *x = in;
    double *y = out;
    for (int64_t i = 0; i < range.end - range.begin; i++)
        y[i] = 2 * x[i] + 1;
    return 0;
}

static void run_map(void *place)
{
    rp_map_job job = {.n = doubles,
                      .range = scale,
                      .in = input,
                      .in_size = sizeof *input,
                      .in_place = *(rp_place *)place,
                      .out = output,
                      .out_size = sizeof *output,
                      .out_place = *(rp_place *)place};
    if (rp_map(pool, &job) != RP_OK)
        give_up(pool, "rp_map");
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static void fill(double *array, double value)
{
    for (int64_t i = 0; array != NULL && i < doubles; i++)
        array[i] = value;
}

static void check_output(bool mine)
{
    for (int64_t i = 0; mine && i < doubles; i++) {
        if (output[i] != 7)
            give_up(pool, "a wrong element");
    }
}

/* ---- the table ------------------------------------------------------------------------------- */

/* The growth of the rank whose private memory grew most. */
static void print_gain(const char *name, struct resident mine, int64_t goal)
{
    int64_t gain = mine.private_bytes, most;
    MPI_Allreduce(&gain, &most, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
    print_figure(name, (double)most / (double)mebibyte, "MiB", (double)(goal / mebibyte));
}

static void report(const char *name, void (*run)(void *), void *argument, int64_t goal)
{
    struct resident gain;
    rp_barrier(pool);
    if (!resident_gain(run, argument, &gain))
        give_up(pool, "cannot watch the memory of this process");
    print_gain(name, gain, goal);
}

static void report_private(void)
{
    rp_place place = RP_ON_ROOT;
    size_t bytes = (size_t)doubles * sizeof *input;
    input = speaks() ? malloc(bytes) : NULL;
    output = speaks() ? malloc(bytes) : NULL;
    if (speaks() && (input == NULL || output == NULL))
        give_up(pool, "no memory for the arrays");
    fill(input, 3);
    fill(output, -1);
    report("a rank's own memory: map, 1 GiB on the root", run_map, &place, 64 * mebibyte);
    check_output(speaks());
    free(input);
    free(output);
}

static void report_node_memory(void)
{
    rp_place place = RP_ON_NODES;
    void *memory[2];
    for (int i = 0; i < 2; i++) {
        if (rp_node_alloc(pool, (size_t)doubles * sizeof *input, &memory[i]) != RP_OK)
            give_up(pool, "rp_node_alloc");
    }
    input = memory[0];
    output = memory[1];
    fill(rp_node_rank(pool) == 0 ? input : NULL, 3);
    rp_node_sync(pool);
    report("a rank's own memory: map, 1 GiB in node memory", run_map, &place, mebibyte);
    check_output(rp_node_rank(pool) == 0);
    for (int i = 0; i < 2; i++)
        rp_node_free(pool, &memory[i]);
}

int main(void)
{
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    report("a rank's own memory: reduce, 10^15 items", run_reduce, NULL, mebibyte);
    report_node_memory();
    report_private();
    return rp_exit_code(rp_close(&pool));
}
