/* Scatter and gather compared with MPI's own, and the memory of a broadcast into node memory.
 *
 *     collectives [SECONDS]     on 2 ranks: scatter and gather
 *     collectives memory        on 4 ranks: private memory that a broadcast uses */
#include "measure.h"
#include "resident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rp_pool *pool;
static int64_t bytes = INT64_C(1) << 30;
static char *all, *mine; /* on rank 0, and this rank's part */
static int *counts, *places;

/* ---- scatter and gather ---------------------------------------------------------------------- */

static void run_scatter(void *argument)
{
    (void)argument;
    if (rp_scatter(pool, 0, all, bytes, rp_bytes(1), mine) != RP_OK)
        give_up(pool, "rp_scatter");
}

static void run_mpi_scatter(void *argument)
{
    (void)argument;
    MPI_Scatterv(all, counts, places, MPI_BYTE, mine, counts[rp_rank(pool)], MPI_BYTE, 0,
                 MPI_COMM_WORLD);
}

static void run_gather(void *argument)
{
    (void)argument;
    if (rp_gather(pool, 0, mine, bytes, rp_bytes(1), all) != RP_OK)
        give_up(pool, "rp_gather");
}

static void run_mpi_gather(void *argument)
{
    (void)argument;
    MPI_Gatherv(mine, counts[rp_rank(pool)], MPI_BYTE, all, counts, places, MPI_BYTE, 0,
                MPI_COMM_WORLD);
}

static char *touched(int64_t size)
{
    char *memory = malloc((size_t)size + 1);
    if (memory == NULL)
        give_up(pool, "no memory");
    memset(memory, 1, (size_t)size + 1);
    return memory;
}

static void prepare(void)
{
    int ranks = rp_ranks(pool);
    rp_range block = rp_block(bytes, ranks, rp_rank(pool));
    counts = malloc((size_t)ranks * sizeof *counts);
    places = malloc((size_t)ranks * sizeof *places);
    if (counts == NULL || places == NULL)
        give_up(pool, "no memory");
    for (int rank = 0; rank < ranks; rank++) {
        rp_range part = rp_block(bytes, ranks, rank);
        counts[rank] = (int)(part.end - part.begin);
        places[rank] = (int)part.begin;
    }
    all = speaks() ? touched(bytes) : NULL;
    mine = touched(block.end - block.begin);
}

static void contest(const char *name, void (*ours)(void *), void (*theirs)(void *))
{
    struct times our_times = {.rounds = 0}, their_times = {.rounds = 0};
    struct row row = row_beside(name, &our_times, &their_times, 0.97);
    struct rounds rounds = rounds_of(&row, 1);
    measure(theirs, NULL);
    measure(ours, NULL);
    while (rounds_next(&rounds)) {
        times_add(&their_times, measure(theirs, NULL));
        times_add(&our_times, measure(ours, NULL));
    }
}

static void contests(void)
{
    prepare();
    contest("rp_scatter, beside MPI_Scatterv", run_scatter, run_mpi_scatter);
    contest("rp_gather, beside MPI_Gatherv", run_gather, run_mpi_gather);
    free(counts);
    free(places);
    free(all);
    free(mine);
}

/* ---- broadcast into node memory -------------------------------------------------------------- */

/* Called on every rank; the root has the data. */
static void run_broadcast(void *data)
{
    double sum = 0;
    if (rp_broadcast(pool, 0, data, bytes, rp_bytes(1)) != RP_OK)
        give_up(pool, "rp_broadcast");
    for (int64_t i = 0; i < bytes; i += 4096)
        sum += ((const char *)data)[i];
    if (sum != 7.0 * (double)((bytes + 4095) / 4096))
        give_up(pool, "wrong data");
}

static void show_memory(void)
{
    void *data;
    struct resident gain;
    if (rp_node_alloc(pool, (size_t)bytes, &data) != RP_OK)
        give_up(pool, "rp_node_alloc");
    if (rp_rank(pool) == 0)
        memset(data, 7, (size_t)bytes);
    if (!resident_gain(run_broadcast, data, &gain))
        give_up(pool, "cannot watch the memory of this process");
    double grown = (double)gain.private_bytes / (1 << 20), most;
    MPI_Allreduce(&grown, &most, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    print_figure("a rank's own memory: broadcast of 1 GiB to nodes", most, "MiB", 1);
}

int main(int argc, char **argv)
{
    bool memory = argc > 1 && strcmp(argv[1], "memory") == 0;
    measure_arguments(argc - memory, argv + memory, 2);
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    if (memory)
        show_memory();
    else
        contests();
    return rp_exit_code(rp_close(&pool));
}
