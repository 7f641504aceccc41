/* What a claim costs: the pull loop beside OpenMP's loops, with a body of one addition.
 *
 * Start it with as many ranks as cores. OpenMP runs as many threads in rank 0 while the other ranks
 * sleep at a barrier, so both have the same cores. */
#include "measure.h"

#include <inttypes.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

struct contest {
    rp_pool *pool;
    int64_t n;
    rp_options options;
    int threads;
};

/* The body: an addition that the compiler can neither drop nor vectorise. */
static inline void body(int64_t *sum, int64_t item)
{
    *sum += item;
    __asm__ volatile("" : "+r"(*sum));
}

static void check_sum(int64_t sum, int64_t n)
{
    if (sum != n * (n - 1) / 2) {
        fprintf(stderr, "claims: a wrong sum\n");
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
}

static int64_t loop_sum;

static void run_loop(void *argument)
{
    const struct contest *contest = argument;
    rp_loop *loop;
    rp_range range;
    int64_t sum = 0;
    rp_loop_open(contest->pool, contest->n, &contest->options, &loop);
    while (rp_loop_next(loop, &range)) {
        for (int64_t item = range.begin; item < range.end; item++)
            body(&sum, item);
    }
    rp_loop_close(&loop, RP_OK);
    loop_sum = sum;
}

static void run_openmp(const struct contest *contest)
{
    int64_t sum = 0;
#pragma omp parallel for schedule(runtime) reduction(+ : sum) num_threads(contest->threads)
    for (int64_t item = 0; item < contest->n; item++)
        body(&sum, item);
    check_sum(sum, contest->n);
}

/* Rank 0 computes; the others must sleep, so they wait outside of MPI. */
static void run_openmp_in_rank_0(void *argument)
{
    const struct contest *contest = argument;
    if (rp_rank(contest->pool) == 0)
        run_openmp(contest);
    rp_barrier(contest->pool);
}

static double time_openmp(struct contest *contest, omp_sched_t schedule)
{
    omp_set_schedule(schedule, schedule == omp_sched_dynamic ? 1 : 0);
    return measure(run_openmp_in_rank_0, contest);
}

static double time_loop(struct contest *contest, rp_schedule schedule)
{
    int64_t sum;
    contest->options = (rp_options){.schedule = schedule};
    double seconds = measure(run_loop, contest);
    MPI_Allreduce(&loop_sum, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    check_sum(sum, contest->n);
    return seconds;
}

int main(int argc, char **argv)
{
    struct contest contest = {.n = 20000000};
    int rounds = argc > 1 ? atoi(argv[1]) : 15;
    struct times static_omp = {.rounds = 0}, guided_omp = {.rounds = 0},
                 dynamic_omp = {.rounds = 0};
    struct times adaptive = {.rounds = 0}, fixed = {.rounds = 0}, single = {.rounds = 0};
    if (rp_open(NULL, &contest.pool) != RP_OK)
        return EXIT_FAILURE;
    contest.threads = rp_ranks(contest.pool);
    time_openmp(&contest, omp_sched_static); /* starts the threads */
    for (int round = 0; round < rounds; round++) {
        times_add(&static_omp, time_openmp(&contest, omp_sched_static));
        times_add(&adaptive, time_loop(&contest, RP_ADAPTIVE));
        times_add(&fixed, time_loop(&contest, RP_STATIC));
        times_add(&guided_omp, time_openmp(&contest, omp_sched_guided));
        times_add(&dynamic_omp, time_openmp(&contest, omp_sched_dynamic));
        times_add(&single, time_loop(&contest, RP_DYNAMIC));
    }
    if (speaks())
        printf("%" PRId64 " additions on %d ranks, beside OpenMP with %d threads\n", contest.n,
               contest.threads, contest.threads);
    double items = (double)contest.n;
    print_nanoseconds("OpenMP static", &static_omp, items);
    print_nanoseconds("OpenMP guided", &guided_omp, items);
    print_nanoseconds("OpenMP dynamic,1", &dynamic_omp, items);
    print_nanoseconds("loop, default", &adaptive, items);
    print_nanoseconds("loop, static", &fixed, items);
    print_nanoseconds("loop, dynamic,1", &single, items);
    print_ratio("loop, default / OpenMP static", &adaptive, &static_omp, true, 1.15);
    print_ratio("loop, dynamic,1 / OpenMP dynamic,1", &single, &dynamic_omp, true, 0.6);
    return rp_exit_code(rp_close(&contest.pool));
}
