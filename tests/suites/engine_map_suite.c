/* The map: every placement of its arrays, failures, and arguments refused before work starts. */
#include "suites.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int square(rp_task *task, const void *in, void *out)
{
    (void)task;
    double x = *(const double *)in;
    *(double *)out = x * x;
    return 0;
}

static int square_range(rp_task *task, rp_range range, const void *in, void *out)
{
    ck_assert_int_eq(rp_task_item(task), range.begin);
    for (int64_t i = 0; i < range.end - range.begin; i++)
        ((double *)out)[i] = ((const double *)in)[i] * ((const double *)in)[i];
    return 0;
}

static bool on_root(void)
{
    return world_rank() == 0;
}

static double *input(double *memory, int n, bool fill)
{
    for (int i = 0; fill && i < n; i++)
        memory[i] = i + 0.5;
    return memory;
}

static void check_squares(const double *out, int n)
{
    for (int i = 0; i < n; i++)
        if (out[i] != (i + 0.5) * (i + 0.5))
            ck_abort_msg("out[%d] = %g", i, out[i]);
}

/* One array of n doubles at a place: private, or in node memory. */
static double *make_array(rp_pool *pool, int n, rp_place place, bool node_memory)
{
    void *memory;
    size_t bytes = ((size_t)n + 1) * sizeof(double);
    if (node_memory) {
        ck_assert_int_eq(rp_node_alloc(pool, bytes, &memory), RP_OK);
        return memory;
    }
    return place == RP_ON_ROOT && !on_root() ? NULL : calloc(bytes, 1);
}

static void drop_array(rp_pool *pool, double *array, bool node_memory)
{
    void *memory = array;
    if (node_memory)
        ck_assert_int_eq(rp_node_free(pool, &memory), RP_OK);
    else
        free(memory);
}

static void try_places(rp_pool *pool, int n, rp_place in_place, bool in_node, rp_place out_place,
                       bool out_node, rp_map_job job)
{
    double *in = make_array(pool, n, in_place, in_node);
    double *out = make_array(pool, n, out_place, out_node);
    input(in, n, in_place == RP_ON_RANKS || (in_node ? rp_node_rank(pool) == 0 : on_root()));
    ck_assert_int_eq(rp_node_sync(pool), RP_OK);
    job.n = n;
    job.in = in_place == RP_ON_ROOT && !on_root() ? NULL : in;
    job.in_size = job.out_size = sizeof(double);
    job.in_place = in_place;
    job.out = out_place == RP_ON_ROOT && !on_root() ? NULL : out;
    job.out_place = out_place;
    rp_status status = rp_map(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    if (out_place != RP_ON_ROOT || on_root())
        check_squares(out, n);
    drop_array(pool, out, out_node);
    drop_array(pool, in, in_node);
}

START_TEST(every_placement)
{
    static const struct {
        rp_place place;
        bool node_memory;
    } places[] = {
        {RP_ON_ROOT, false}, {RP_ON_ROOT, true}, {RP_ON_NODES, true}, {RP_ON_RANKS, false}};
    static const int sizes[] = {0, 1, 2, 100, 70001};
    rp_pool *pool = open_pool();
    for (int i = 0; i < 4; i++) {
        for (int o = 0; o < 4; o++) {
            for (int s = 0; s < 5; s++) {
                try_places(pool, sizes[s], places[i].place, places[i].node_memory, places[o].place,
                           places[o].node_memory, (rp_map_job){.item = square});
                try_places(pool, sizes[s], places[i].place, places[i].node_memory, places[o].place,
                           places[o].node_memory, (rp_map_job){.range = square_range});
            }
        }
    }
    close_pool(pool);
}
END_TEST

START_TEST(every_schedule_and_chunk)
{
    static const int64_t chunks[] = {0, 1, 6, 40, 50};
    rp_pool *pool = open_pool();
    for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++) {
        for (int s = 0; s < 5; s++) {
            rp_map_job job = {.item = square,
                              .options = {.schedule = (rp_schedule)schedule, .chunk = chunks[s]}};
            try_places(pool, 40, RP_ON_ROOT, false, RP_ON_ROOT, false, job);
        }
    }
    close_pool(pool);
}
END_TEST

START_TEST(in_place)
{
    rp_pool *pool = open_pool();
    enum {
        N = 5000
    };
    static double data[N];
    input(data, N, true);
    rp_map_job job = {.n = N,
                      .item = square,
                      .in = data,
                      .in_size = sizeof *data,
                      .out = data,
                      .out_size = sizeof *data};
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    if (on_root())
        check_squares(data, N);
    close_pool(pool);
}
END_TEST

struct record {
    char bytes[37];
};

