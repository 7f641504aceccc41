/* Failing items: retried, counted, late, told to end. */
#include "counting_jobs.h"
#include "suites.h"

#include "pool/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    N = 300
};

static bool on_root(void)
{
    return world_rank() == 0;
}

static int64_t sum_over_ranks(int64_t mine)
{
    int64_t sum;
    MPI_Allreduce(&mine, &sum, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    return sum;
}

/* ---- retries --------------------------------------------------------------------------------- */

enum {
    STUBBORN = 7 /* every seventh item fails at its first attempts */
};

/* Parameters and counters of the tasks. */
struct trouble {
    int failures; /* failed attempts of a stubborn item before it succeeds */
    int64_t calls;
};

/* Squares in place. A failing attempt overwrites its input. */
static int square_at_last(rp_task *task, const void *in, void *out)
{
    struct trouble *trouble = rp_task_user(task);
    int64_t item = rp_task_item(task), value = *(const int64_t *)in;
    trouble->calls++;
    *(int64_t *)out = -5;
    if (item % STUBBORN == 0 && rp_task_attempt(task) < trouble->failures)
        return rp_task_fail(task, item, 9, "attempt %d", rp_task_attempt(task));
    *(int64_t *)out = value * value;
    return 0;
}

static int square_range_at_last(rp_task *task, rp_range range, const void *in, void *out)
{
    struct trouble *trouble = rp_task_user(task);
    const int64_t *values = in;
    int64_t *squares = out;
    trouble->calls += range.end - range.begin;
    for (int64_t i = 0; i < range.end - range.begin; i++)
        squares[i] = values[i] * values[i];
    return rp_task_attempt(task) < trouble->failures ? 4 : 0;
}

static void fill(int64_t *x)
{
    for (int64_t i = 0; i < N; i++)
        x[i] = i - 20;
}

/* Squares in place, in an array at the given place. */
static void check_retried(rp_pool *pool, int64_t *x, rp_place place, bool range)
{
    struct trouble trouble = {.failures = 3};
    bool mine = place != RP_ON_ROOT || on_root();
    uint8_t statuses[N];
    if (mine && (place != RP_ON_NODES || rp_node_rank(pool) == 0))
        fill(x);
    rp_node_sync(pool);
    rp_map_job job = {
        .n = N,
        .in = x,
        .in_size = sizeof *x,
        .in_place = place,
        .out = x,
        .out_size = sizeof *x,
        .out_place = place,
        .options = {.user = &trouble, .retries = 3, .item_status = on_root() ? statuses : NULL}};
    if (range)
        job.range = square_range_at_last;
    else
        job.item = square_at_last;
    rp_status status = rp_map(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    int64_t stubborn = range ? N : (N + STUBBORN - 1) / STUBBORN;
    ck_assert_int_eq(sum_over_ranks(trouble.calls), N + 3 * stubborn);
    for (int64_t i = 0; mine && i < N; i++)
        ck_assert_msg(x[i] == (i - 20) * (i - 20), "item %d is %d", (int)i, (int)x[i]);
    for (int64_t i = 0; on_root() && i < N; i++)
        ck_assert_msg(statuses[i] == RP_OK, "item %d has status %d", (int)i, statuses[i]);
}

START_TEST(items_are_tried_again)
{
    rp_pool *pool = open_pool();
    int64_t own[N];
    void *shared;
    ck_assert_int_eq(rp_node_alloc(pool, sizeof own, &shared), RP_OK);
    for (int range = 0; range < 2; range++) {
        check_retried(pool, own, RP_ON_ROOT, range);
        check_retried(pool, own, RP_ON_RANKS, range);
        check_retried(pool, shared, RP_ON_NODES, range);
    }
    close_pool(pool);
}
END_TEST

START_TEST(attempts_are_counted_out)
{
    rp_pool *pool = open_pool();
    struct trouble trouble = {.failures = 100};
    int64_t in[N], out[N];
    uint8_t statuses[N];
    fill(in);
    memset(out, 0x11, sizeof out);
    rp_map_job job = {.n = N,
                      .item = square_at_last,
                      .in = in,
                      .in_size = sizeof *in,
                      .out = out,
                      .out_size = sizeof *out,
                      .options = {.user = &trouble,
                                  .retries = 2,
                                  .on_failure = RP_ON_FAILURE_CONTINUE,
                                  .item_status = on_root() ? statuses : NULL}};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_str_eq(rp_last_error(pool)->text, "attempt 2");
    ck_assert_int_eq(rp_last_error(pool)->item, 0);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 9);
    ck_assert_int_eq(sum_over_ranks(trouble.calls), N + 2 * ((N + STUBBORN - 1) / STUBBORN));
    for (int64_t i = 0; on_root() && i < N; i++) {
        bool failed = i % STUBBORN == 0;
        ck_assert_msg(statuses[i] == (failed ? RP_ERR_TASK : RP_OK), "item %d", (int)i);
        ck_assert_msg(failed || out[i] == in[i] * in[i], "item %d is %d", (int)i, (int)out[i]);
    }
    close_pool(pool);
}
END_TEST

/* Adds up; an attempt that fails has already added to its result. */
static int add_at_last(rp_task *task, rp_range range, const void *in, void *out)
{
    const double *x = in;
    double *sum = out;
    for (int64_t i = 0; i < range.end - range.begin; i++)
        *sum += x[i];
    return rp_task_attempt(task) < *(int *)rp_task_user(task) ? 1 : 0;
}

static rp_status add_up(rp_pool *pool, const double *x, int64_t n, int64_t leaf, int failures,
                        double *sum)
{
    static const double zero = 0;
    rp_reduce_job job = {.n = n,
                         .leaf = leaf,
                         .body = add_at_last,
                         .combine = add_doubles,
                         .identity = &zero,
                         .in = x,
                         .in_size = sizeof *x,
                         .result = sum,
                         .result_size = sizeof *sum,
                         .options = {.user = &failures, .retries = 2}};
    return rp_reduce(pool, &job);
}

START_TEST(reductions_try_again)
{
    enum {
        LONG = 200000,
        LEAF = 90000 /* more than a piece: a leaf takes several calls */
    };
    static const int64_t leaves[] = {1000, LEAF};
    rp_pool *pool = open_pool();
    double *x = malloc(LONG * sizeof *x), plain, retried;
    ck_assert_ptr_nonnull(x);
    for (int i = 0; i < LONG; i++)
        x[i] = 1.0 / (i + 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(add_up(pool, x, LONG, leaves[i], 0, &plain), RP_OK);
        ck_assert_int_eq(add_up(pool, x, LONG, leaves[i], 2, &retried), RP_OK);
        ck_assert_mem_eq(&plain, &retried, sizeof plain);
        ck_assert_int_eq(add_up(pool, x, LONG, leaves[i], 3, &retried), RP_ERR_TASK);
    }
    free(x);
    close_pool(pool);
}
END_TEST

/* ---- limits on failures ---------------------------------------------------------------------- */

static int always_fail(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return rp_task_fail(task, rp_task_item(task), 3, "no luck");
}

START_TEST(a_job_is_given_up_after_so_many_failures)
{
    enum {
        MANY = 20000,
        ENOUGH = 5
    };
    rp_pool *pool = open_pool();
    uint8_t *statuses = malloc(MANY);
    ck_assert_ptr_nonnull(statuses);
    rp_map_job job = {.n = MANY,
                      .item = always_fail,
                      .options = {.on_failure = RP_ON_FAILURE_CONTINUE,
                                  .max_failures = ENOUGH,
                                  .item_status = on_root() ? statuses : NULL}};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_str_eq(rp_last_error(pool)->text, "given up after 5 failures, such as: no luck");
    ck_assert_int_eq(rp_last_error(pool)->task_code, 3);
    int counts[256] = {0};
    for (int i = 0; on_root() && i < MANY; i++)
        counts[statuses[i]]++;
    if (on_root()) {
        int most = rp_nodes(pool) * ENOUGH + rp_ranks(pool);
        ck_assert_int_ge(counts[RP_ERR_TASK], ENOUGH);
        ck_assert_int_le(counts[RP_ERR_TASK], most);
        ck_assert_int_eq(counts[RP_ERR_TASK] + counts[RP_ERR_CANCELLED], MANY);
    }
    job.options.max_failures = (int64_t)MANY * 2;
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    ck_assert_str_eq(rp_last_error(pool)->text, "no luck");
    for (int i = 0; on_root() && i < MANY; i++) {
        if (statuses[i] != RP_ERR_TASK)
            ck_abort_msg("item %d has status %d", i, statuses[i]);
    }
    free(statuses);
    close_pool(pool);
}
END_TEST

/* ---- late items ------------------------------------------------------------------------------ */

/* Duration of each item, and whether it checks for cancellation. */
struct naps {
    const double *seconds;
    bool asks;
    int quick_from; /* from this attempt on the item takes no time; 0: never */
};

static int nap(rp_task *task, const void *in, void *out)
{
    (void)in;
    const struct naps *naps = rp_task_user(task);
    double begun = MPI_Wtime(), seconds = naps->seconds[rp_task_item(task)];
    if (naps->quick_from > 0 && rp_task_attempt(task) >= naps->quick_from)
        seconds = 0;
    while (MPI_Wtime() - begun < seconds) {
        if (naps->asks && rp_task_cancelled(task))
            return 1;
        usleep(1000);
    }
    *(int64_t *)out = rp_task_item(task) + 100;
    return 0;
}

static rp_status nap_all(rp_pool *pool, int64_t n, struct naps *naps, rp_options options,
                         int64_t *out)
{
    options.user = naps;
    options.schedule = RP_SCHEDULE_DYNAMIC;
    rp_map_job job = {.n = n, .item = nap, .out = out, .out_size = sizeof *out, .options = options};
    return rp_map(pool, &job);
}

START_TEST(late_items_are_told_and_the_others_go_on)
{
    static const double seconds[8] = {0, 0, 1.3, 0, 0, 60, 0, 0};
    rp_pool *pool = open_pool();
    for (int asks = 0; asks < 2; asks++) {
        int64_t n = asks ? 8 : 5, out[8]; /* no item sleeps for a minute unless it checks */
        uint8_t statuses[8];
        struct naps naps = {seconds, asks, 0};
        rp_options options = {.on_failure = RP_ON_FAILURE_CONTINUE,
                              .item_seconds = 1,
                              .item_status = on_root() ? statuses : NULL};
        double begun = MPI_Wtime();
        ck_assert_int_eq(nap_all(pool, n, &naps, options, out), RP_ERR_TIMEOUT);
        ck_assert_double_lt(MPI_Wtime() - begun, 30);
        check_same_error(rp_last_error(pool), RP_ERR_TIMEOUT);
        ck_assert_int_eq(rp_last_error(pool)->item, 2);
        for (int64_t i = 0; on_root() && i < n; i++) {
            ck_assert_int_eq(statuses[i], seconds[i] > 0 ? RP_ERR_TIMEOUT : RP_OK);
            ck_assert(seconds[i] > 0 || out[i] == i + 100);
        }
    }
    close_pool(pool);
}
END_TEST

START_TEST(late_items_are_tried_again)
{
    static const double seconds[3] = {0, 60, 0};
    rp_pool *pool = open_pool();
    int64_t out[3];
    struct naps naps = {seconds, true, 2};
    rp_options options = {.item_seconds = 0.4, .retries = 2};
    ck_assert_int_eq(nap_all(pool, 3, &naps, options, out), RP_OK);
    for (int i = 0; on_root() && i < 3; i++)
        ck_assert_int_eq(out[i], i + 100);
    naps.quick_from = 3;
    ck_assert_int_eq(nap_all(pool, 3, &naps, options, out), RP_ERR_TIMEOUT);
    close_pool(pool);
}
END_TEST

/* A range has the time limit of all its items together. */
static int nap_over_range(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)in;
    (void)out;
    double until = MPI_Wtime() + *(double *)rp_task_user(task) * (double)(range.end - range.begin);
    while (MPI_Wtime() < until) {
        if (rp_task_cancelled(task))
            return 1;
        usleep(1000);
    }
    return 0;
}

