/* The ranking of integers as in the benchmark IS of NPB, class A: keys are counted by buckets, go
 * to the ranks that have their buckets, and are counted there. By rp_alltoallv() and
 * rp_allreduce_ranks() and by MPI's functions, with the same code around them; the result is
 * verified.
 *
 *     bucket_sort [SECONDS] */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEYS_LOG = 23,
    KEY_BITS = 19,
    BUCKET_BITS = 10,
    BUCKETS = 1 << BUCKET_BITS,
    MOST_RANKS = 64
};

struct sorting {
    rp_pool *pool;
    int ranks;
    int64_t n, most;    /* keys of this rank; room for those that it receives */
    int32_t *keys;      /* of this rank */
    int32_t *by_bucket; /* the same, bucket after bucket */
    int32_t *received;  /* of the buckets of this rank */
    int64_t count;      /* of them */
    int32_t *ranking;   /* how many received keys are lower than first_key, first_key + 1 ... */
    int first_bucket[MOST_RANKS + 1]; /* of each rank; one more */
    void (*sum_up)(struct sorting *sorting, const int64_t *mine, int64_t *sizes);
    void (*exchange)(struct sorting *sorting, const int64_t *counts);
};

/* ---- the two sides --------------------------------------------------------------------------- */

static void sum_up_by_rankpool(struct sorting *sorting, const int64_t *mine, int64_t *sizes)
{
    if (rp_allreduce_ranks(sorting->pool, mine, BUCKETS, MPI_INT64_T, MPI_SUM, sizes) != RP_OK)
        give_up(sorting->pool, "rp_allreduce_ranks");
}

static void exchange_by_rankpool(struct sorting *sorting, const int64_t *counts)
{
    int64_t received[MOST_RANKS];
    if (rp_alltoallv(sorting->pool, sorting->by_bucket, counts, rp_datatype(MPI_INT32_T),
                     sorting->received, sorting->most, received) != RP_OK)
        give_up(sorting->pool, "rp_alltoallv");
    sorting->count = 0;
    for (int rank = 0; rank < sorting->ranks; rank++)
        sorting->count += received[rank];
}

static void sum_up_by_mpi(struct sorting *sorting, const int64_t *mine, int64_t *sizes)
{
    (void)sorting;
    MPI_Allreduce(mine, sizes, BUCKETS, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
}

static void exchange_by_mpi(struct sorting *sorting, const int64_t *counts)
{
    int sent[MOST_RANKS], got[MOST_RANKS], from[MOST_RANKS + 1] = {0}, to[MOST_RANKS + 1] = {0};
    for (int rank = 0; rank < sorting->ranks; rank++)
        sent[rank] = (int)counts[rank];
    MPI_Alltoall(sent, 1, MPI_INT, got, 1, MPI_INT, MPI_COMM_WORLD);
    for (int rank = 0; rank < sorting->ranks; rank++) {
        from[rank + 1] = from[rank] + sent[rank];
        to[rank + 1] = to[rank] + got[rank];
    }
    if (to[sorting->ranks] > sorting->most)
        give_up(sorting->pool, "no room");
    MPI_Alltoallv(sorting->by_bucket, sent, from, MPI_INT32_T, sorting->received, got, to,
                  MPI_INT32_T, MPI_COMM_WORLD);
    sorting->count = to[sorting->ranks];
}

/* ---- the same on both ------------------------------------------------------------------------ */

static int bucket_of(int32_t key)
{
    return key >> (KEY_BITS - BUCKET_BITS);
}

/* Consecutive buckets go to each rank, with about as many keys. */
static void assign_buckets(struct sorting *sorting, const int64_t *sizes)
{
    int64_t all = INT64_C(1) << KEYS_LOG, before = 0;
    int rank = 0;
    sorting->first_bucket[0] = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        before += sizes[bucket];
        while (rank + 1 < sorting->ranks && before >= all / sorting->ranks * (rank + 1))
            sorting->first_bucket[++rank] = bucket + 1;
    }
    while (rank < sorting->ranks)
        sorting->first_bucket[++rank] = BUCKETS;
}

static void group_by_bucket(struct sorting *sorting, const int64_t *sizes)
{
    int64_t places[BUCKETS] = {0};
    for (int bucket = 1; bucket < BUCKETS; bucket++)
        places[bucket] = places[bucket - 1] + sizes[bucket - 1];
    for (int64_t i = 0; i < sorting->n; i++)
        sorting->by_bucket[places[bucket_of(sorting->keys[i])]++] = sorting->keys[i];
}

static int32_t first_key(const struct sorting *sorting, int rank)
{
    return sorting->first_bucket[rank] << (KEY_BITS - BUCKET_BITS);
}

