/* rp_sort() of 10^8 random keys of 64 bits on all ranks, compared with the same routine on one
 * rank; the result is verified.
 */
#include "measure.h"

#include <stdlib.h>

struct contest {
    rp_pool *pool, *alone; /* of all ranks, and of this one only */
    int64_t n;
    uint64_t *keys; /* of all on rank 0, else of a block */
};

static void fill(struct contest *contest, rp_range block)
{
    rp_random random;
    for (int64_t i = block.begin; i < block.end; i++) {
        if (i == block.begin || i % 1024 == 0)
            rp_random_begin(&random, 1, i);
        contest->keys[i - block.begin] = rp_random_bits(&random);
    }
}

static void sort(rp_pool *pool, struct contest *contest)
{
    rp_sort_job job = {.n = contest->n, .size = sizeof *contest->keys, .mine = contest->keys};
    if (rp_sort(pool, &job) != RP_OK)
        give_up(pool, "rp_sort");
}

/* The other ranks sleep meanwhile. */
static void run_alone(void *argument)
{
    struct contest *contest = argument;
    if (rp_rank(contest->pool) == 0)
        sort(contest->alone, contest);
    rp_barrier(contest->pool);
}

static void run_together(void *argument)
{
    struct contest *contest = argument;
    sort(contest->pool, contest);
}

/* The keys of this rank ascend, and begin where those of the ranks below it end. */
static void verify(const struct contest *contest, int64_t count)
{
    uint64_t last = count > 0 ? contest->keys[count - 1] : 0, before = 0;
    for (int64_t i = 1; i < count; i++)
        if (contest->keys[i - 1] > contest->keys[i])
            give_up(contest->pool, "the keys are not sorted");
    MPI_Exscan(&last, &before, 1, MPI_UINT64_T, MPI_MAX, MPI_COMM_WORLD);
    if (rp_rank(contest->pool) > 0 && count > 0 && contest->keys[0] < before)
        give_up(contest->pool, "the blocks are not sorted");
}

static void compete(struct contest *contest)
{
    struct times alone = {.rounds = 0}, together = {.rounds = 0};
    rp_range all = {0, contest->n};
    rp_range block = rp_block(contest->n, rp_ranks(contest->pool), rp_rank(contest->pool));
    struct row rows[] = {
        row_beside("sort of 10^8 keys: all ranks, beside one", &together, &alone, 1.33),
        row_of("sort of 10^8 keys: a key", &together, 0, "ns", 1e9 / (double)contest->n),
    };
    struct rounds rounds = rounds_of(rows, 2);
    while (rounds_next(&rounds)) {
        if (speaks())
            fill(contest, all);
        times_add(&alone, measure(run_alone, contest));
        fill(contest, block);
        times_add(&together, measure(run_together, contest));
        verify(contest, block.end - block.begin);
    }
}

int main(int argc, char **argv)
{
    struct contest contest = {.n = 100000000};
    measure_arguments(argc, argv, 1);
    if (rp_open(NULL, &contest.pool) != RP_OK)
        return EXIT_FAILURE;
    if (rp_open_comm(MPI_COMM_SELF, NULL, &contest.alone) != RP_OK)
        give_up(contest.pool, "rp_open_comm");
    rp_range block = rp_block(contest.n, rp_ranks(contest.pool), rp_rank(contest.pool));
    size_t room = (size_t)(speaks() ? contest.n : block.end - block.begin);
    contest.keys = malloc((room + 1) * sizeof *contest.keys);
    if (contest.keys == NULL)
        give_up(contest.pool, "no memory");
    compete(&contest);
    free(contest.keys);
    rp_close(&contest.alone);
    return rp_exit_code(rp_close(&contest.pool));
}
