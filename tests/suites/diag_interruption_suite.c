/* Interruption: one rank gets a signal, or the walltime expires, and every rank's call returns
 * RP_ERR_INTERRUPTED, in every kind of job, on one node and on several. */
#include "counting_jobs.h"
#include "suites.h"

#include "pool/pool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    ITEMS = 100000000 /* far more than the job can do before the signal arrives */
};

static rp_pool *open_with(const rp_config *config)
{
    rp_pool *pool;
    rp_status status = rp_open_comm(MPI_COMM_WORLD, config, &pool);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(NULL)->text);
    return pool;
}

/* Check's own handlers would be called, and end the process. */
static void be_plain(void)
{
    signal(SIGUSR1, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
}

/* A pool that handles signals; with node_size 1, every rank is a node. */
static rp_pool *open_alert(int node_size)
{
    return open_with(&(rp_config){.handle_signals = true, .node_size = node_size});
}

static void check_interrupted(const rp_pool *pool, rp_status status, const char *text)
{
    ck_assert_int_eq(status, RP_ERR_INTERRUPTED);
    check_same_error(rp_last_error(pool), RP_ERR_INTERRUPTED);
    ck_assert_str_eq(rp_last_error(pool)->text, text);
}

/* The last rank gets the signal, after some items. */
static void signal_after(int64_t done, int number)
{
    if (world_rank() == world_ranks() - 1 && done == 100)
        raise(number);
}

static rp_status run_loop(rp_pool *pool, int number)
{
    rp_loop *loop;
    rp_range range;
    int64_t chunks = 0;
    ck_assert_int_eq(
        rp_loop_open(pool, ITEMS, &(rp_options){.schedule = RP_SCHEDULE_DYNAMIC}, &loop), RP_OK);
    while (rp_loop_next(loop, &range)) {
        usleep(10);
        signal_after(++chunks, number);
    }
    return rp_loop_close(&loop, RP_OK);
}

static int64_t computed;

static int compute_slowly(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    usleep(10);
    signal_after(++computed, *(int *)rp_task_user(task));
    return 0;
}

static rp_status run_map(rp_pool *pool, int number)
{
    computed = 0;
    return rp_map(pool, &(rp_map_job){.n = ITEMS, .item = compute_slowly, .options.user = &number});
}

static int add_slowly(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)in;
    usleep(10);
    *(int64_t *)out += range.end - range.begin;
    signal_after(++computed, *(int *)rp_task_user(task));
    return 0;
}

static rp_status run_reduce(rp_pool *pool, int number)
{
    int64_t none = 0, sum;
    computed = 0;
    return rp_reduce(pool, &(rp_reduce_job){.n = ITEMS,
                                            .leaf = 1,
                                            .body = add_slowly,
                                            .combine = add_integers,
                                            .identity = &none,
                                            .result = &sum,
                                            .result_size = sizeof sum,
                                            .options.schedule = RP_SCHEDULE_STATIC,
                                            .options.user = &number});
}

static int produce_for_ever(void *user, rp_buffer *item)
{
    (void)user;
    (void)item;
    return RP_ITEM;
}

static int answer_slowly(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    (void)in_bytes;
    (void)result;
    return compute_slowly(task, in, NULL);
}

static rp_status run_stream(rp_pool *pool, int number)
{
    computed = 0;
    return rp_stream(pool, &(rp_stream_job){.produce = produce_for_ever,
                                            .work = answer_slowly,
                                            .options.user = &number});
}

/* Whatever the controller returns then, the job was interrupted. */
static int submit_for_ever(rp_control *control, void *user)
{
    rp_status status = RP_OK;
    (void)user;
    while (status == RP_OK)
        status = rp_submit(control, 0, NULL, 0, NULL, NULL);
    ck_assert(status == RP_ERR_INTERRUPTED || status == RP_ERR_CANCELLED); /* on another node */
    return 5;
}

static rp_status run_calls(rp_pool *pool, int number)
{
    static const rp_call_fn calls[] = {answer_slowly};
    computed = 0;
    return rp_control_run(pool, &(rp_control_job){.controller = submit_for_ever,
                                                  .calls = calls,
                                                  .call_count = 1,
                                                  .window_items = 1000,
                                                  .options.user = &number});
}

static int follow_for_ever(rp_task *task, const void *item, void *result)
{
    int code = rp_task_add(task, item);
    return code == 0 ? compute_slowly(task, item, result) : code;
}

/* Enough chains for all ranks. */
static rp_status run_worklist(rp_pool *pool, int number)
{
    static const char seeds[1000];
    const int64_t none = 0;
    int64_t sum;
    computed = 0;
    return rp_worklist(pool, &(rp_worklist_job){.seeds = seeds,
                                                .n = sizeof seeds,
                                                .item_size = 1,
                                                .work = follow_for_ever,
                                                .combine = add_integers,
                                                .identity = &none,
                                                .result = &sum,
                                                .result_size = sizeof sum,
                                                .options.user = &number});
}