static void rank_keys(struct sorting *sorting)
{
    int32_t low = first_key(sorting, rp_rank(sorting->pool));
    int32_t high = first_key(sorting, rp_rank(sorting->pool) + 1);
    memset(sorting->ranking, 0, (size_t)(high - low + 1) * sizeof *sorting->ranking);
    for (int64_t i = 0; i < sorting->count; i++)
        sorting->ranking[sorting->received[i] - low + 1]++;
    for (int32_t key = 0; key < high - low; key++)
        sorting->ranking[key + 1] += sorting->ranking[key];
}

static void run(void *argument)
{
    struct sorting *sorting = argument;
    int64_t mine[BUCKETS] = {0}, sizes[BUCKETS], counts[MOST_RANKS] = {0};
    for (int64_t i = 0; i < sorting->n; i++)
        mine[bucket_of(sorting->keys[i])]++;
    sorting->sum_up(sorting, mine, sizes);
    assign_buckets(sorting, sizes);
    group_by_bucket(sorting, mine);
    for (int rank = 0; rank < sorting->ranks; rank++)
        for (int i = sorting->first_bucket[rank]; i < sorting->first_bucket[rank + 1]; i++)
            counts[rank] += mine[i];
    sorting->exchange(sorting, counts);
    rank_keys(sorting);
}

/* Every key is in the range of its rank, no key was lost, and the last one ranked is the last. */
static void verify(const struct sorting *sorting)
{
    int32_t low = first_key(sorting, rp_rank(sorting->pool));
    int32_t high = first_key(sorting, rp_rank(sorting->pool) + 1);
    int64_t sums[4] = {0}, all[4];
    for (int64_t i = 0; i < sorting->n; i++)
        sums[0] += sorting->keys[i];
    for (int64_t i = 0; i < sorting->count; i++) {
        sums[1] += sorting->received[i];
        if (sorting->received[i] < low || sorting->received[i] >= high)
            give_up(sorting->pool, "a key is on another rank");
    }
    sums[2] = sorting->count;
    sums[3] = sorting->ranking[high - low] == sorting->count;
    MPI_Allreduce(sums, all, 4, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    if (all[0] != all[1] || all[2] != INT64_C(1) << KEYS_LOG || all[3] != sorting->ranks)
        give_up(sorting->pool, "the keys are not sorted");
}

/* Each key is the mean of four uniform numbers, as in NPB. */
static void make_keys(struct sorting *sorting, rp_range block)
{
    rp_random random;
    for (int64_t i = block.begin; i < block.end; i++) {
        double sum = 0;
        rp_random_begin(&random, 314159265, i);
        for (int k = 0; k < 4; k++)
            sum += rp_random_uniform(&random);
        sorting->keys[i - block.begin] = (int32_t)(sum / 4 * (1 << KEY_BITS));
    }
}

static int32_t *numbers(rp_pool *pool, int64_t count)
{
    int32_t *memory = calloc((size_t)count, sizeof *memory);
    if (memory == NULL)
        give_up(pool, "no memory");
    return memory;
}

static struct sorting sorting_make(rp_pool *pool)
{
    rp_range block = rp_block(INT64_C(1) << KEYS_LOG, rp_ranks(pool), rp_rank(pool));
    int64_t n = block.end - block.begin;
    struct sorting sorting = {.pool = pool, .ranks = rp_ranks(pool), .n = n, .most = 2 * n};
    sorting.keys = numbers(pool, n);
    sorting.by_bucket = numbers(pool, n);
    sorting.received = numbers(pool, sorting.most);
    sorting.ranking = numbers(pool, (1 << KEY_BITS) + 1);
    make_keys(&sorting, block);
    return sorting;
}

static void sorting_free(struct sorting *sorting)
{
    free(sorting->keys);
    free(sorting->by_bucket);
    free(sorting->received);
    free(sorting->ranking);
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    struct times ours = {.rounds = 0}, theirs = {.rounds = 0};
    struct row row =
        row_beside("bucket sort: rp_alltoallv, beside MPI_Alltoallv", &ours, &theirs, 0.95);
    measure_arguments(argc, argv, 1);
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    if (rp_ranks(pool) > MOST_RANKS)
        give_up(pool, "more than 64 ranks");
    struct sorting sorting = sorting_make(pool), other = sorting;
    sorting.sum_up = sum_up_by_rankpool;
    sorting.exchange = exchange_by_rankpool;
    other.sum_up = sum_up_by_mpi;
    other.exchange = exchange_by_mpi;
    measure(run, &other);
    measure(run, &sorting);
    struct rounds rounds = rounds_of(&row, 1);
    while (rounds_next(&rounds)) {
        times_add(&theirs, measure(run, &other));
        verify(&other);
        times_add(&ours, measure(run, &sorting));
        verify(&sorting);
    }
    sorting_free(&sorting);
    return rp_exit_code(rp_close(&pool));
}