START_TEST(ranges_have_the_time_of_their_items)
{
    rp_pool *pool = open_pool();
    double seconds = 0.01;
    rp_map_job job = {.n = 16,
                      .range = nap_over_range,
                      .options = {.user = &seconds,
                                  .schedule = RP_SCHEDULE_DYNAMIC,
                                  .chunk = 8,
                                  .item_seconds = 0.1}};
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    seconds = 0.2;
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TIMEOUT);
    check_same_error(rp_last_error(pool), RP_ERR_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(rp_last_error(pool)->text, "options.item_seconds allows"));
    close_pool(pool);
}
END_TEST

/* The last rank exceeds the time limit of its items. */
static rp_status loop_over(rp_pool *pool, double seconds, double limit)
{
    rp_loop *loop;
    rp_range range;
    rp_options options = {.schedule = RP_SCHEDULE_STATIC, .item_seconds = limit};
    ck_assert_int_eq(rp_loop_open(pool, 2 * rp_ranks(pool), &options, &loop), RP_OK);
    while (rp_loop_next(loop, &range)) {
        if (range.end == 2 * rp_ranks(pool))
            usleep((useconds_t)(seconds * 1e6 * (double)(range.end - range.begin)));
    }
    return rp_loop_close(&loop, RP_OK);
}