static int fill_record(rp_task *task, const void *in, void *out)
{
    ck_assert_ptr_null(in);
    memset(out, (int)(rp_task_item(task) % 251), sizeof(struct record));
    return *(int *)rp_task_user(task) == world_rank() ? 0 : 1;
}

START_TEST(elements_of_any_size_and_a_user_pointer)
{
    rp_pool *pool = open_pool();
    enum {
        N = 3000
    };
    struct record *out = malloc(N * sizeof *out);
    int mine = world_rank();
    rp_map_job job = {.n = N,
                      .item = fill_record,
                      .out = out,
                      .out_size = sizeof *out,
                      .out_place = RP_ON_RANKS,
                      .options = {.user = &mine}};
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    for (int i = 0; i < N; i++) {
        for (size_t k = 0; k < sizeof out->bytes; k++)
            if ((unsigned char)out[i].bytes[k] != i % 251)
                ck_abort_msg("byte %zu of item %d is %d", k, i, out[i].bytes[k]);
    }
    free(out);
    close_pool(pool);
}
END_TEST

/* Items 5, 305, 605 ... fail. */
static int fail_some(rp_task *task, const void *in, void *out)
{
    (void)in;
    int64_t item = rp_task_item(task);
    *(int64_t *)out = item;
    if (item % 300 != 5)
        return 0;
    return item == 5 ? rp_task_fail(task, item, 42, "item %d is a bad one", (int)item) : 7;
}

START_TEST(failures_with_keep_going)
{
    enum {
        N = 2000
    };
    rp_pool *pool = open_pool();
    static int64_t out[N];
    static uint8_t statuses[N];
    rp_map_job job = {.n = N,
                      .item = fail_some,
                      .out = out,
                      .out_size = sizeof *out,
                      .options = {.on_failure = RP_ON_FAILURE_CONTINUE,
                                  .item_status = on_root() ? statuses : NULL}};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_str_eq(rp_last_error(pool)->text, "item 5 is a bad one");
    ck_assert_int_eq(rp_last_error(pool)->item, 5);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 42);
    for (int i = 0; on_root() && i < N; i++) {
        ck_assert_int_eq(statuses[i], i % 300 == 5 ? RP_ERR_TASK : RP_OK);
        ck_assert(statuses[i] != RP_OK || out[i] == i);
    }
    close_pool(pool);
}
END_TEST

START_TEST(failures_with_stop)
{
    enum {
        N = 200000
    };
    rp_pool *pool = open_pool();
    int64_t *out = malloc(N * sizeof *out);
    uint8_t *statuses = malloc(N);
    rp_map_job job = {.n = N,
                      .item = fail_some,
                      .out = out,
                      .out_size = sizeof *out,
                      .options = {.item_status = on_root() ? statuses : NULL}};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    int64_t item = rp_last_error(pool)->item;
    ck_assert_int_eq(item % 300, 5);
    int counts[256] = {0};
    for (int i = 0; on_root() && i < N; i++) {
        counts[statuses[i]]++;
        if (statuses[i] == RP_OK)
            ck_assert_int_eq(out[i], i);
    }
    if (on_root()) {
        ck_assert_int_eq(statuses[item], RP_ERR_TASK);
        ck_assert_int_ge(counts[RP_ERR_TASK], 1);
        ck_assert_int_gt(counts[RP_ERR_CANCELLED], 0);
        ck_assert_int_eq(counts[RP_OK] + counts[RP_ERR_TASK] + counts[RP_ERR_CANCELLED], N);
    }
    try_places(pool, 100, RP_ON_ROOT, false, RP_ON_ROOT, false, (rp_map_job){.item = square});
    free(statuses);
    free(out);
    close_pool(pool);
}
END_TEST

static int fail_with_zero_text(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return rp_task_fail(task, rp_task_item(task), 0, "%s", "");
}

START_TEST(failures_with_code_zero_are_failures)
{
    rp_pool *pool = open_pool();
    rp_map_job job = {.n = 3, .item = fail_with_zero_text};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 1);
    close_pool(pool);
}
END_TEST

static int map_inside(rp_task *task, const void *in, void *out)
{
    (void)in;
    rp_pool *pool = rp_task_user(task);
    rp_map_job inner = {.n = 10, .item = fail_some, .out = out, .out_size = sizeof(int64_t)};
    rp_loop *loop;
    return rp_map(pool, &inner) == RP_ERR_STATE && rp_barrier(pool) == RP_ERR_STATE &&
                   rp_loop_open(pool, 5, NULL, &loop) == RP_ERR_STATE
               ? 0
               : 1;
}

