/* Maps whose results have variable length. */
#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Length and bytes of an item's result: a pattern that depends on the item only. */
static size_t length_of(int64_t item)
{
    return (size_t)(item * 7919 % 13 * (item % 3));
}

static unsigned char byte_of(int64_t item, size_t place)
{
    return (unsigned char)((uint64_t)item * 31 + place * 7 + 1);
}

static int make_pattern(rp_task *task, const void *in, rp_buffer *result)
{
    int64_t item = in != NULL ? *(const int64_t *)in : rp_task_item(task);
    size_t length = length_of(item);
    unsigned char *bytes = rp_buffer_resize(result, length);
    for (size_t i = 0; bytes != NULL && i < length; i++)
        bytes[i] = byte_of(item, i);
    return bytes == NULL;
}

static bool is_pattern(int64_t item, const void *data, size_t bytes)
{
    bool same = bytes == length_of(item);
    for (size_t i = 0; i < bytes && same; i++)
        same = ((const unsigned char *)data)[i] == byte_of(item, i);
    return same;
}

static bool fails(int64_t item)
{
    return item % 100 == 17;
}

static int make_or_fail(rp_task *task, const void *in, rp_buffer *result)
{
    int64_t item = rp_task_item(task);
    make_pattern(task, in, result);
    return fails(item) ? rp_task_fail(task, item, 5, "item %d refuses", (int)item) : 0;
}

/* All results on one rank, empty ones for the items that failed. */
static void check_gathered(rp_pool *pool, rp_results *results, int root, int64_t n, bool failed)
{
    const int64_t *offsets = NULL;
    const void *data = pool;
    rp_status status = rp_results_gather(results, root, &offsets, &data);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    if (world_rank() != root) {
        ck_assert_ptr_null(offsets);
        ck_assert_ptr_null(data);
        return;
    }
    ck_assert_int_eq(offsets[0], 0);
    bool same = true;
    int64_t item = 0;
    for (; item < n && same; item++) {
        size_t bytes = (size_t)(offsets[item + 1] - offsets[item]);
        const char *place = (const char *)data + offsets[item];
        same = failed && fails(item) ? bytes == 0 : is_pattern(item, place, bytes);
    }
    ck_assert_msg(same, "the result of item %lld is another", (long long)(item - 1));
}

/* Each item is on exactly one rank, which stores its items in ascending order. */
static void check_mine(const rp_results *results, int64_t n)
{
    int64_t item, last = -1, mine = 0, all = 0;
    const void *data;
    size_t bytes;
    bool same = true;
    for (; same && rp_results_mine(results, mine, &item, &data, &bytes); mine++) {
        same = item > last && is_pattern(item, data, bytes);
        last = item;
    }
    ck_assert(same);
    ck_assert(!rp_results_mine(results, -1, &item, &data, &bytes));
    ck_assert(!rp_results_mine(NULL, 0, &item, &data, &bytes));
    MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    ck_assert_int_eq(all, n);
}

START_TEST(gathered_in_the_order_of_the_items)
{
    static const int64_t sizes[] = {0, 1, 2, 1000, 100000};
    static const rp_schedule schedules[] = {RP_SCHEDULE_ADAPTIVE, RP_SCHEDULE_STATIC,
                                            RP_SCHEDULE_DYNAMIC, RP_SCHEDULE_GUIDED};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t s = 0; s < sizeof schedules / sizeof schedules[0]; s++) {
            rp_map_varlen_job job = {.n = sizes[i],
                                     .item = make_pattern,
                                     .options = {.schedule = schedules[s],
                                                 .chunk = s == 2 ? 7 : 0}};
            rp_results *results;
            ck_assert_int_eq(rp_map_varlen(pool, &job, &results), RP_OK);
            check_mine(results, job.n);
            check_gathered(pool, results, world_ranks() - 1, job.n, false);
            check_gathered(pool, results, 0, job.n, false);
            rp_results_free(&results);
            ck_assert_ptr_null(results);
            rp_results_free(&results);
        }
    }
    close_pool(pool);
}
END_TEST

