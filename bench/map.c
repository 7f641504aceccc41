/* The cost of map and reduce: a reduction compared with a loop split by hand, and a map of private
 * memory compared with MPI's own scatter and gather. Start it with as many ranks as cores. */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DOUBLES = 10000000
};
static const int64_t reduced_items = 1000000000;

static rp_pool *pool;
static double *all_in, *all_out; /* private memory of rank 0 */
static double *my_in, *my_out;   /* this rank's part, for scatter and gather */

/* ---- a reduction of 10^9 items --------------------------------------------------------------- */

static int sum_inverse_squares(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    (void)in;
    double sum = 0;
    for (int64_t item = range.begin; item < range.end; item++)
        sum += 1.0 / ((double)(item + 1) * (double)(item + 1));
    *(double *)out += sum;
    return 0;
}

static int add_doubles(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left += *(const double *)right;
    return 0;
}

static void run_reduce(void *argument)
{
    (void)argument;
    const double zero = 0;
    double result;
    rp_reduce_job job = {.n = reduced_items,
                         .body = sum_inverse_squares,
                         .combine = add_doubles,
                         .identity = &zero,
                         .result = &result,
                         .result_size = sizeof result};
    if (rp_reduce(pool, &job) != RP_OK)
        give_up(pool, "rp_reduce");
    if (fabs(result - 1.6449340668482264) > 1e-8)
        give_up(pool, "a wrong sum");
}

static void run_by_hand(void *argument)
{
    (void)argument;
    double sum = 0, total;
    sum_inverse_squares(NULL, rp_block(reduced_items, rp_ranks(pool), rp_rank(pool)), NULL, &sum);
    MPI_Allreduce(&sum, &total, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

static void contest_reduce(void)
{
    struct times reduce = {.rounds = 0}, by_hand = {.rounds = 0};
    struct row row =
        row_beside("reduce 10^9 items, beside a loop split by hand", &reduce, &by_hand, 0.91);
    struct rounds rounds = rounds_of(&row, 1);
    while (rounds_next(&rounds)) {
        times_add(&by_hand, measure(run_by_hand, NULL));
        times_add(&reduce, measure(run_reduce, NULL));
    }
}

/* ---- 10^7 doubles from private memory and back ----------------------------------------------- */

static int scale_range(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    const double *x = in;
    double *y = out;
    for (int64_t i = 0; i < range.end - range.begin; i++)
        y[i] = 2 * x[i] + 1;
    return 0;
}

static void run_private_map(void *argument)
{
    (void)argument;
    rp_map_job job = {.n = DOUBLES,
                      .range = scale_range,
                      .in = all_in,
                      .in_size = sizeof *all_in,
                      .out = all_out,
                      .out_size = sizeof *all_out};
    if (rp_map(pool, &job) != RP_OK)
        give_up(pool, "rp_map");
}

static void run_scatter(void *argument)
{
    (void)argument;
    int ranks = rp_ranks(pool), rank = rp_rank(pool);
    int *counts = malloc(2 * (size_t)ranks * sizeof *counts), *places = counts + ranks;
    for (int r = 0; r < ranks; r++) {
        rp_range block = rp_block(DOUBLES, ranks, r);
        counts[r] = (int)(block.end - block.begin);
        places[r] = (int)block.begin;
    }
    MPI_Scatterv(all_in, counts, places, MPI_DOUBLE, my_in, counts[rank], MPI_DOUBLE, 0,
                 MPI_COMM_WORLD);
    scale_range(NULL, (rp_range){0, counts[rank]}, my_in, my_out);
    MPI_Gatherv(my_out, counts[rank], MPI_DOUBLE, all_out, counts, places, MPI_DOUBLE, 0,
                MPI_COMM_WORLD);
    free(counts);
}

static double *doubles(bool wanted)
{
    double *memory = wanted ? malloc(DOUBLES * sizeof *memory) : NULL;
    for (int i = 0; memory != NULL && i < DOUBLES; i++)
        memory[i] = i;
    return memory;
}

static void check_scaled(void)
{
    for (int i = 0; all_out != NULL && i < DOUBLES; i++) {
        if (all_out[i] != 2.0 * i + 1)
            give_up(pool, "a wrong element");
        all_out[i] = 0;
    }
}

static void contest_private(void)
{
    struct times map = {.rounds = 0}, scatter = {.rounds = 0};
    struct row row =
        row_beside("map of 10^7 doubles, beside MPI_Scatterv and Gatherv", &map, &scatter, 0.7);
    struct rounds rounds = rounds_of(&row, 1);
    all_in = doubles(speaks());
    all_out = doubles(speaks());
    my_in = doubles(true);
    my_out = doubles(true);
    measure(run_scatter, NULL);
    measure(run_private_map, NULL);
    while (rounds_next(&rounds)) {
        times_add(&scatter, measure(run_scatter, NULL));
        check_scaled();
        times_add(&map, measure(run_private_map, NULL));
        check_scaled();
    }
    free(all_in);
    free(all_out);
    free(my_in);
    free(my_out);
}

int main(int argc, char **argv)
{
    measure_arguments(argc, argv, 2);
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    contest_reduce();
    contest_private();
    return rp_exit_code(rp_close(&pool));
}