START_TEST(calls_inside_a_task_are_refused)
{
    rp_pool *pool = open_pool();
    rp_map_job job = {.n = 50, .item = map_inside, .options = {.user = pool}};
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    ck_assert_int_eq(rp_barrier(pool), RP_OK);
    close_pool(pool);
}
END_TEST

static rp_status run_map(rp_pool *pool, const void *job)
{
    return rp_map(pool, job);
}

START_TEST(bad_jobs_are_refused_by_all)
{
    enum {
        N = 100
    };
    rp_pool *pool = open_pool();
    static double in[2 * N], out[N];
    rp_map_job good = {.n = N,
                       .item = square,
                       .in = in,
                       .in_size = sizeof *in,
                       .in_place = RP_ON_RANKS,
                       .out = out,
                       .out_size = sizeof *out,
                       .out_place = RP_ON_RANKS};
    rp_map_job bad = good;
    bad.item = NULL;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.range = square_range;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.n = -1;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.n = INT64_MAX;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.in = NULL;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.out = NULL;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.in_size = 0;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.out_size = 0;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.out = in + 1;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.in_place = (rp_place)3;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.in_place = RP_ON_NODES;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.out_place = (rp_place)-1;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.options.chunk = -1;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.options.on_failure = (rp_on_failure)2;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.options.reserved[3] = 1;
    check_job_refused(pool, run_map, &good, &bad, RP_ERR_VERSION);
    if (world_ranks() > 1) {
        bad = good;
        bad.item = NULL;
        bad.range = square_range;
        check_job_refused(pool, run_map, &good, &bad, RP_ERR_MISMATCH);
        bad = good;
        bad.n = N - 1;
        check_job_refused(pool, run_map, &good, &bad, RP_ERR_MISMATCH);
        bad = good;
        bad.out_size = 4;
        check_job_refused(pool, run_map, &good, &bad, RP_ERR_MISMATCH);
        bad = good;
        bad.options.on_failure = RP_ON_FAILURE_CONTINUE;
        check_job_refused(pool, run_map, &good, &bad, RP_ERR_MISMATCH);
    }
    ck_assert_int_eq(rp_map(pool, NULL), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_map(NULL, &good), RP_ERR_ARGUMENT);
    close_pool(pool);
}
END_TEST

/* Item 7 fails after it has stored a result; every result array must be unchanged there. */
static int spoil_and_fail(rp_task *task, const void *in, void *out)
{
    bool fails = rp_task_item(task) == 7;
    double x = *(const double *)in;
    if (!fails)
        *(double *)out = x + 1;
    return fails;
}

START_TEST(failed_items_keep_their_place)
{
    enum {
        N = 50
    };
    rp_pool *pool = open_pool();
    double data[N];
    input(data, N, true);
    rp_map_job job = {.n = N,
                      .item = spoil_and_fail,
                      .in = data,
                      .in_size = sizeof *data,
                      .out = data,
                      .out_size = sizeof *data,
                      .options = {.schedule = RP_SCHEDULE_DYNAMIC,
                                  .on_failure = RP_ON_FAILURE_CONTINUE}};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    for (int i = 0; on_root() && i < N; i++)
        ck_assert(data[i] == i + 0.5 + (i != 7));
    close_pool(pool);
}
END_TEST

START_TEST(node_memory_is_checked)
{
    rp_pool *pool = open_pool();
    void *one, *other;
    ck_assert_int_eq(rp_node_alloc(pool, 800, &one), RP_OK);
    ck_assert_int_eq(rp_node_alloc(pool, 800, &other), RP_OK);
    rp_map_job job = {.n = 101,
                      .item = square,
                      .in = one,
                      .in_size = 8,
                      .in_place = RP_ON_NODES,
                      .out = other,
                      .out_size = 8,
                      .out_place = RP_ON_NODES};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    job.n = 100;
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    if (world_ranks() > 1) {
        job.in = world_rank() == 1 ? other : one;
        ck_assert_int_eq(rp_map(pool, &job), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
    }
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"every placement", &every_placement},
    {"every schedule and chunk", &every_schedule_and_chunk},
    {"in place", &in_place},
    {"elements of any size and a user pointer", &elements_of_any_size_and_a_user_pointer},
    {"failures with keep-going", &failures_with_keep_going},
    {"failures with stop", &failures_with_stop},
    {"failures with code zero are failures", &failures_with_code_zero_are_failures},
    {"calls inside a task are refused", &calls_inside_a_task_are_refused},
    {"bad jobs are refused by all", &bad_jobs_are_refused_by_all},
    {"failed items keep their place", &failed_items_keep_their_place},
    {"node memory is checked", &node_memory_is_checked},
    {NULL, NULL},
};
const struct test_group engine_map_tests = {"engine_map", cases};
