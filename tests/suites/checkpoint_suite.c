/* Checkpoints: work finished before a program ended is not repeated, and all results are right. */
#include "checkpoint_jobs.h"
#include "suites.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- maps ------------------------------------------------------------------------------------ */

START_TEST(what_is_saved_is_not_computed_again)
{
    static const rp_schedule schedules[] = {RP_SCHEDULE_ADAPTIVE, RP_SCHEDULE_STATIC,
                                            RP_SCHEDULE_DYNAMIC, RP_SCHEDULE_GUIDED,
                                            RP_SCHEDULE_FACTORING};
    begin_place();
    for (size_t i = 0; i < sizeof schedules / sizeof schedules[0]; i++) {
        rp_map_job job = map_job();
        job.options.schedule = schedules[i];
        int64_t before = break_off(&job);
        ck_assert_int_gt(before, 0);
        job.options.schedule = schedules[(i + 1) % 5];
        ck_assert_int_eq(resume(&job), ITEMS - before);
    }
    end_place();
}
END_TEST

static int compute_range(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    (void)in;
    double *results = out;
    if (range.begin <= breaks_at && breaks_at < range.end)
        return 5;
    for (int64_t item = range.begin; item < range.end; item++)
        results[item - range.begin] = value_of(item);
    computed += range.end - range.begin;
    return 0;
}

START_TEST(ranges_are_saved_as_a_whole)
{
    begin_place();
    rp_map_job job = map_job();
    job.item = NULL;
    job.range = compute_range;
    job.options.schedule = RP_SCHEDULE_DYNAMIC;
    job.options.chunk = 7;
    int64_t before = break_off(&job);
    ck_assert_int_gt(before, 0);
    job.options.chunk = 100;
    ck_assert_int_eq(resume(&job), ITEMS - before);
    end_place();
}
END_TEST

START_TEST(results_are_where_they_are_wanted)
{
    begin_place();
    for (rp_place where = RP_ON_ROOT; where <= RP_ON_RANKS; where++) {
        if (where == RP_ON_NODES)
            continue;
        rp_map_job job = map_job();
        job.out_place = where;
        int64_t before = break_off(&job);
        ck_assert_int_eq(resume(&job), ITEMS - before);
    }
    end_place();
}
END_TEST

static int count_item(rp_task *task, const void *in, void *result)
{
    (void)in;
    (void)result;
    if (rp_task_item(task) == breaks_at)
        return 5;
    computed++;
    return 0;
}

START_TEST(items_without_results_are_saved)
{
    begin_place();
    rp_map_job job = {.n = ITEMS, .item = count_item};
    int64_t before = break_off(&job);
    rp_pool *pool = open_saved(RP_RESUME);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), ITEMS - before);
    end_place();
}
END_TEST

/* The job completes after many breaks, each at another item. */
START_TEST(resumed_again_and_again)
{
    int64_t sum = 0;
    begin_place();
    rp_map_job job = map_job();
    for (int run = 0; run < 8; run++) {
        rp_pool *pool = open_saved(RP_RESUME);
        breaks_at = 230 * run + 100;
        rp_status status = rp_map(pool, &job);
        ck_assert(status == RP_ERR_TASK || status == RP_OK);
        close_pool(pool);
        sum += computed_by_all();
        if (status == RP_OK)
            break;
    }
    breaks_at = -1;
    if (exists(saved_in()))
        ck_assert_int_eq(sum + resume(&job), ITEMS);
    end_place();
}
END_TEST

/* Only failed items are tried again. */
START_TEST(failed_items_are_tried_again)
{
    static uint8_t statuses[ITEMS];
    begin_place();
    rp_map_job job = map_job();
    job.options.on_failure = RP_ON_FAILURE_CONTINUE;
    ck_assert_int_eq(break_off(&job), ITEMS - 1);
    job.options.item_status = statuses;
    ck_assert_int_eq(resume(&job), 1);
    for (int i = 0; i < ITEMS && world_rank() == 0; i++)
        ck_assert_int_eq(statuses[i], RP_OK);
    end_place();
}
END_TEST

/* ---- reductions ------------------------------------------------------------------------------ */

START_TEST(reductions_go_on_with_the_same_bits)
{
    double expected, result;
    rp_reduce_job job = reduce_job(&expected);
    rp_pool *plain = open_pool();
    ck_assert_int_eq(rp_reduce(plain, &job), RP_OK);
    close_pool(plain);
    computed = 0;
    begin_place();
    job = reduce_job(&result);
    for (int64_t at = 100; at < ITEMS; at += 600) {
        rp_pool *pool = open_saved(RP_RESUME_NOTHING);
        breaks_at = at;
        ck_assert_int_eq(rp_reduce(pool, &job), RP_ERR_TASK);
        close_pool(pool);
        breaks_at = -1;
        int64_t before = computed_by_all();
        pool = open_saved(RP_RESUME);
        result = 0;
        rp_status status = rp_reduce(pool, &job);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        ck_assert_mem_eq(&result, &expected, sizeof result);
        close_pool(pool);
        ck_assert_int_eq(computed_by_all(), ITEMS - before);
    }
    end_place();
}
END_TEST

/* ---- cancellation ---------------------------------------------------------------------------- */

static bool interrupted; /* the first run, which item 0 ends while other ranks compute */

static int stop_or_compute(rp_task *task, int64_t item)
{
    double begun = MPI_Wtime();
    while (interrupted && MPI_Wtime() - begun < 30) {
        if (item == 0 && MPI_Wtime() - begun > 0.05)
            return 5;
        if (rp_task_cancelled(task))
            return 6;
        usleep(500);
    }
    return 0;
}

