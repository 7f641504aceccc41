/* Scatter and gather beside MPI's own, and the memory of a broadcast into node memory.
 *
 *     collectives ROUNDS BYTES          on 2 ranks: bytes dealt out and collected again, below 2^31
 *     collectives memory BYTES          on 4 ranks: private memory before and after a broadcast */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static rp_pool *pool;
static int64_t bytes = INT64_C(1) << 30;
static char *all, *mine; /* on rank 0, and this rank's part */
static int *counts, *places;

static void give_up(const char *what)
{
    fprintf(stderr, "collectives: %s: %s\n", what, rp_last_error(pool)->text);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}

/* ---- scatter and gather ---------------------------------------------------------------------- */

static void run_scatter(void *argument)
{
    (void)argument;
    if (rp_scatter(pool, 0, all, bytes, rp_bytes(1), mine) != RP_OK)
        give_up("rp_scatter");
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
        give_up("rp_gather");
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
        give_up("no memory");
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
        give_up("no memory");
    for (int rank = 0; rank < ranks; rank++) {
        rp_range part = rp_block(bytes, ranks, rank);
        counts[rank] = (int)(part.end - part.begin);
        places[rank] = (int)part.begin;
    }
    all = speaks() ? touched(bytes) : NULL;
    mine = touched(block.end - block.begin);
}

static void contest(int rounds, const char *name, void (*ours)(void *), void (*theirs)(void *))
{
    struct times our_times = {.rounds = 0}, their_times = {.rounds = 0};
    measure(theirs, NULL);
    measure(ours, NULL);
    for (int round = 0; round < rounds; round++) {
        times_add(&their_times, measure(theirs, NULL));
        times_add(&our_times, measure(ours, NULL));
    }
    print_ratio(name, &their_times, &our_times, false, 0.97);
}

static void contests(int rounds)
{
    prepare();
    contest(rounds, "time of MPI_Scatterv / rp_scatter", run_scatter, run_mpi_scatter);
    contest(rounds, "time of MPI_Gatherv / rp_gather", run_gather, run_mpi_gather);
    free(counts);
    free(places);
    free(all);
    free(mine);
}

/* ---- broadcast into node memory -------------------------------------------------------------- */

/* A row of /proc/self/status, in MiB. */
static double status_of(const char *row)
{
    char line[256];
    double kilobytes = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && kilobytes < 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, row, strlen(row)) == 0)
            kilobytes = strtod(line + strlen(row), NULL);
    }
    if (file != NULL)
        fclose(file);
    return kilobytes / 1024;
}

/* By rank, for rank 0 to print in order. */
static void print_growth(double private_before, double private_after, double shared)
{
    double row[3] = {private_before, private_after, shared};
    double *rows = malloc(3 * (size_t)rp_ranks(pool) * sizeof *rows);
    if (rows == NULL)
        give_up("no memory");
    MPI_Gather(row, 3, MPI_DOUBLE, rows, 3, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    for (int rank = 0; speaks() && rank < rp_ranks(pool); rank++)
        printf("broadcast of %.0f MiB into node memory, rank %d: private %.1f -> %.1f MiB, "
               "shared %.1f MiB\n",
               (double)bytes / (1 << 20), rank, rows[3 * rank], rows[3 * rank + 1],
               rows[3 * rank + 2]);
    free(rows);
}

static void show_memory(void)
{
    void *data;
    if (rp_alloc(pool, (size_t)bytes, &data) != RP_OK)
        give_up("rp_alloc");
    if (rp_rank(pool) == 0)
        memset(data, 7, (size_t)bytes);
    double before = status_of("RssAnon:"), sum = 0;
    if (rp_broadcast(pool, 0, data, bytes, rp_bytes(1)) != RP_OK)
        give_up("rp_broadcast");
    for (int64_t i = 0; i < bytes; i += 4096)
        sum += ((const char *)data)[i];
    if (sum != 7.0 * (double)((bytes + 4095) / 4096))
        give_up("wrong data");
    print_growth(before, status_of("RssAnon:"), status_of("RssShmem:"));
}

int main(int argc, char **argv)
{
    bool memory = argc > 1 && strcmp(argv[1], "memory") == 0;
    int rounds = argc > 1 && !memory ? atoi(argv[1]) : 11;
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    if (argc > 2)
        bytes = strtoll(argv[2], NULL, 10);
    if (memory)
        show_memory();
    else
        contests(rounds);
    return rp_exit_code(rp_close(&pool));
}