START_TEST(loops_have_limits_too)
{
    rp_pool *pool = open_pool();
    ck_assert_int_eq(loop_over(pool, 0.01, 10), RP_OK);
    ck_assert_int_eq(loop_over(pool, 0.65, 0.5), RP_ERR_TIMEOUT);
    check_same_error(rp_last_error(pool), RP_ERR_TIMEOUT);
    ck_assert_int_ge(rp_last_error(pool)->item, 0);
    ck_assert_int_eq(loop_over(pool, 0.1, 0), RP_OK);
    close_pool(pool);
}
END_TEST

/* ---- cancellation ---------------------------------------------------------------------------- */

/* Item 0 fails after a while. The others wait until they are told to end. */
static int fail_or_wait(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    double begun = MPI_Wtime();
    while (MPI_Wtime() - begun < 30) {
        if (rp_task_item(task) == 0 && MPI_Wtime() - begun > 0.05)
            return 5;
        if (rp_task_cancelled(task))
            return 6;
        usleep(500);
    }
    return 0;
}

START_TEST(tasks_hear_of_a_stop)
{
    rp_pool *pool = open_pool();
    int n = rp_ranks(pool);
    uint8_t *statuses = malloc((size_t)n);
    ck_assert_ptr_nonnull(statuses);
    rp_map_job job = {.n = n,
                      .item = fail_or_wait,
                      .options = {.schedule = RP_SCHEDULE_DYNAMIC,
                                  .item_status = on_root() ? statuses : NULL}};
    double begun = MPI_Wtime();
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    ck_assert_double_lt(MPI_Wtime() - begun, 20);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->item, 0);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 5);
    for (int i = 0; on_root() && i < n; i++)
        ck_assert_int_eq(statuses[i], i == 0 ? RP_ERR_TASK : RP_ERR_CANCELLED);
    free(statuses);
    close_pool(pool);
}
END_TEST

