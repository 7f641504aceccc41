/* Jobs that have found enough: they end early, with success, and all ranks know the item. */
#include "checkpoint_jobs.h"
#include "counting_jobs.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

enum {
    N = 20000,
    EVERY = 1000 /* each such item is enough */
};

struct search {
    int64_t from; /* items from here on may be enough; N: none is */
    int64_t ran;  /* on this rank */
    int64_t lowest_that_ran;
};

static int64_t over_ranks(int64_t mine, MPI_Op op)
{
    int64_t all;
    MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, op, MPI_COMM_WORLD);
    return all;
}

static bool is_enough(const struct search *search, int64_t item)
{
    return item >= search->from && item % EVERY == 0;
}

static void note(struct search *search, int64_t item)
{
    search->ran++;
    if (is_enough(search, item) && item < search->lowest_that_ran)
        search->lowest_that_ran = item;
}

static int search_item(rp_task *task, const void *in, void *out)
{
    struct search *search = rp_task_user(task);
    int64_t item = rp_task_item(task);
    (void)in;
    note(search, item);
    if (out != NULL)
        *(double *)out = (double)item;
    return is_enough(search, item) ? rp_task_enough(task, item) : 0;
}

static int search_range(rp_task *task, rp_range range, const void *in, void *out)
{
    struct search *search = rp_task_user(task);
    int64_t lowest = -1;
    (void)in;
    for (int64_t item = range.begin; item < range.end; item++) {
        note(search, item);
        ((double *)out)[item - range.begin] = (double)item;
        lowest = lowest < 0 && is_enough(search, item) ? item : lowest;
    }
    return lowest >= 0 ? rp_task_enough(task, lowest) : 0;
}

/* After a job: it has succeeded, and every rank names the lowest item that said so. */
static int64_t check_found(rp_pool *pool, rp_status status, const struct search *search)
{
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    int64_t found = rp_enough_item(pool), lowest = over_ranks(search->lowest_that_ran, MPI_MIN);
    if (lowest == N)
        ck_assert_int_eq(found, -1);
    else
        ck_assert_int_eq(found, lowest);
    return found;
}

static struct search search_from(int64_t from)
{
    return (struct search){.from = from, .lowest_that_ran = N};
}

static void check_map(rp_pool *pool, double *out, rp_place place, bool ranges, rp_schedule schedule)
{
    static uint8_t statuses[N];
    bool root = rp_rank(pool) == rp_root(pool);
    struct search search = search_from(EVERY);
    rp_map_job job = {.n = N,
                      .out = out,
                      .out_size = sizeof *out,
                      .out_place = place,
                      .options = {.user = &search,
                                  .schedule = schedule,
                                  .chunk = 10,
                                  .item_status = root ? statuses : NULL}};
    if (ranges)
        job.range = search_range;
    else
        job.item = search_item;
    rp_barrier(pool); /* the program clears node memory only after all have read it */
    memset(out, 0, N * sizeof *out);
    rp_node_sync(pool);
    int64_t found = check_found(pool, rp_map(pool, &job), &search);
    if (root || place == RP_ON_RANKS)
        ck_assert(found >= EVERY && out[found] == (double)found);
    for (int64_t i = 0; root && i < N; i++)
        ck_assert(statuses[i] == RP_ERR_CANCELLED || (statuses[i] == RP_OK && out[i] == (double)i));
    if (root)
        ck_assert_int_eq(statuses[found], RP_OK);
}

START_TEST(maps_end_early)
{
    rp_pool *pool = open_pool();
    void *memory;
    double *own = malloc(N * sizeof *own);
    ck_assert_int_eq(rp_node_alloc(pool, N * sizeof *own, &memory), RP_OK);
    for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++) {
        check_map(pool, own, RP_ON_ROOT, schedule % 2, (rp_schedule)schedule);
        check_map(pool, own, RP_ON_RANKS, schedule % 2 == 0, (rp_schedule)schedule);
        check_map(pool, memory, RP_ON_NODES, false, (rp_schedule)schedule);
    }
    free(own);
    close_pool(pool);
}
END_TEST

START_TEST(the_lowest_of_all_by_repetition)
{
    rp_pool *pool = open_pool();
    for (int64_t from = EVERY; from <= N; from += 9 * EVERY) {
        rp_status status = RP_OK;
        int64_t lowest = -1;
        for (int64_t n = N; n > 0 && status == RP_OK; n = rp_enough_item(pool)) {
            struct search search = search_from(from);
            lowest = n;
            status =
                rp_map(pool,
                       &(rp_map_job){.n = n, .item = search_item, .options = {.user = &search}});
        }
        ck_assert_int_eq(status, RP_OK);
        ck_assert_int_eq(lowest, from < N ? from : N);
    }
    close_pool(pool);
}
END_TEST