typedef rp_status (*run)(rp_pool *pool, int number);
static const run jobs[] = {run_loop, run_map, run_reduce, run_stream, run_calls, run_worklist};
enum {
    JOBS = sizeof jobs / sizeof jobs[0]
};

static void check_jobs(int node_size)
{
    for (int i = 0; i < JOBS; i++) {
        rp_pool *pool = open_alert(node_size);
        ck_assert(!rp_interrupted(pool));
        check_interrupted(pool, jobs[i](pool, SIGUSR1), "interrupted (SIGUSR1)");
        ck_assert(rp_interrupted(pool) || rp_nodes(pool) > 1);
        /* Jobs started later end at once. */
        check_interrupted(pool, jobs[(i + 1) % JOBS](pool, SIGTERM), "interrupted (SIGUSR1)");
        close_pool(pool);
    }
}

START_TEST(a_signal_to_one_rank_ends_every_job)
{
    check_jobs(0);
}
END_TEST

START_TEST(a_signal_to_one_node_ends_every_job_on_all)
{
    check_jobs(1);
    check_jobs(2);
}
END_TEST

START_TEST(the_signals_that_interrupt)
{
    be_plain();
    rp_pool *pool = open_alert(0);
    check_interrupted(pool, run_loop(pool, SIGTERM), "interrupted (SIGTERM)");
    close_pool(pool);
    pool = open_alert(0);
    check_interrupted(pool, run_loop(pool, SIGINT), "interrupted (Ctrl-C)");
    close_pool(pool);
}
END_TEST

START_TEST(a_signal_between_jobs_counts)
{
    rp_pool *pool = open_alert(0);
    if (rp_rank(pool) == 0)
        raise(SIGUSR1);
    check_interrupted(pool, run_map(pool, 0), "interrupted (SIGUSR1)");
    ck_assert_int_eq(rp_barrier(pool), RP_OK);
    close_pool(pool);
    pool = open_alert(0);
    ck_assert(!rp_interrupted(pool));
    close_pool(pool);
}
END_TEST

static int do_nothing(rp_task *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return 0;
}