START_TEST(inputs_of_the_root)
{
    rp_pool *pool = open_pool();
    int64_t n = 20000, *in = NULL;
    if (world_rank() == 0) {
        in = malloc((size_t)n * sizeof *in);
        for (int64_t i = 0; i < n; i++)
            in[i] = i;
    }
    rp_results *results;
    rp_map_varlen_job job = {.n = n, .item = make_pattern, .in = in, .in_size = sizeof *in};
    ck_assert_int_eq(rp_map_varlen(pool, &job, &results), RP_OK);
    free(in);
    check_mine(results, n);
    check_gathered(pool, results, 0, n, false);
    close_pool(pool);
    rp_results_free(&results);
}
END_TEST

START_TEST(failed_items_have_no_bytes)
{
    rp_pool *pool = open_pool();
    int64_t n = 1000;
    uint8_t statuses[1000];
    rp_results *results;
    rp_map_varlen_job job = {.n = n,
                             .item = make_or_fail,
                             .options = {.on_failure = RP_ON_FAILURE_CONTINUE,
                                         .item_status = statuses,
                                         .schedule = RP_SCHEDULE_DYNAMIC}};
    ck_assert_int_eq(rp_map_varlen(pool, &job, &results), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->item, 17);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 5);
    ck_assert_str_eq(rp_last_error(pool)->text, "item 17 refuses");
    for (int64_t item = 0; item < n && world_rank() == 0; item++)
        ck_assert_int_eq(statuses[item], fails(item) ? RP_ERR_TASK : RP_OK);
    check_gathered(pool, results, 0, n, true);
    rp_results_free(&results);
    job.options.on_failure = RP_ON_FAILURE_STOP;
    ck_assert_int_eq(rp_map_varlen(pool, &job, &results), RP_ERR_TASK);
    const int64_t *offsets;
    const void *data;
    ck_assert_int_eq(rp_results_gather(results, 0, &offsets, &data), RP_OK);
    for (int64_t item = 0; item < n && world_rank() == 0; item++)
        ck_assert_int_eq(offsets[item + 1] - offsets[item],
                         statuses[item] == RP_OK ? (int64_t)length_of(item) : 0);
    rp_results_free(&results);
    close_pool(pool);
}
END_TEST

/* Fails twice, with bytes that must be discarded. */
static int fail_twice(rp_task *task, const void *in, rp_buffer *result)
{
    if (rp_task_attempt(task) == 2)
        return make_pattern(task, in, result);
    rp_buffer_append(result, "left behind", 11);
    return 1;
}

START_TEST(every_attempt_begins_without_bytes)
{
    rp_pool *pool = open_pool();
    rp_results *results;
    rp_map_varlen_job job = {.n = 500, .item = fail_twice, .options.retries = 2};
    ck_assert_int_eq(rp_map_varlen(pool, &job, &results), RP_OK);
    check_mine(results, job.n);
    check_gathered(pool, results, 0, job.n, false);
    rp_results_free(&results);
    job.options.retries = 1;
    ck_assert_int_eq(rp_map_varlen(pool, &job, &results), RP_ERR_TASK);
    rp_results_free(&results);
    close_pool(pool);
}
END_TEST

/* A path that is the same on all ranks. */
static void make_name(char path[64])
{
    int process = (int)getpid();
    MPI_Bcast(&process, 1, MPI_INT, 0, MPI_COMM_WORLD);
    snprintf(path, 64, "/tmp/engine_varlen_suite.%d", process);
}