static int stop_or_compute_item(rp_task *task, const void *in, void *out)
{
    (void)in;
    int code = stop_or_compute(task, rp_task_item(task));
    if (code == 0)
        *(double *)out = value_of(rp_task_item(task));
    return code;
}

static int stop_or_compute_range(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)in;
    int code = stop_or_compute(task, range.begin);
    for (int64_t item = range.begin; item < range.end && code == 0; item++)
        ((double *)out)[item - range.begin] = value_of(item);
    return code;
}

static int stop_or_add(rp_task *task, rp_range range, const void *in, void *sum)
{
    (void)in;
    int code = stop_or_compute(task, range.begin);
    if (code == 0)
        *(double *)sum += value_of(range.begin);
    return code;
}

static int add(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left += *(const double *)right;
    return 0;
}

/* A task that returns because the job stops has no result: its item is left to the next run. */
START_TEST(cancelled_items_are_computed_by_the_next_run)
{
    static const double zero = 0;
    static const rp_options by_one = {.schedule = RP_SCHEDULE_DYNAMIC, .chunk = 1};
    double sum = 0, expected = 0;
    int n = 3 * world_ranks();
    rp_map_job items = map_job(), ranges = map_job();
    rp_reduce_job reduction = {.n = n,
                               .body = stop_or_add,
                               .identity = &zero,
                               .result = &sum,
                               .result_size = sizeof sum,
                               .combine = add,
                               .leaf = 1,
                               .options = by_one};
    items.item = stop_or_compute_item;
    ranges.item = NULL;
    ranges.range = stop_or_compute_range;
    items.n = ranges.n = n;
    items.options = ranges.options = by_one;
    begin_place();
    for (int kind = 0; kind < 3; kind++) {
        memset(map_results, 0, sizeof map_results);
        for (int run = 0; run < 2; run++) {
            interrupted = run == 0;
            rp_pool *pool = open_saved(interrupted ? RP_RESUME_NOTHING : RP_RESUME);
            rp_status status = kind == 2   ? rp_reduce(pool, &reduction)
                               : kind == 1 ? rp_map(pool, &ranges)
                                           : rp_map(pool, &items);
            ck_assert_int_eq(status, interrupted ? RP_ERR_TASK : RP_OK);
            close_pool(pool);
        }
        for (int item = 0; item < n && kind < 2 && world_rank() == 0; item++)
            ck_assert_double_eq(map_results[item], value_of(item));
    }
    for (int item = 0; item < n; item++)
        expected += value_of(item);
    ck_assert_double_eq_tol(sum, expected, 1e-12);
    end_place();
}
END_TEST

/* ---- programs with several jobs -------------------------------------------------------------- */

START_TEST(jobs_that_were_finished_are_not_done_again)
{
    double sum;
    begin_place();
    rp_map_job job = map_job();
    rp_reduce_job reduction = reduce_job(&sum);
    rp_pool *pool = open_saved(RP_RESUME);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    ck_assert_int_eq(rp_reduce(pool, &reduction), RP_OK);
    double first = sum;
    breaks_at = 3;
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    int64_t before = computed_by_all();
    memset(map_results, 0, sizeof map_results);
    pool = open_saved(RP_RESUME);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    check_results(pool, RP_ON_ROOT);
    ck_assert_int_eq(rp_reduce(pool, &reduction), RP_OK);
    ck_assert_double_eq(sum, first);
    ck_assert_int_eq(computed_by_all(), 0);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), 3 * ITEMS - before);
    end_place();
}
END_TEST

START_TEST(finished_work_is_removed)
{
    begin_place();
    rp_map_job job = map_job();
    rp_pool *pool = open_saved(RP_RESUME_NOTHING);
    ck_assert(exists(saved_in()));
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    MPI_Barrier(MPI_COMM_WORLD);
    ck_assert(!exists(saved_in()));
    MPI_Barrier(MPI_COMM_WORLD);
    /* A directory that existed before stays, empty. */
    if (world_rank() == 0)
        ck_assert_int_eq(mkdir(saved_in(), 0777), 0);
    MPI_Barrier(MPI_COMM_WORLD);
    pool = open_saved(RP_RESUME);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_rank() == 0)
        ck_assert_int_eq(rmdir(saved_in()), 0);
    computed = 0;
    end_place();
}
END_TEST

/* A program that reports an error of its own may need its results again. */
START_TEST(trouble_that_is_told_leaves_the_work_there)
{
    begin_place();
    rp_map_job job = map_job();
    rp_status worst;
    rp_pool *pool = open_saved(RP_RESUME_NOTHING);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    ck_assert_int_eq(rp_agree(pool, world_rank() == 0 ? RP_ERR_IO : RP_OK, &worst), RP_OK);
    ck_assert_int_eq(worst, RP_ERR_IO);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), ITEMS);
    ck_assert_int_eq(resume(&job), 0);
    end_place();
}
END_TEST

const struct test_group checkpoint_tests = {
    "checkpoint",
    (const struct test_case[]){
        {"what is kept is not computed again", &what_is_saved_is_not_computed_again},
        {"ranges are kept as a whole", &ranges_are_saved_as_a_whole},
        {"results are where they are wanted", &results_are_where_they_are_wanted},
        {"items without results are kept", &items_without_results_are_saved},
        {"resumed again and again", &resumed_again_and_again},
        {"failed items are tried again", &failed_items_are_tried_again},
        {"reductions go on with the same bits", &reductions_go_on_with_the_same_bits},
        {"jobs that were finished are not done again", &jobs_that_were_finished_are_not_done_again},
        {"finished work is removed", &finished_work_is_removed},
        {"trouble that is told leaves the work there", &trouble_that_is_told_leaves_the_work_there},
        {"cancelled items are computed by the next run",
         &cancelled_items_are_computed_by_the_next_run},
        {NULL, NULL},
    },
};
