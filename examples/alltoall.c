#include <rankpool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    N = 100000 /* particles of each rank, to begin with */
};

/* Particles in [0, 1) go to the ranks that have their part of it; sorted by rank, they are sent by
 * one call, which says how many came from each rank. */
int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "alltoall");
    int ranks = rp_ranks(pool), rank = rp_rank(pool);
    int64_t most = (int64_t)ranks * (N / ranks + 1), count = 0, wrong = 0;
    int64_t *counts = calloc((size_t)ranks, sizeof *counts);
    int64_t *received = calloc((size_t)ranks, sizeof *received);
    double *mine = malloc(N * sizeof *mine), *all = malloc((size_t)most * sizeof *all);
    for (int to = 0, i = 0; to < ranks; to++) {
        rp_range part = rp_block(N, ranks, to);
        counts[to] = part.end - part.begin;
        for (; i < part.end; i++)
            mine[i] = (to + ((double)(i - part.begin) + 0.5) / (double)counts[to]) / ranks;
    }
    rp_status status =
        rp_alltoallv(pool, mine, counts, rp_datatype(MPI_DOUBLE), all, most, received);
    for (int from = 0; status == RP_OK && from < ranks; from++)
        count += received[from];
    for (int64_t i = 0; i < count; i++)
        wrong += (int)(all[i] * ranks) != rank;
    if (status == RP_OK)
        status = rp_allreduce_ranks(pool, &wrong, 1, MPI_INT64_T, MPI_SUM, &wrong);
    if (status == RP_OK && rank == 0)
        printf("%lld particles are on a wrong rank\n", (long long)wrong);
    free(all);
    free(mine);
    free(received);
    free(counts);
    int code = rp_report(pool, "alltoall");
    rp_close(&pool);
    return code;
}
