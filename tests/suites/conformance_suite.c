/* Properties that the tests of other pools check, by the ids of tests/conformance.tsv. */
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST = 100
};

static int square(rp_task *task, const void *in, void *out)
{
    (void)task;
    *(int64_t *)out = *(const int64_t *)in * *(const int64_t *)in;
    return 0;
}

struct pair {
    int64_t a, b;
};

static int power(rp_task *task, const void *in, void *out)
{
    (void)task;
    const struct pair *pair = in;
    int64_t result = 1;
    for (int64_t i = 0; i < pair->b; i++)
        result *= pair->a;
    *(int64_t *)out = result;
    return 0;
}

static int product(rp_task *task, const void *in, void *out)
{
    (void)task;
    const struct pair *pair = in;
    *(int64_t *)out = pair->a * pair->b;
    return 0;
}

/* Divides 60 by its input. */
static int divide(rp_task *task, const void *in, void *out)
{
    int64_t divisor = *(const int64_t *)in;
    if (divisor == 0)
        return rp_task_fail(task, rp_task_item(task), 3, "division by zero");
    *(int64_t *)out = 60 / divisor;
    return 0;
}

/* A map with input and results in the root's private memory. */
static rp_status map_on_root(rp_pool *pool, int64_t n, rp_item_fn item, const void *in,
                             size_t in_size, int64_t *out, rp_options options)
{
    rp_map_job job = {.n = n,
                      .item = item,
                      .in = in,
                      .in_size = in_size,
                      .out = out,
                      .out_size = sizeof *out,
                      .options = options};
    return rp_map(pool, &job);
}

static void check_squares(rp_pool *pool, int64_t n, int64_t chunk)
{
    int64_t in[MOST], out[MOST];
    for (int64_t i = 0; i < n; i++)
        in[i] = i;
    rp_options options = {.chunk = chunk};
    ck_assert_int_eq(map_on_root(pool, n, square, in, sizeof *in, out, options), RP_OK);
    for (int64_t i = 0; rp_rank(pool) == rp_root(pool) && i < n; i++)
        ck_assert_int_eq(out[i], i * i);
}

START_TEST(m1)
{
    rp_pool *pool = open_pool();
    check_squares(pool, 10, 0);
    check_squares(pool, 10, 20);
    check_squares(pool, 100, 0);
    check_squares(pool, 100, 20);
    close_pool(pool);
}
END_TEST

START_TEST(m2)
{
    rp_pool *pool = open_pool();
    struct pair in[10];
    int64_t out[10], serial = 0;
    for (int64_t i = 0; i < 10; i++)
        in[i] = (struct pair){i, i};
    rp_options options = {.chunk = 0};
    ck_assert_int_eq(map_on_root(pool, 10, power, in, sizeof *in, out, options), RP_OK);
    for (int i = 0; world_rank() == 0 && i < 10; i++) {
        power(NULL, &in[i], &serial);
        ck_assert_int_eq(out[i], serial);
    }
    close_pool(pool);
}
END_TEST

START_TEST(m3)
{
    rp_pool *pool = open_pool();
    for (int64_t n = 10; n <= MOST; n *= 10) {
        struct pair in[MOST];
        int64_t out[MOST];
        for (int64_t i = 0; i < n; i++)
            in[i] = (struct pair){i, n - 1 - i};
        rp_options options = {.chunk = 20};
        ck_assert_int_eq(map_on_root(pool, n, product, in, sizeof *in, out, options), RP_OK);
        for (int64_t i = 0; world_rank() == 0 && i < n; i++)
            ck_assert_int_eq(out[i], i * (n - 1 - i));
    }
    close_pool(pool);
}
END_TEST

START_TEST(m5)
{
    rp_pool *pool = open_pool();
    rp_loop *loop;
    rp_range range;
    rp_options options = {.chunk = 1};
    ck_assert_int_eq(map_on_root(pool, 0, square, NULL, 8, NULL, options), RP_OK);
    ck_assert_int_eq(rp_loop_open(pool, 0, &options, &loop), RP_OK);
    ck_assert(!rp_loop_next(loop, &range));
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(m8)
{
    rp_pool *pools[3] = {open_pool(), open_pool(), open_pool()};
    for (int round = 0; round < 100; round++)
        check_squares(pools[round % 3], 1 + round % 7, 0);
    for (int i = 0; i < 3; i++)
        close_pool(pools[i]);
}
END_TEST

START_TEST(c1)
{
    rp_pool *pool = open_pool();
    check_squares(pool, 40, 6);
    check_squares(pool, 40, 40);
    check_squares(pool, 40, 50);
    close_pool(pool);
}
END_TEST

static int count_call(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    ++*(int *)rp_task_user(task);
    return 0;
}

START_TEST(c2)
{
    rp_pool *pool = open_pool();
    int calls = 0;
    rp_map_job job = {.n = 40, .item = count_call, .options = {.user = &calls, .chunk = -1}};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_ARGUMENT);
    ck_assert_int_eq(calls, 0);
    close_pool(pool);
}
END_TEST