static bool in_time;

/* The root's first item is enough; the items of others wait until they are cancelled. */
static int wait_for_the_end(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    if (world_rank() == 0)
        return rp_task_enough(task, rp_task_item(task));
    double begin = MPI_Wtime();
    while (!rp_task_cancelled(task) && MPI_Wtime() - begin < 30)
        continue;
    in_time = in_time && MPI_Wtime() - begin < 30;
    return 1;
}

START_TEST(tasks_in_progress_are_cancelled)
{
    rp_pool *pool = open_pool();
    in_time = true;
    rp_map_job job = {.n = 1000,
                      .item = wait_for_the_end,
                      .options = {.schedule = RP_SCHEDULE_DYNAMIC, .retries = 2}};
    rp_status status = rp_map(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert(in_time);
    ck_assert_int_ge(rp_enough_item(pool), 0);
    close_pool(pool);
}
END_TEST

static int enough_and_fail(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    rp_task_enough(task, rp_task_item(task));
    return rp_task_fail(task, rp_task_item(task), 9, "no");
}

START_TEST(a_failure_wins)
{
    rp_pool *pool = open_pool();
    rp_map_job job = {.n = 100, .item = enough_and_fail};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 9);
    ck_assert_int_eq(rp_enough_item(pool), -1);
    close_pool(pool);
}
END_TEST

/* ---- reductions ------------------------------------------------------------------------------ */

static int count_and_search(rp_task *task, rp_range range, const void *in, void *partial)
{
    struct search *search = rp_task_user(task);
    int64_t lowest = -1, *sum = partial;
    (void)in;
    for (int64_t item = range.begin; item < range.end; item++) {
        note(search, item);
        *sum += is_enough(search, item) ? EVERY : 1;
        lowest = lowest < 0 && is_enough(search, item) ? item : lowest;
    }
    return lowest >= 0 ? rp_task_enough(task, lowest) : 0;
}

/* A leaf of several calls, because its input is large, ends with the call that finds enough. */
static void check_reduction(rp_pool *pool, int64_t leaf, size_t in_size, int64_t from)
{
    static const int64_t nothing;
    struct search search = search_from(from);
    int64_t result = -1;
    char *in = in_size > 0 ? calloc(N, in_size) : NULL;
    rp_reduce_job job = {.n = N,
                         .leaf = leaf,
                         .body = count_and_search,
                         .combine = add_integers,
                         .identity = &nothing,
                         .in = in,
                         .in_size = in_size,
                         .in_place = RP_ON_RANKS,
                         .result = &result,
                         .result_size = sizeof result,
                         .options = {.user = &search, .schedule = RP_SCHEDULE_DYNAMIC}};
    int64_t found = check_found(pool, rp_reduce(pool, &job), &search);
    int64_t ran = over_ranks(search.ran, MPI_SUM);
    if (found < 0)
        ck_assert_int_eq(result, N);
    else
        ck_assert(result >= EVERY && result < ran + N / EVERY * EVERY);
    ck_assert_int_eq(over_ranks(result, MPI_MAX), result);
    free(in);
}

START_TEST(reductions_combine_what_was_computed)
{
    rp_pool *pool = open_pool();
    check_reduction(pool, 1, 0, EVERY);
    check_reduction(pool, 64, 0, EVERY);
    check_reduction(pool, N, 0, EVERY);
    check_reduction(pool, 2500, 1024, EVERY);
    check_reduction(pool, 64, 0, N);
    close_pool(pool);
}
END_TEST

/* ---- loops, results of any length, streams --------------------------------------------------- */

/* Every second rank leaves its loop at once; the others go on to its end. */
START_TEST(loops_end_early)
{
    rp_pool *pool = open_pool();
    for (int round = 0; round < 10; round++) {
        struct search search = search_from(round < 9 ? EVERY : N);
        rp_loop *loop;
        rp_range range;
        bool left = false;
        ck_assert_int_eq(rp_loop_open(pool, N, NULL, &loop), RP_OK);
        while (!left && rp_loop_next(loop, &range)) {
            for (int64_t item = range.begin; item < range.end && !left; item++) {
                note(&search, item);
                if (!is_enough(&search, item))
                    continue;
                ck_assert_int_eq(rp_loop_enough(loop, item), RP_OK);
                left = (world_rank() + round) % 2 == 0;
            }
        }
        check_found(pool, rp_loop_close(&loop, RP_OK), &search);
    }
    rp_loop *loop;
    ck_assert_int_eq(rp_loop_enough(NULL, 0), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_loop_open(pool, 1, NULL, &loop), RP_OK);
    ck_assert_int_eq(rp_loop_enough(loop, -1), RP_ERR_ARGUMENT);
    rp_range range;
    while (rp_loop_next(loop, &range))
        continue;
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    ck_assert_int_eq(rp_enough_item(pool), -1);
    close_pool(pool);
}
END_TEST

