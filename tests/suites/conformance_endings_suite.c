/* Properties that the tests of other pools check, of late tasks and of closing, by the ids of
 * tests/conformance.tsv. */
#include "suites.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

enum {
    N = 50
};

/* Sleeps for its input in hundredths of a second, or until it must end. */
static int sleep_input(rp_task *task, const void *in, void *out)
{
    double begun = MPI_Wtime(), seconds = 0.01 * (double)*(const int64_t *)in;
    while (MPI_Wtime() - begun < seconds) {
        if (rp_task_cancelled(task))
            return 1;
        usleep(1000);
    }
    *(int64_t *)out = rp_task_item(task) + 1;
    return 0;
}

static rp_status sleep_each(rp_pool *pool, const int64_t *hundredths, int64_t n, int64_t *out,
                            rp_options options)
{
    rp_map_job job = {.n = n,
                      .item = sleep_input,
                      .in = hundredths,
                      .in_size = sizeof *hundredths,
                      .out = out,
                      .out_size = sizeof *out,
                      .options = options};
    return rp_map(pool, &job);
}

START_TEST(t1_t2)
{
    static const int64_t late[5] = {0, 0, 500, 0, 0}, timely[5] = {0, 0, 20, 0, 0};
    int64_t out[5] = {0};
    uint8_t statuses[5];
    /* On a pool of one rank, a static share runs from the first item to the last. */
    rp_options options = {.schedule = RP_SCHEDULE_STATIC,
                          .item_seconds = 1,
                          .item_status = statuses};
    rp_pool *pool;
    ck_assert_int_eq(rp_open_comm(MPI_COMM_SELF, NULL, &pool), RP_OK);
    ck_assert_int_eq(sleep_each(pool, late, 5, out, options), RP_ERR_TIMEOUT);
    ck_assert_int_eq(rp_last_error(pool)->item, 2);
    ck_assert(out[0] == 1 && out[1] == 2 && statuses[0] == RP_OK && statuses[1] == RP_OK);
    ck_assert_int_eq(statuses[2], RP_ERR_TIMEOUT);
    ck_assert(statuses[3] == RP_ERR_CANCELLED && statuses[4] == RP_ERR_CANCELLED);
    ck_assert_int_eq(sleep_each(pool, timely, 5, out, options), RP_OK);
    for (int i = 0; i < 5; i++)
        ck_assert(out[i] == i + 1 && statuses[i] == RP_OK);
    close_pool(pool);
}
END_TEST

static int number(rp_task *task, const void *in, void *out)
{
    (void)in;
    *(int64_t *)out = rp_task_item(task) + 1;
    return 0;
}

START_TEST(x3_x7)
{
    rp_pool *pool = open_pool();
    rp_map_job job = {.n = N, .item = number};
    close_pool(pool); /* never used */
    pool = open_pool();
    ck_assert_int_eq(rp_close(&pool), RP_OK);
    ck_assert_int_eq(rp_close(&pool), RP_OK);
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_ARGUMENT);
    pool = open_pool();
    int64_t out[N];
    job.out = out;
    job.out_size = sizeof *out;
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(x4_x9)
{
    rp_pool *pool = open_pool();
    int64_t out[N] = {0};
    rp_map_job job = {.n = N,
                      .item = number,
                      .out = out,
                      .out_size = sizeof *out,
                      .out_place = RP_ON_RANKS,
                      .options = {.schedule = RP_SCHEDULE_DYNAMIC}};
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(out[i], i + 1);
}
END_TEST

START_TEST(x18)
{
    rp_pool *pool = open_pool(); /* MPI has done its lazy initialization now */
    close_pool(pool);
    int before = listed_threads(INT_MAX);
    pool = open_configured(&(rp_config){.watchdog_seconds = 100});
    int64_t none[1] = {0}, out[1];
    ck_assert_int_eq(sleep_each(pool, none, 1, out, (rp_options){.item_seconds = 100}), RP_OK);
    int one_more = before + (rp_node_rank(pool) == 0);
    ck_assert_int_eq(listed_threads(one_more), one_more);
    close_pool(pool);
    ck_assert_int_eq(listed_threads(before), before);
}
END_TEST

static int fail_one(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return rp_task_item(task) == 2 ? 7 : 0;
}

START_TEST(x8)
{
    rp_pool *pool = open_pool();
    rp_map_job job = {.n = 100000, .item = fail_one};
    double begun = MPI_Wtime();
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    close_pool(pool);
    ck_assert_double_lt(MPI_Wtime() - begun, 5);
}
END_TEST

START_TEST(x16)
{
    rp_pool *pool = open_pool();
    int64_t n = rp_ranks(pool) + 1, hundredths[65] = {0}, out[65];
    ck_assert_int_lt(n, 65);
    for (int i = 0; i < n; i++)
        hundredths[i] = 2;
    rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC};
    ck_assert_int_eq(sleep_each(pool, hundredths, n, out, options), RP_OK);
    for (int i = 0; world_rank() == 0 && i < n; i++)
        ck_assert_int_eq(out[i], i + 1);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"T1, T2: a limit that is reached cancels the rest, one that is not does nothing", &t1_t2},
    {"X3, X7: closed pools", &x3_x7},
    {"X4, X9: results are there when the pool is gone", &x4_x9},
    {"X8: a job that was stopped ends at once", &x8},
    {"X16: one item more than ranks, then the end", &x16},
    {"X18: a closed pool leaves no thread", &x18},
    {NULL, NULL},
};

const struct test_group conformance_endings_tests = {"conformance_endings", cases};