/* ---- invalid options ------------------------------------------------------------------------- */

static rp_status run_map(rp_pool *pool, const void *job)
{
    return rp_map(pool, job);
}

static rp_status run_loop(rp_pool *pool, const void *options)
{
    rp_loop *loop;
    rp_range range;
    rp_status status = rp_loop_open(pool, 5, options, &loop);
    while (status == RP_OK && rp_loop_next(loop, &range))
        continue;
    return status == RP_OK ? rp_loop_close(&loop, RP_OK) : status;
}

static int do_nothing(rp_task *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return 0;
}

START_TEST(nonsense_about_failures_is_refused)
{
    static const rp_options bad[] = {
        {.retries = -1},       {.on_failure = RP_ON_FAILURE_CONTINUE, .max_failures = -1},
        {.max_failures = 1},   {.item_seconds = -1},
        {.item_seconds = NAN}, {.item_seconds = INFINITY}};
    rp_pool *pool = open_pool();
    rp_map_job good = {.n = 5, .item = do_nothing}, other = good;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        other.options = bad[i];
        check_job_refused(pool, run_map, &good, &other, RP_ERR_ARGUMENT);
        check_job_refused(pool, run_loop, &good.options, &bad[i], RP_ERR_ARGUMENT);
    }
    check_job_refused(pool, run_loop, &good.options, &(rp_options){.retries = 1}, RP_ERR_ARGUMENT);
    other.options = (rp_options){.retries = 1};
    if (world_ranks() > 1)
        check_job_refused(pool, run_map, &good, &other, RP_ERR_MISMATCH);
    other.options = (rp_options){.item_seconds = 1000};
    if (world_ranks() > 1)
        check_job_refused(pool, run_map, &good, &other, RP_ERR_MISMATCH);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"items are tried again", &items_are_tried_again},
    {"attempts are counted out", &attempts_are_counted_out},
    {"reductions try again", &reductions_try_again},
    {"a job is given up after so many failures", &a_job_is_given_up_after_so_many_failures},
    {"late items are told and the others go on", &late_items_are_told_and_the_others_go_on},
    {"late items are tried again", &late_items_are_tried_again},
    {"ranges have the time of their items", &ranges_have_the_time_of_their_items},
    {"loops have limits too", &loops_have_limits_too},
    {"tasks hear of a stop", &tasks_hear_of_a_stop},
    {"nonsense about failures is refused", &nonsense_about_failures_is_refused},
    {NULL, NULL},
};

const struct test_group engine_failures_tests = {"engine_failures", cases};