static int search_varlen(rp_task *task, const void *in, rp_buffer *result)
{
    int64_t item = rp_task_item(task);
    rp_buffer_append(result, &item, sizeof item);
    return search_item(task, in, NULL);
}

START_TEST(results_of_any_length_end_early)
{
    rp_pool *pool = open_pool();
    struct search search = search_from(EVERY);
    rp_results *results;
    rp_map_varlen_job job = {.n = N, .item = search_varlen, .options = {.user = &search}};
    rp_status status = rp_map_varlen(pool, &job, &results);
    check_found(pool, status, &search);
    ck_assert_ptr_nonnull(results);
    rp_results_free(&results);
    close_pool(pool);
}
END_TEST

static int produce_one(void *user, rp_buffer *item)
{
    int *produced = user;
    (void)item;
    return (*produced)++ == 0 ? RP_ITEM : RP_ITEM_LAST;
}

static int work_enough(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    (void)in;
    (void)bytes;
    (void)result;
    return rp_task_enough(task, rp_task_item(task));
}

START_TEST(streams_refuse_it)
{
    rp_pool *pool = open_pool();
    int produced = 0;
    rp_stream_job job = {.produce = produce_one,
                         .work = work_enough,
                         .options = {.user = &produced}};
    ck_assert_int_eq(rp_stream(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert(strstr(rp_last_error(pool)->text, "not for streams") != NULL);
    close_pool(pool);
}
END_TEST

static int enough_before_the_first(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return rp_task_enough(task, -1 - rp_task_item(task));
}

START_TEST(negative_items_are_refused)
{
    rp_pool *pool = open_pool();
    rp_map_job job = {.n = ITEMS, .item = enough_before_the_first};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert(strstr(rp_last_error(pool)->text, "give an item of the call") != NULL);
    ck_assert_int_eq(rp_enough_item(pool), -1);
    close_pool(pool);
}
END_TEST

/* ---- checkpoints ----------------------------------------------------------------------------- */

static int value_until(rp_task *task, const void *in, void *out)
{
    (void)in;
    *(double *)out = value_of(rp_task_item(task));
    computed++;
    return rp_task_item(task) == ITEMS / 2 ? rp_task_enough(task, ITEMS / 2) : 0;
}

static int fail_at_once(rp_task *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return 5;
}

/* A program whose first job finds enough, and whose second one fails or does not. */
static void search_then(rp_item_fn next, rp_status expected)
{
    rp_pool *pool = open_saved(RP_RESUME);
    rp_map_job job = map_job(), second = {.n = 1, .item = next};
    job.item = value_until;
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    ck_assert_int_eq(rp_enough_item(pool), ITEMS / 2);
    ck_assert_int_eq(rp_map(pool, &second), expected);
    ck_assert_int_eq(rp_enough_item(pool), -1);
    close_pool(pool);
}

static int do_nothing(rp_task *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return 0;
}

START_TEST(a_resumed_job_finds_enough_again)
{
    begin_place();
    search_then(fail_at_once, RP_ERR_TASK);
    int64_t first = computed_by_all();
    search_then(do_nothing, RP_OK);
    int64_t second = computed_by_all();
    ck_assert_int_ge(first, 1);
    ck_assert(second >= 1 && first + second <= ITEMS + (int64_t)world_ranks() * ITEMS);
    end_place(); /* the journals are removed */
}
END_TEST

static const struct test_case cases[] = {
    {"maps end early", &maps_end_early},
    {"the lowest of all, by repetition", &the_lowest_of_all_by_repetition},
    {"tasks in progress are cancelled", &tasks_in_progress_are_cancelled},
    {"a failure wins", &a_failure_wins},
    {"reductions combine what was computed", &reductions_combine_what_was_computed},
    {"loops end early", &loops_end_early},
    {"results of any length end early", &results_of_any_length_end_early},
    {"streams refuse it", &streams_refuse_it},
    {"negative items are refused", &negative_items_are_refused},
    {"a resumed job finds enough again", &a_resumed_job_finds_enough_again},
    {NULL, NULL},
};
const struct test_group engine_enough_tests = {"engine_enough", cases};
