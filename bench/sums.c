/* The compensated sum of doubles in node memory compared with a plain loop over each rank's part:
 * the memory bandwidth that each reaches. Start it with as many ranks as cores. */
#include "measure.h"

#include <math.h>
#include <stdlib.h>

enum {
    DOUBLES = 100000000
};

static rp_pool *pool;
static double *x;
static double expected;

static void run_plain(void *argument)
{
    (void)argument;
    rp_range mine = rp_block(DOUBLES, rp_node_ranks(pool), rp_node_rank(pool));
    double sum = 0, total;
    for (int64_t i = mine.begin; i < mine.end; i++)
        sum += x[i];
    MPI_Allreduce(&sum, &total, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    if (fabs(total - expected) > 1e-6 * expected)
        give_up(pool, "a wrong plain sum");
}

static void reduce(rp_range_fn body, rp_combine_fn combine, const void *identity, void *result,
                   size_t size)
{
    rp_reduce_job job = {.n = DOUBLES,
                         .body = body,
                         .combine = combine,
                         .identity = identity,
                         .in = x,
                         .in_size = sizeof *x,
                         .in_place = RP_ON_NODES,
                         .result = result,
                         .result_size = size};
    if (rp_reduce(pool, &job) != RP_OK)
        give_up(pool, "rp_reduce");
}

static int add_sum(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    rp_sum_add_array(out, in, range.end - range.begin);
    return 0;
}

static void run_sum(void *argument)
{
    const rp_sum none = {0, 0};
    rp_sum sum;
    (void)argument;
    reduce(add_sum, rp_sum_combine, &none, &sum, sizeof sum);
    if (rp_sum_value(&sum) != expected)
        give_up(pool, "a wrong sum");
}

static int add_moments(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    rp_moments_add_array(out, in, range.end - range.begin);
    return 0;
}

static void run_moments(void *argument)
{
    const rp_moments none = {0, 0, 0};
    rp_moments moments;
    (void)argument;
    reduce(add_moments, rp_moments_combine, &none, &moments, sizeof moments);
    if (moments.count != DOUBLES)
        give_up(pool, "wrong moments");
}

static int add_extrema(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    rp_extrema_add_array(out, range.begin, in, range.end - range.begin);
    return 0;
}

static void run_extrema(void *argument)
{
    const rp_extrema none = {0, 0, 0, 0, 0, 0};
    rp_extrema extrema;
    (void)argument;
    reduce(add_extrema, rp_extrema_combine, &none, &extrema, sizeof extrema);
    if (extrema.least_item != 0)
        give_up(pool, "a wrong least item");
}

/* Integers with a known sum. */
static void fill(void)
{
    void *memory;
    if (rp_node_alloc(pool, DOUBLES * sizeof *x, &memory) != RP_OK)
        give_up(pool, "rp_node_alloc");
    x = memory;
    rp_range mine = rp_block(DOUBLES, rp_node_ranks(pool), rp_node_rank(pool));
    for (int64_t i = mine.begin; i < mine.end; i++)
        x[i] = (double)(i % 1000);
    expected = 499.5 * DOUBLES;
    if (rp_node_sync(pool) != RP_OK)
        give_up(pool, "rp_node_sync");
}

int main(int argc, char **argv)
{
    static struct times sum, plain, moments, extrema;
    const double each = 1e9 / DOUBLES;
    struct row rows[] = {
        row_beside("sum of 10^8 doubles, compensated, beside a plain loop", &sum, &plain, 0.9),
        row_of("moments, of a double", &moments, 0, "ns", each),
        row_of("extrema, of a double", &extrema, 0, "ns", each),
    };
    measure_arguments(argc, argv, 1);
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    fill();
    struct rounds rounds = rounds_of(rows, 3);
    measure(run_plain, NULL);
    measure(run_sum, NULL);
    while (rounds_next(&rounds)) {
        times_add(&plain, measure(run_plain, NULL));
        times_add(&sum, measure(run_sum, NULL));
        times_add(&moments, measure(run_moments, NULL));
        times_add(&extrema, measure(run_extrema, NULL));
    }
    return rp_exit_code(rp_close(&pool));
}