/* A signal between a job's last item and its close does not turn it into an interrupted one. */
START_TEST(a_job_that_is_done_is_done)
{
    rp_pool *pool = open_alert(0);
    ck_assert_int_eq(rp_map(pool, &(rp_map_job){.n = 1000, .item = do_nothing}), RP_OK);
    rp_loop *loop;
    rp_range range;
    ck_assert_int_eq(rp_loop_open(pool, 1000, NULL, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        continue;
    MPI_Barrier(MPI_COMM_WORLD);
    raise(SIGUSR1);
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    ck_assert(rp_interrupted(pool));
    close_pool(pool);
}
END_TEST

/* One rank gives up and one gets a signal: every rank gets the same verdict. */
START_TEST(giving_up_and_a_signal)
{
    rp_pool *pool = open_alert(0);
    rp_loop *loop;
    rp_range range;
    ck_assert_int_eq(rp_loop_open(pool, ITEMS, NULL, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        raise(SIGUSR1);
    rp_status mine = rp_rank(pool) == 0 ? RP_ERR_IO : RP_OK;
    ck_assert_int_eq(rp_loop_close(&loop, mine), RP_ERR_IO);
    check_same_error(rp_last_error(pool), RP_ERR_IO);
    close_pool(pool);
}
END_TEST

static volatile sig_atomic_t heard, heard_with_information;

static void hear(int number)
{
    heard += number == SIGUSR1;
}

static void hear_with_information(int number, siginfo_t *info, void *context)
{
    (void)context;
    heard_with_information += number == SIGTERM && info->si_signo == SIGTERM;
}

START_TEST(handlers_are_chained_and_restored)
{
    struct sigaction plain = {.sa_handler = hear}, now;
    struct sigaction informed = {.sa_sigaction = hear_with_information, .sa_flags = SA_SIGINFO};
    heard = heard_with_information = 0;
    be_plain();
    sigaction(SIGUSR1, &plain, NULL);
    sigaction(SIGTERM, &informed, NULL);
    rp_pool *pool = open_alert(0), *other = open_alert(0);
    raise(SIGUSR1);
    raise(SIGTERM);
    ck_assert_int_eq(heard, 1);
    ck_assert_int_eq(heard_with_information, 1);
    ck_assert(rp_interrupted(pool) && rp_interrupted(other));
    close_pool(pool);
    raise(SIGUSR1);
    ck_assert_int_eq(heard, 2);
    close_pool(other);
    sigaction(SIGUSR1, NULL, &now);
    ck_assert(now.sa_handler == hear);
    sigaction(SIGTERM, NULL, &now);
    ck_assert(now.sa_sigaction == hear_with_information);
    sigaction(SIGINT, NULL, &now);
    ck_assert(now.sa_handler == SIG_DFL);
    be_plain();
}
END_TEST

/* A shell's background jobs rely on this; the walltime still applies. */
START_TEST(what_is_ignored_stays_ignored)
{
    signal(SIGUSR1, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    rp_pool *pool = open_with(&(rp_config){.handle_signals = true, .walltime_seconds = 0.2});
    raise(SIGUSR1);
    raise(SIGINT);
    ck_assert_int_eq(rp_map(pool, &(rp_map_job){.n = 100, .item = do_nothing}), RP_OK);
    check_interrupted(pool, run_map(pool, 0), "interrupted: the wall time is over");
    close_pool(pool);
    be_plain();
}
END_TEST

START_TEST(pools_that_did_not_ask_take_no_signals)
{
    struct sigaction before, now;
    for (int number = 1; number < SIGRTMIN; number++) {
        sigaction(number, NULL, &before);
        rp_pool *pool = open_pool();
        sigaction(number, NULL, &now);
        ck_assert(now.sa_handler == before.sa_handler);
        close_pool(pool);
    }
}
END_TEST

START_TEST(the_clock_interrupts)
{
    for (int node_size = 0; node_size <= 1; node_size++) {
        rp_config config = {.handle_signals = true,
                            .walltime_seconds = 0.2,
                            .node_size = node_size};
        rp_pool *pool = open_with(&config);
        double begin = MPI_Wtime();
        check_interrupted(pool, run_map(pool, 0), "interrupted: the wall time is over");
        ck_assert_double_ge(MPI_Wtime() - begin, 0.1);
        ck_assert_double_le(MPI_Wtime() - begin, 10);
        close_pool(pool);
    }
}
END_TEST

static void set_end_of_job(int64_t seconds)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)(time(NULL) + seconds));
    setenv("SLURM_JOB_END_TIME", text, 1);
}

START_TEST(the_end_of_a_batch_job_interrupts)
{
    set_end_of_job(1);
    rp_pool *pool = open_alert(0);
    check_interrupted(pool, run_map(pool, 0), "interrupted: the batch job is about to end");
    close_pool(pool);
    set_end_of_job(-10);
    pool = open_alert(0);
    check_interrupted(pool, run_map(pool, 0), "interrupted: the batch job is about to end");
    close_pool(pool);
    set_end_of_job(100000);
    pool = open_with(&(rp_config){.handle_signals = true, .walltime_seconds = 0.1});
    check_interrupted(pool, run_map(pool, 0), "interrupted: the wall time is over");
    close_pool(pool);
    unsetenv("SLURM_JOB_END_TIME");
}
END_TEST

static void check_refused(const rp_config *config, const char *text)
{
    rp_pool *pool;
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, config, &pool), RP_ERR_ARGUMENT);
    ck_assert_str_eq(rp_last_error(NULL)->text, text);
}

START_TEST(times_without_meaning_are_refused)
{
    struct sigaction now;
    check_refused(&(rp_config){.handle_signals = true, .walltime_seconds = -1},
                  "config.walltime_seconds is -1: give 0 or more");
    check_refused(&(rp_config){.walltime_seconds = 1},
                  "config.walltime_seconds needs config.handle_signals");
    setenv("SLURM_JOB_END_TIME", "soon", 1);
    check_refused(&(rp_config){.handle_signals = true},
                  "SLURM_JOB_END_TIME=\"soon\": give a whole number from 0 to 9223372036854775807");
    unsetenv("SLURM_JOB_END_TIME");
    sigaction(SIGUSR1, NULL, &now);
    ck_assert(now.sa_handler == SIG_DFL);
}
END_TEST

static const struct test_case cases[] = {
    {"a signal to one rank ends every job", &a_signal_to_one_rank_ends_every_job},
    {"a signal to one node ends every job on all", &a_signal_to_one_node_ends_every_job_on_all},
    {"the signals that interrupt", &the_signals_that_interrupt},
    {"a signal between jobs counts", &a_signal_between_jobs_counts},
    {"a job that is done is done", &a_job_that_is_done_is_done},
    {"giving up and a signal", &giving_up_and_a_signal},
    {"handlers are chained and restored", &handlers_are_chained_and_restored},
    {"what is ignored stays ignored", &what_is_ignored_stays_ignored},
    {"pools that did not ask take no signals", &pools_that_did_not_ask_take_no_signals},
    {"the clock interrupts", &the_clock_interrupts},
    {"the end of a batch job interrupts", &the_end_of_a_batch_job_interrupts},
    {"times without meaning are refused", &times_without_meaning_are_refused},
    {NULL, NULL},
};

const struct test_group diag_interruption_tests = {"diag_interruption", cases};