START_TEST(e1_e2)
{
    static const int64_t in[4] = {2, 3, 0, 5};
    rp_pool *pool = open_pool();
    int64_t out[4] = {-1, -1, -1, -1};
    uint8_t statuses[4];
    rp_options options = {.on_failure = RP_ON_FAILURE_CONTINUE, .item_status = statuses};
    ck_assert_int_eq(map_on_root(pool, 4, divide, in, sizeof *in, out, options), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->item, 2);
    if (world_rank() == 0) {
        ck_assert(out[0] == 30 && out[1] == 20 && out[3] == 12);
        ck_assert(statuses[0] == RP_OK && statuses[1] == RP_OK && statuses[2] == RP_ERR_TASK &&
                  statuses[3] == RP_OK);
    }
    close_pool(pool);
}
END_TEST

START_TEST(e6)
{
    static const int64_t in[3] = {1, 0, 1};
    rp_pool *pool = open_pool();
    int64_t out[3];
    rp_options options = {.chunk = 0};
    ck_assert_int_eq(map_on_root(pool, 3, divide, in, sizeof *in, out, options), RP_ERR_TASK);
    const rp_error *error = rp_last_error(pool);
    check_same_error(error, RP_ERR_TASK);
    ck_assert_str_eq(error->text, "division by zero");
    ck_assert_int_eq(error->item, 1);
    ck_assert_int_eq(error->task_code, 3);
    ck_assert(error->rank >= 0 && error->rank < world_ranks());
    ck_assert_uint_gt(strlen(error->host), 0);
    close_pool(pool);
}
END_TEST

START_TEST(e9)
{
    rp_pool *pool = open_pool();
    int64_t in[20] = {0}, out[20];
    uint8_t statuses[20];
    rp_options options = {.on_failure = RP_ON_FAILURE_CONTINUE, .item_status = statuses};
    ck_assert_int_eq(map_on_root(pool, 20, divide, in, sizeof *in, out, options), RP_ERR_TASK);
    for (int i = 0; world_rank() == 0 && i < 20; i++)
        ck_assert_int_eq(statuses[i], RP_ERR_TASK);
    check_squares(pool, 42, 0);
    close_pool(pool);
}
END_TEST

START_TEST(g1)
{
    rp_pool *pool;
    static const int64_t zero = 0;
    int64_t out;
    rp_options options = {.chunk = 0};
    ck_assert_int_eq(rp_open_comm(MPI_COMM_SELF, NULL, &pool), RP_OK);
    check_squares(pool, 100, 0);
    ck_assert_int_eq(map_on_root(pool, 1, divide, &zero, sizeof zero, &out, options), RP_ERR_TASK);
    check_squares(pool, 100, 20);
    close_pool(pool);
}
END_TEST

START_TEST(g2)
{
    for (int root = 0; root < world_ranks(); root++) {
        rp_pool *pool = open_configured(&(rp_config){.root = root});
        check_squares(pool, 50, 0);
        close_pool(pool);
    }
}
END_TEST

START_TEST(g8)
{
    for (int time = 0; time < 2; time++) {
        rp_pool *pool;
        ck_assert_int_eq(rp_open(NULL, &pool), RP_OK);
        check_squares(pool, 30, 0);
        close_pool(pool);
    }
}
END_TEST

static const struct test_case cases[] = {
    {"M1: squares of 10 and 100 items", &m1},
    {"M2: two inputs zipped", &m2},
    {"M3: tuples", &m3},
    {"M5: nothing to do", &m5},
    {"M8: three pools, interleaved", &m8},
    {"C1: ragged, exact and oversized chunks", &c1},
    {"C2: a negative chunk, before any task", &c2},
    {"E1, E2: the error is where it was, the rest is there", &e1_e2},
    {"E6: an error carries its origin", &e6},
    {"E9: twenty failures, and the pool works on", &e9},
    {"G1: a communicator of one", &g1},
    {"G2: data with any root", &g2},
    {"G8: a pool twice in one program", &g8},
    {NULL, NULL},
};
const struct test_group conformance_tests = {"conformance", cases};