START_TEST(written_in_the_order_of_the_items)
{
    rp_pool *pool = open_pool();
    int64_t n = 30000;
    char path[64];
    make_name(path);
    rp_results *results;
    rp_map_varlen_job job = {.n = n,
                             .item = make_pattern,
                             .options = {.schedule = RP_SCHEDULE_DYNAMIC, .chunk = 50}};
    ck_assert_int_eq(rp_map_varlen(pool, &job, &results), RP_OK);
    rp_status status = rp_results_write(results, path);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    bool same = true;
    for (int64_t item = 0; item < n && same; item++) {
        unsigned char bytes[64];
        same = fread(bytes, 1, length_of(item), file) == length_of(item) &&
               is_pattern(item, bytes, length_of(item));
    }
    ck_assert(same && fgetc(file) == EOF);
    fclose(file);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() == 0)
        unlink(path);
    ck_assert_int_eq(rp_results_write(results, "/nowhere/at/all"), RP_ERR_IO);
    check_same_error(rp_last_error(pool), RP_ERR_IO);
    ck_assert_str_eq(rp_last_error(pool)->text,
                     "cannot write '/nowhere/at/all': No such file or directory");
    check_gathered(pool, results, 0, n, false);
    rp_results_free(&results);
    close_pool(pool);
}
END_TEST

/* One item's result exceeds any memory. */
static int want_too_much(rp_task *task, const void *in, rp_buffer *result)
{
    (void)in;
    if (rp_task_item(task) != 3)
        return 0;
    return rp_buffer_resize(result, SIZE_MAX / 4) == NULL
               ? rp_task_fail(task, 3, 12, "no memory for so much")
               : 0;
}

static rp_status run(rp_pool *pool, const void *job)
{
    rp_results *results = (rp_results *)pool;
    rp_status status = rp_map_varlen(pool, job, &results);
    ck_assert((results != NULL) == (status == RP_OK || status == RP_ERR_TASK));
    rp_results_free(&results);
    return status;
}

START_TEST(bad_jobs_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    int64_t in[4] = {0};
    rp_map_varlen_job good = {.n = 4, .item = make_pattern}, bad = good;
    bad.n = -1;
    check_job_refused(pool, run, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.item = NULL;
    check_job_refused(pool, run, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.in = in;
    bad.in_place = RP_ON_RANKS;
    check_job_refused(pool, run, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.options.reserved[0] = 1;
    check_job_refused(pool, run, &good, &bad, RP_ERR_VERSION);
    check_job_refused(pool, run, &good, NULL, RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        bad = good;
        bad.n = 5;
        check_job_refused(pool, run, &good, &bad, RP_ERR_MISMATCH);
    }
    rp_map_varlen_job large = {.n = 10, .item = want_too_much};
    ck_assert_int_eq(run(pool, &large), RP_ERR_TASK);
    ck_assert_str_eq(rp_last_error(pool)->text, "no memory for so much");
    close_pool(pool);
}
END_TEST

START_TEST(bad_gathers_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    rp_map_varlen_job job = {.n = 4, .item = make_pattern};
    rp_results *one, *other;
    const int64_t *offsets;
    const void *data;
    bool last = world_rank() == world_ranks() - 1;
    ck_assert_int_eq(rp_map_varlen(pool, &job, &one), RP_OK);
    ck_assert_int_eq(rp_map_varlen(pool, &job, &other), RP_OK);
    ck_assert_int_eq(rp_results_gather(one, world_ranks(), &offsets, &data), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_results_gather(one, 0, NULL, &data), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_results_gather(NULL, 0, &offsets, &data), RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        ck_assert_int_eq(rp_results_gather(last ? one : other, 0, &offsets, &data),
                         RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        ck_assert_int_eq(rp_results_write(last ? one : other, "/tmp/x"), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
    }
    rp_results_free(&one);
    rp_results_free(&other);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"gathered in the order of the items", &gathered_in_the_order_of_the_items},
    {"inputs of the root", &inputs_of_the_root},
    {"failed items have no bytes", &failed_items_have_no_bytes},
    {"every attempt begins without bytes", &every_attempt_begins_without_bytes},
    {"written in the order of the items", &written_in_the_order_of_the_items},
    {"bad jobs are refused by all", &bad_jobs_are_refused_by_all},
    {"bad gathers are refused by all", &bad_gathers_are_refused_by_all},
    {NULL, NULL},
};
const struct test_group engine_varlen_tests = {"engine_varlen", cases};
