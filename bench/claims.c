/* The cost of a claim: the pull loop and map compared with OpenMP's loops, with a body of one
 * addition.
 *
 * Start it with as many ranks as cores. OpenMP runs as many threads in rank 0 while the other ranks
 * sleep at a barrier, so both have the same cores. */
#include "measure.h"
#include "work.h"

#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int threads;

static void check_sum(int64_t sum, int64_t n)
{
    if (sum != n * (n - 1) / 2) {
        fprintf(stderr, "claims: a wrong sum\n");
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
}

static int add_one(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    add_item(rp_task_user(task), rp_task_item(task));
    return 0;
}

static int add_range(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)in;
    (void)out;
    int64_t sum = 0;
    for (int64_t item = range.begin; item < range.end; item++)
        add_item(&sum, item);
    *(int64_t *)rp_task_user(task) += sum;
    return 0;
}

/* By range for long chunks, by item for single ones. */
static void run_map(void *argument)
{
    struct additions *contest = argument;
    bool single = contest->options.schedule == RP_SCHEDULE_DYNAMIC;
    rp_map_job job = {.n = contest->n,
                      .item = single ? add_one : NULL,
                      .range = single ? NULL : add_range,
                      .options = contest->options};
    contest->sum = 0;
    job.options.user = &contest->sum;
    rp_map(contest->pool, &job);
}

static void run_openmp(const struct additions *contest)
{
    int64_t sum = 0;
#pragma omp parallel for schedule(runtime) reduction(+ : sum) num_threads(threads)
    for (int64_t item = 0; item < contest->n; item++)
        add_item(&sum, item);
    check_sum(sum, contest->n);
}

/* Rank 0 computes; the others must sleep, so they wait outside MPI. */
static void run_openmp_in_rank_0(void *argument)
{
    const struct additions *contest = argument;
    if (rp_rank(contest->pool) == 0)
        run_openmp(contest);
    rp_barrier(contest->pool);
}

/* OpenMP's threads spin for some milliseconds after a loop: the next contestant must not pay for
 * that. */
