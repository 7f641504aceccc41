/* Private memory that jobs use on every rank in addition to their arrays; bench/memory.c measures
 * it with larger ones. */
#include "counting_jobs.h"
#include "suites.h"

#include "resident.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const int64_t mebibyte = 1024 * 1024;

enum {
    DOUBLES = 8 * 1024 * 1024 /* 64 MiB */
};

/* A sanitizer adds memory of its own to every allocation. */
static bool sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
    return __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
    return false;
#endif
}

static double scaled(double x)
{
    return 2 * x + 1;
}

static int scale(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    for (int64_t i = 0; i < range.end - range.begin; i++)
        ((double *)out)[i] = scaled(((const double *)in)[i]);
    return 0;
}

enum {
    STREAMED = 1024 * 1024 /* bytes of an item and of its result */
};

/* 400 items, 800 MiB with their results, and a consumer slower than everything else. */
static int produce(void *user, rp_buffer *item)
{
    int *produced = user;
    if (*produced == 400)
        return RP_ITEM_LAST;
    char *bytes = rp_buffer_resize(item, STREAMED);
    if (bytes == NULL)
        return -1;
    memset(bytes, ++*produced % 100, STREAMED);
    return RP_ITEM;
}

static int copy(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    (void)task;
    return rp_buffer_append(result, in, in_bytes);
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    (void)user;
    const struct timespec rest = {0, 1000000};
    nanosleep(&rest, NULL);
    bool right = error == NULL && bytes == STREAMED && *(const char *)data == (item + 1) % 100;
    return right ? 0 : -1;
}

/* A job and the pool to run it on. */
struct run {
    rp_pool *pool;
    rp_map_job map;
    rp_reduce_job reduce;
    rp_status status;
};

static void run_map(void *argument)
{
    struct run *run = argument;
    run->status = rp_map(run->pool, &run->map);
}

static void run_reduce(void *argument)
{
    struct run *run = argument;
    run->status = rp_reduce(run->pool, &run->reduce);
}

static void run_stream(void *argument)
{
    struct run *run = argument;
    int produced = 0;
    rp_stream_job job = {
        .produce = produce, .work = copy, .consume = consume, .options = {.user = &produced}};
    run->status = rp_stream(run->pool, &job);
}

/* MPI's connection buffers, allocated when two ranks first communicate, must not count for the job:
 * in this one every rank has partial results to send. */
static void warm_up(rp_pool *pool)
{
    const int64_t nothing = 0;
    int64_t result;
    rp_reduce_job job = {.n = 100 * world_ranks(),
                         .body = count_items,
                         .combine = add_integers,
                         .identity = &nothing,
                         .result = &result,
                         .result_size = sizeof result,
                         .options = {.schedule = RP_SCHEDULE_STATIC}};
    ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
}

/* Runs the job; fails if this rank's private memory grows by `limit` or more. */
static void check_growth(struct run *run, void (*act)(void *), int64_t limit)
{
    struct resident gain;
    warm_up(run->pool);
    ck_assert(resident_gain(act, run, &gain));
    ck_assert_msg(run->status == RP_OK, "%s", rp_last_error(run->pool)->text);
    if (sanitized() && world_rank() == 0)
        printf("skipped: how much memory that took, for a sanitizer takes more\n");
    if (!sanitized())
        ck_assert_msg(gain.private_bytes < limit, "%" PRId64 " bytes more", gain.private_bytes);
}

static rp_map_job map_of(double *in, double *out, rp_place place)
{
    return (rp_map_job){.n = DOUBLES,
                        .range = scale,
                        .in = in,
                        .in_size = sizeof *in,
                        .in_place = place,
                        .out = out,
                        .out_size = sizeof *out,
                        .out_place = place};
}

static void fill(double *array, double value)
{
    for (int i = 0; array != NULL && i < DOUBLES; i++)
        array[i] = value;
}

static void check_all(const double *array, double value)
{
    for (int i = 0; i < DOUBLES; i++) {
        if (array[i] != value)
            ck_abort_msg("element %d is %g", i, array[i]);
    }
}

/* Ten million leaves. MPI buffers messages to the root that it has not received yet: some 50 KiB
 * for each rank. */
START_TEST(index_only_items_take_kilobytes)
{
    const int64_t n = INT64_C(1000000000000000), nothing = 0;
    int64_t result = -1;
    struct run run = {.pool = open_pool(),
                      .reduce = {.n = n,
                                 .leaf = n / 10000000,
                                 .body = count_items,
                                 .combine = add_integers,
                                 .identity = &nothing,
                                 .result = &result,
                                 .result_size = sizeof result}};
    check_growth(&run, run_reduce, 4 * mebibyte);
    ck_assert_int_eq(result, n);
    close_pool(run.pool);
}
END_TEST

START_TEST(node_memory_is_not_copied)
{
    struct run run = {.pool = open_pool()};
    void *in, *out;
    ck_assert_int_eq(rp_node_alloc(run.pool, DOUBLES * sizeof(double), &in), RP_OK);
    ck_assert_int_eq(rp_node_alloc(run.pool, DOUBLES * sizeof(double), &out), RP_OK);
    fill(rp_node_rank(run.pool) == 0 ? in : NULL, 3);
    ck_assert_int_eq(rp_node_sync(run.pool), RP_OK);
    run.map = map_of(in, out, RP_ON_NODES);
    check_growth(&run, run_map, mebibyte);
    if (rp_node_rank(run.pool) == 0)
        check_all(out, scaled(3));
    close_pool(run.pool);
}
END_TEST

/* Proportional to 64 MiB for arrays of 1 GiB. */
START_TEST(private_arrays_of_the_root_stay_there)
{
    struct run run = {.pool = open_pool()};
    bool root = world_rank() == 0;
    double *in = root ? malloc(DOUBLES * sizeof *in) : NULL;
    double *out = root ? malloc(DOUBLES * sizeof *out) : NULL;
    fill(in, 3);
    fill(out, -1);
    run.map = map_of(in, out, RP_ON_ROOT);
    check_growth(&run, run_map, 4 * mebibyte);
    if (root)
        check_all(out, scaled(3));
    free(in);
    free(out);
    close_pool(run.pool);
}
END_TEST

/* The window of 16 MiB, an item and its result, and messages that MPI buffers. */
START_TEST(a_slow_consumer_holds_up_the_producer)
{
    struct run run = {.pool = open_pool()};
    check_growth(&run, run_stream, 40 * mebibyte);
    close_pool(run.pool);
}
END_TEST

static const struct test_case cases[] = {
    {"index-only items take kilobytes", &index_only_items_take_kilobytes},
    {"node memory is not copied", &node_memory_is_not_copied},
    {"private arrays of the root stay there", &private_arrays_of_the_root_stay_there},
    {"a slow consumer holds up the producer", &a_slow_consumer_holds_up_the_producer},
    {NULL, NULL},
};
const struct test_group engine_memory_tests = {"engine_memory", cases};
