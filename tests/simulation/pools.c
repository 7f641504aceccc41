/* A loop, a reduction and a map on a simulated cluster: right on any number of nodes, and in
 * simulated time, which does not depend on this machine's load, not much slower than ideal.
 * On few nodes, also a map of long items. */
#include "rankpool.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ITEMS_PER_RANK = 100,
    RECORD = 256 << 10,
    FEW_NODES = 4 /* that one root supplies with records */
};
static const double item_seconds = 1e-3;

static rp_pool *pool;
static int failures;

static void work(int64_t items)
{
    usleep((useconds_t)(1e6 * item_seconds * (double)items));
}

/* The job's duration on the root shows which part of the ranks' time was spent in items. */
static void report(const char *name, bool right, double seconds, double least)
{
    MPI_Bcast(&seconds, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    double used = ITEMS_PER_RANK * item_seconds / seconds;
    bool good = right && used >= least;
    failures += !good;
    if (rp_rank(pool) == 0)
        printf("%s %s on %d ranks of %d nodes: %s, %.3f of ideal\n", good ? "ok" : "FAILED", name,
               rp_ranks(pool), rp_nodes(pool), right ? "right" : "wrong", used);
    fflush(stdout); /* a test without output hangs */
}

static void try_loop(int64_t n)
{
    rp_loop *loop;
    rp_range range;
    int64_t sums[2] = {0, 0};
    double begin = MPI_Wtime();
    rp_status status = rp_loop_open(pool, n, NULL, &loop);
    while (status == RP_OK && rp_loop_next(loop, &range)) {
        work(range.end - range.begin);
        sums[0] += range.end - range.begin;
        for (int64_t i = range.begin; i < range.end; i++)
            sums[1] += i;
    }
    if (status == RP_OK)
        status = rp_loop_close(&loop, RP_OK);
    double seconds = MPI_Wtime() - begin;
    MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    report("loop", status == RP_OK && sums[0] == n && sums[1] == n * (n - 1) / 2, seconds, 0.95);
}

static int sum_items(rp_task *task, rp_range range, const void *in, void *result)
{
    (void)task;
    (void)in;
    work(range.end - range.begin);
    for (int64_t i = range.begin; i < range.end; i++)
        *(int64_t *)result += i;
    return 0;
}

static int add(void *left, const void *right, void *user)
{
    (void)user;
    *(int64_t *)left += *(const int64_t *)right;
    return 0;
}

static void try_reduce(int64_t n)
{
    int64_t sum = 0;
    rp_reduce_job job = {.n = n,
                         .body = sum_items,
                         .combine = add,
                         .identity = &(int64_t){0},
                         .result = &sum,
                         .result_size = sizeof sum};
    double begin = MPI_Wtime();
    rp_status status = rp_reduce(pool, &job);
    report("reduce", status == RP_OK && sum == n * (n - 1) / 2, MPI_Wtime() - begin, 0.92);
}

static int square(rp_task *task, const void *in, void *out)
{
    (void)task;
    double x = *(const double *)in;
    work(1);
    *(double *)out = x * x;
    return 0;
}

static void try_map(int64_t n)
{
    bool root = rp_rank(pool) == 0;
    double *in = root ? malloc((size_t)n * sizeof *in) : NULL;
    double *out = root ? calloc((size_t)n, sizeof *out) : NULL;
    for (int64_t i = 0; root && i < n; i++)
        in[i] = (double)i;
    rp_map_job job = {.n = n,
                      .item = square,
                      .in = in,
                      .in_size = sizeof *in,
                      .out = out,
                      .out_size = sizeof *out};
    double begin = MPI_Wtime();
    bool right = rp_map(pool, &job) == RP_OK;
    double seconds = MPI_Wtime() - begin;
    for (int64_t i = 0; root && i < n; i++)
        right = right && out[i] == (double)i * (double)i;
    report("map", right, seconds, 0.90);
    free(in);
    free(out);
}

static int copy_record(rp_task *task, const void *in, void *out)
{
    (void)task;
    work(1);
    memcpy(out, in, RECORD);
    return 0;
}

/* Batches must travel while others are computed. */
static void try_records(int64_t n)
{
    size_t bytes = (size_t)n * RECORD;
    char *in = rp_rank(pool) == 0 ? malloc(bytes) : NULL;
    char *out = rp_rank(pool) == 0 ? calloc(1, bytes) : NULL;
    for (size_t i = 0; in != NULL && i < bytes; i++)
        in[i] = (char)(i / RECORD + i);
    rp_map_job job = {
        .n = n, .item = copy_record, .in = in, .in_size = RECORD, .out = out, .out_size = RECORD};
    double begin = MPI_Wtime();
    bool right = rp_map(pool, &job) == RP_OK;
    double seconds = MPI_Wtime() - begin;
    if (in != NULL)
        right = right && memcmp(in, out, bytes) == 0;
    report("map of records", right, seconds, 0.84);
    free(in);
    free(out);
}

int main(void)
{
    if (rp_open(NULL, &pool) != RP_OK)
        return 1;
    int64_t n = (int64_t)rp_ranks(pool) * ITEMS_PER_RANK;
    try_loop(n);
    try_reduce(n);
    try_map(n);
    if (rp_nodes(pool) <= FEW_NODES)
        try_records(n);
    rp_close(&pool);
    return failures > 0;
}