static void let_threads_sleep(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

/* The ranks bind themselves, as mpirun would bind them: otherwise two of them share a core now and
 * then, for a whole measurement, which takes milliseconds. OpenMP has all cores of rank 0. Ranks
 * for which there is no core of their own stay unbound. */
static cpu_set_t all_cores, own_core;

static void find_cores(int rank)
{
    sched_getaffinity(0, sizeof all_cores, &all_cores);
    for (int core = 0, found = 0; core < CPU_SETSIZE; core++)
        if (CPU_ISSET(core, &all_cores) && found++ == rank)
            CPU_SET(core, &own_core);
}

static double time_openmp(struct additions *contest, omp_sched_t schedule)
{
    sched_setaffinity(0, sizeof all_cores, &all_cores);
    omp_set_schedule(schedule, schedule == omp_sched_dynamic ? 1 : 0);
    let_threads_sleep();
    return measure(run_openmp_in_rank_0, contest);
}

static double time_ours(struct additions *contest, void (*run)(void *), rp_schedule schedule)
{
    int64_t sum;
    if (CPU_COUNT(&own_core) > 0)
        sched_setaffinity(0, sizeof own_core, &own_core);
    contest->options = (rp_options){.schedule = schedule};
    let_threads_sleep();
    double seconds = measure(run, contest);
    MPI_Allreduce(&contest->sum, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    check_sum(sum, contest->n);
    return seconds;
}

enum contestant {
    OPENMP_STATIC,
    OPENMP_GUIDED,
    OPENMP_DYNAMIC,
    LOOP_ADAPTIVE,
    LOOP_STATIC,
    LOOP_DYNAMIC,
    MAP_ADAPTIVE,
    MAP_DYNAMIC,
    CONTESTANTS
};

/* With long chunks a measurement takes only milliseconds: a round has several, so that an
 * interruption of one does not count. */
enum {
    QUICK_ONES = 9
};

/* Each measured next to the one it is compared with. */
static void run_quick_ones(struct additions *contest, struct times *times)
{
    times_add(&times[OPENMP_STATIC], time_openmp(contest, omp_sched_static));
    times_add(&times[LOOP_ADAPTIVE], time_ours(contest, add_in_loop, RP_SCHEDULE_ADAPTIVE));
    times_add(&times[MAP_ADAPTIVE], time_ours(contest, run_map, RP_SCHEDULE_ADAPTIVE));
    times_add(&times[LOOP_STATIC], time_ours(contest, add_in_loop, RP_SCHEDULE_STATIC));
    times_add(&times[OPENMP_GUIDED], time_openmp(contest, omp_sched_guided));
}

static void run_single_ones(struct additions *contest, struct times *times)
{
    times_add(&times[OPENMP_DYNAMIC], time_openmp(contest, omp_sched_dynamic));
    times_add(&times[LOOP_DYNAMIC], time_ours(contest, add_in_loop, RP_SCHEDULE_DYNAMIC));
    times_add(&times[MAP_DYNAMIC], time_ours(contest, run_map, RP_SCHEDULE_DYNAMIC));
}

static void compete_in_chunks(struct additions *contest, struct times *times)
{
    struct row rows[] = {
        row_beside("loop, default, beside OpenMP static", &times[LOOP_ADAPTIVE],
                   &times[OPENMP_STATIC], 0.87),
        row_beside("loop, default, beside OpenMP guided", &times[LOOP_ADAPTIVE],
                   &times[OPENMP_GUIDED], 0.87),
        row_beside("loop, static, beside OpenMP static", &times[LOOP_STATIC], &times[OPENMP_STATIC],
                   0.87),
        row_beside("map, default, beside OpenMP static", &times[MAP_ADAPTIVE],
                   &times[OPENMP_STATIC], 0.87),
        row_of("loop, default: an addition", &times[LOOP_ADAPTIVE], 0, "ns",
               1e9 / (double)contest->n),
    };
    struct rounds rounds = rounds_of(rows, sizeof rows / sizeof rows[0]);
    while (rounds_next(&rounds))
        for (int i = 0; i < QUICK_ONES; i++)
            run_quick_ones(contest, times);
}

/* Alone, a rank claims without atomic operations of others in between: the goals differ. */
static void compete_singly(struct additions *contest, struct times *times)
{
    const double each = 1e9 / (double)contest->n;
    const bool alone = threads == 1;
    struct row rows[] = {
        row_beside(alone ? "loop, dynamic,1, alone, beside OpenMP dynamic,1"
                         : "loop, dynamic,1, beside OpenMP dynamic,1",
                   &times[LOOP_DYNAMIC], &times[OPENMP_DYNAMIC], alone ? 1 : 1.67),
        row_beside(alone ? "map, dynamic,1, alone, beside OpenMP dynamic,1"
                         : "map, dynamic,1, beside OpenMP dynamic,1",
                   &times[MAP_DYNAMIC], &times[OPENMP_DYNAMIC], alone ? 0.83 : 1.33),
        row_of("OpenMP dynamic,1: an addition", &times[OPENMP_DYNAMIC], 0, "ns", each),
        row_of("loop, dynamic,1: an addition", &times[LOOP_DYNAMIC], 0, "ns", each),
        row_of("map, dynamic,1: an addition", &times[MAP_DYNAMIC], 0, "ns", each),
    };
    struct rounds rounds = rounds_of(rows, sizeof rows / sizeof rows[0]);
    while (rounds_next(&rounds))
        run_single_ones(contest, times);
}

int main(int argc, char **argv)
{
    struct additions contest = {.n = 20000000};
    static struct times times[CONTESTANTS];
    measure_arguments(argc, argv, 2);
    if (rp_open(NULL, &contest.pool) != RP_OK)
        return EXIT_FAILURE;
    threads = rp_ranks(contest.pool);
    find_cores(rp_rank(contest.pool));
    time_openmp(&contest, omp_sched_static); /* starts the threads */
    if (threads > 1)
        compete_in_chunks(&contest, times);
    compete_singly(&contest, times);
    return rp_exit_code(rp_close(&contest.pool));
}
