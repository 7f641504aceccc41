/* The pull loop: every item once under every schedule; all ranks stop when one gives up. */
#include "suites.h"

#include "pool/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const rp_schedule schedules[] = {RP_SCHEDULE_ADAPTIVE, RP_SCHEDULE_STATIC,
                                        RP_SCHEDULE_DYNAMIC, RP_SCHEDULE_GUIDED,
                                        RP_SCHEDULE_FACTORING};
enum {
    SCHEDULES = sizeof schedules / sizeof schedules[0]
};

/* Runs a loop and checks that exactly one rank got each item. */
static void check_every_item_once(rp_pool *pool, int n, const rp_options *options)
{
    int *mine = calloc((size_t)n + 1, sizeof *mine), *all = calloc((size_t)n + 1, sizeof *all);
    rp_loop *loop;
    rp_range range;
    rp_status status = rp_loop_open(pool, n, options, &loop);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    while (rp_loop_next(loop, &range)) {
        ck_assert(0 <= range.begin && range.begin < range.end && range.end <= n);
        for (int64_t item = range.begin; item < range.end; item++)
            mine[item]++;
    }
    ck_assert(!rp_loop_next(loop, &range));
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    ck_assert_ptr_null(loop);
    MPI_Allreduce(mine, all, n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    for (int item = 0; item < n; item++)
        if (all[item] != 1)
            ck_abort_msg("item %d of %d came %d times, schedule %d", item, n, all[item],
                         options != NULL ? (int)options->schedule : -1);
    free(mine);
    free(all);
}

/* Under every schedule, loops of these sizes. */
static void check_schedules(rp_pool *pool, int64_t chunk, const int *sizes, int count)
{
    for (int s = 0; s < SCHEDULES; s++) {
        for (int i = 0; i < count; i++) {
            rp_options options = {.schedule = schedules[s], .chunk = chunk};
            check_every_item_once(pool, sizes[i], &options);
        }
    }
}

START_TEST(every_item_once)
{
    rp_pool *pool = open_pool();
    int ranks = world_ranks();
    int sizes[] = {0, 1, 2, ranks - 1, ranks, ranks + 1, 10 * ranks + 3, 1000, 20000};
    check_every_item_once(pool, 5000, NULL);
    check_schedules(pool, 0, sizes, sizeof sizes / sizeof sizes[0]);
    close_pool(pool);
}
END_TEST

START_TEST(chunks_of_any_length)
{
    static const int64_t chunks[] = {1, 6, 40, 50, INT64_MAX};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof chunks / sizeof chunks[0]; i++)
        check_schedules(pool, chunks[i], (const int[]){40, 1003}, 2);
    close_pool(pool);
}
END_TEST

START_TEST(calls_with_a_cost)
{
    rp_pool *pool = open_pool();
    rp_options options = {.call_overhead = 1e-3};
    check_every_item_once(pool, 10000, &options);
    options.expected_seconds = 1e-7;
    check_every_item_once(pool, 10000, &options);
    close_pool(pool);
}
END_TEST

START_TEST(loops_on_pretended_nodes)
{
    for (int size = 1; size <= 3; size++) {
        rp_pool *pool = open_nodes(size);
        check_schedules(pool, 0, (const int[]){1, 3001}, 2);
        close_pool(pool);
    }
}
END_TEST

START_TEST(chunks_have_the_length_asked_for)
{
    rp_pool *pool = open_pool();
    rp_loop *loop;
    rp_range range;
    rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC, .chunk = 7};
    ck_assert_int_eq(rp_loop_open(pool, 10000, &options, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        ck_assert_int_le(range.end - range.begin, 7);
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    options = (rp_options){.schedule = RP_SCHEDULE_STATIC};
    rp_range block = rp_block(10000, world_ranks(), world_rank());
    ck_assert_int_eq(rp_loop_open(pool, 10000, &options, &loop), RP_OK);
    ck_assert(rp_loop_next(loop, &range));
    if (rp_nodes(pool) == 1) {
        ck_assert_int_eq(range.begin, block.begin);
        ck_assert_int_eq(range.end, block.end);
    }
    ck_assert(!rp_loop_next(loop, &range));
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(more_items_than_words_can_count)
{
    static const int64_t sizes[] = {(INT64_C(1) << 31) + 1, INT64_C(1000000000000000), INT64_MAX};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int s = 0; s < SCHEDULES; s++) {
            rp_options options = {.schedule = schedules[s], .chunk = sizes[i] / 1000};
            rp_loop *loop;
            rp_range range;
            int64_t mine = 0, all;
            ck_assert_int_eq(rp_loop_open(pool, sizes[i], &options, &loop), RP_OK);
            while (rp_loop_next(loop, &range))
                mine += range.end - range.begin;
            ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
            MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
            ck_assert_int_eq(all, sizes[i]);
        }
    }
    close_pool(pool);
}
END_TEST

START_TEST(work_is_stolen_from_a_slow_rank)
{
    rp_pool *pool = open_pool();
    rp_loop *loop;
    rp_range range;
    rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC};
    int64_t mine = 0;
    ck_assert_int_eq(rp_loop_open(pool, 200, &options, &loop), RP_OK);
    while (rp_loop_next(loop, &range)) {
        mine++;
        if (world_rank() == 0)
            usleep(5000);
    }
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    if (world_rank() == 0 && rp_node_ranks(pool) > 1)
        ck_assert_int_lt(mine, rp_block(200, world_ranks(), 0).end);
    close_pool(pool);
}
END_TEST

START_TEST(log_tells_what_was_finished)
{
    rp_pool *pool = open_pool();
    rp_loop *loop;
    rp_range range;
    rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC, .chunk = 3};
    ck_assert_int_eq(rp_loop_open(pool, 5000, &options, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        continue;
    struct work_queue *work_queue = pool->work_queue;
    struct unit_range *unit_ranges = malloc(work_queue->log_capacity * sizeof *unit_ranges);
    uint32_t finished = 0;
    for (uint32_t lane = 0; lane < work_queue->lanes; lane++) {
        uint32_t count = rpi_completion_log_read(rpi_work_queue_log(work_queue, lane),
                                                 work_queue->log_capacity, unit_ranges);
        for (uint32_t i = 0; i < count; i++)
            finished += unit_range_length(unit_ranges[i]);
    }
    ck_assert_uint_eq(finished, work_queue_issued(work_queue));
    free(unit_ranges);
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    close_pool(pool);
}
END_TEST

START_TEST(one_gives_up_and_all_stop)
{
    rp_pool *pool = open_pool();
    for (int s = 0; s < SCHEDULES; s++) {
        rp_options options = {.schedule = schedules[s]};
        rp_loop *loop;
        rp_range range;
        bool gives_up = world_rank() == world_ranks() - 1;
        ck_assert_int_eq(rp_loop_open(pool, 100000, &options, &loop), RP_OK);
        while (!gives_up && rp_loop_next(loop, &range))
            continue;
        ck_assert_int_eq(rp_loop_close(&loop, gives_up ? RP_ERR_TASK : RP_OK), RP_ERR_TASK);
        check_same_error(rp_last_error(pool), RP_ERR_TASK);
        ck_assert_int_eq(rp_last_error(pool)->rank, world_ranks() - 1);
        check_every_item_once(pool, 100, &options);
    }
    close_pool(pool);
}
END_TEST

START_TEST(leaving_early_without_a_reason)
{
    rp_pool *pool = open_pool();
    rp_loop *loop;
    rp_range range;
    /* No rank takes another's static share, so rank 0 always finds its own. */
    rp_options options = {.schedule = RP_SCHEDULE_STATIC};
    ck_assert_int_eq(rp_loop_open(pool, 100000, &options, &loop), RP_OK);
    if (world_rank() == 0)
        ck_assert(rp_loop_next(loop, &range));
    while (world_rank() != 0 && rp_loop_next(loop, &range))
        continue;
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_ERR_STATE);
    check_same_error(rp_last_error(pool), RP_ERR_STATE);
    check_every_item_once(pool, 100, NULL);
    close_pool(pool);
}
END_TEST

START_TEST(other_calls_inside_a_loop_are_refused)
{
    rp_pool *pool = open_pool();
    rp_loop *loop, *second;
    rp_range range;
    void *memory = NULL;
    ck_assert_int_eq(rp_loop_open(pool, 1000, NULL, &loop), RP_OK);
    ck_assert_int_eq(rp_barrier(pool), RP_ERR_STATE);
    ck_assert_int_eq(rp_agree(pool, RP_OK, NULL), RP_ERR_STATE);
    ck_assert_int_eq(rp_node_alloc(pool, 8, &memory), RP_ERR_STATE);
    ck_assert_int_eq(rp_loop_open(pool, 10, NULL, &second), RP_ERR_STATE);
    ck_assert_ptr_null(second);
    int64_t mine = 0, all;
    while (rp_loop_next(loop, &range))
        mine += range.end - range.begin;
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_ERR_ARGUMENT);
    MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    ck_assert_int_eq(all, 1000);
    close_pool(pool);
}
END_TEST

START_TEST(closing_a_pool_with_a_loop_open)
{
    rp_pool *pool = open_pool();
    rp_loop *loop;
    ck_assert_int_eq(rp_loop_open(pool, 1000, NULL, &loop), RP_OK);
    ck_assert_int_eq(rp_close(&pool), RP_ERR_STATE);
    ck_assert_ptr_null(pool);
}
END_TEST

/* Only the last rank's arguments are wrong; every rank must get the error, and the pool stays
 * usable. */
static void check_refused(rp_pool *pool, int64_t n, rp_options options, rp_status status)
{
    rp_loop *loop = (rp_loop *)pool;
    bool last = world_rank() == world_ranks() - 1;
    rp_options good = {.chunk = 0};
    ck_assert_int_eq(rp_loop_open(pool, last ? n : 50, last ? &options : &good, &loop), status);
    ck_assert_ptr_null(loop);
    check_same_error(rp_last_error(pool), status);
    ck_assert_int_eq(rp_last_error(pool)->rank, world_ranks() - 1);
    check_every_item_once(pool, 20, NULL);
}

START_TEST(bad_arguments_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    check_refused(pool, -1, (rp_options){.chunk = 0}, RP_ERR_ARGUMENT);
    check_refused(pool, INT64_MIN, (rp_options){.chunk = 0}, RP_ERR_ARGUMENT);
    check_refused(pool, 50, (rp_options){.chunk = -1}, RP_ERR_ARGUMENT);
    check_refused(pool, 50, (rp_options){.schedule = (rp_schedule)5}, RP_ERR_ARGUMENT);
    check_refused(pool, 50, (rp_options){.schedule = (rp_schedule)-1}, RP_ERR_ARGUMENT);
    check_refused(pool, 50, (rp_options){.call_overhead = -1}, RP_ERR_ARGUMENT);
    check_refused(pool, 50, (rp_options){.call_overhead = NAN}, RP_ERR_ARGUMENT);
    check_refused(pool, 50, (rp_options){.expected_seconds = -1}, RP_ERR_ARGUMENT);
    check_refused(pool, 50, (rp_options){.expected_seconds = INFINITY}, RP_ERR_ARGUMENT);
    check_refused(pool, 50, (rp_options){.reserved = {1}}, RP_ERR_VERSION);
    if (world_ranks() > 1) {
        check_refused(pool, 51, (rp_options){.chunk = 0}, RP_ERR_MISMATCH);
        check_refused(pool, 50, (rp_options){.chunk = 2}, RP_ERR_MISMATCH);
        check_refused(pool, 50, (rp_options){.schedule = RP_SCHEDULE_GUIDED}, RP_ERR_MISMATCH);
    }
    ck_assert_int_eq(rp_loop_open(pool, 50, NULL, NULL), RP_ERR_ARGUMENT);
    close_pool(pool);
}
END_TEST

START_TEST(mismatches_say_who_said_what)
{
    rp_pool *pool = open_pool();
    rp_loop *loop;
    if (world_ranks() > 1) {
        int64_t n = world_rank() == 1 ? 6 : 5;
        ck_assert_int_eq(rp_loop_open(pool, n, NULL, &loop), RP_ERR_MISMATCH);
        ck_assert_str_eq(rp_last_error(pool)->text, "rank 0 called rp_loop_open with n = 5, but "
                                                    "rank 1 called rp_loop_open with n = 6");
    }
    close_pool(pool);
}
END_TEST

START_TEST(schedules_by_environment)
{
    rp_pool *pool = open_pool();
    rp_loop *loop;
    rp_range range;
    setenv("RANKPOOL_SCHEDULE", "dynamic,3", 1);
    ck_assert_int_eq(rp_loop_open(pool, 1000, NULL, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        ck_assert_int_le(range.end - range.begin, 3);
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    setenv("RANKPOOL_SCHEDULE", "fast", 1);
    ck_assert_int_eq(rp_loop_open(pool, 10, NULL, &loop), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(pool)->text, "RANKPOOL_SCHEDULE=\"fast\"") != NULL);
    rp_options options = {.schedule = RP_SCHEDULE_STATIC};
    check_every_item_once(pool, 100, &options);
    unsetenv("RANKPOOL_SCHEDULE");
    close_pool(pool);
}
END_TEST

START_TEST(pools_side_by_side)
{
    rp_pool *pools[3] = {open_pool(), open_pool(), open_pool()};
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 3; i++)
            check_every_item_once(pools[i], 100 + i, NULL);
    }
    rp_loop *outer, *inner;
    rp_range range;
    ck_assert_int_eq(rp_loop_open(pools[0], 200, NULL, &outer), RP_OK);
    ck_assert_int_eq(rp_loop_open(pools[1], 300, NULL, &inner), RP_OK);
    while (rp_loop_next(outer, &range))
        continue;
    while (rp_loop_next(inner, &range))
        continue;
    ck_assert_int_eq(rp_loop_close(&inner, RP_OK), RP_OK);
    ck_assert_int_eq(rp_loop_close(&outer, RP_OK), RP_OK);
    for (int i = 0; i < 3; i++)
        close_pool(pools[i]);
}
END_TEST

START_TEST(many_small_loops)
{
    rp_pool *pool = open_pool();
    for (int round = 0; round < 300; round++) {
        rp_options options = {.schedule = schedules[round % SCHEDULES]};
        check_every_item_once(pool, round % 40, &options);
    }
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"every item once", &every_item_once},
    {"chunks of any length", &chunks_of_any_length},
    {"calls with a cost", &calls_with_a_cost},
    {"loops on pretended nodes", &loops_on_pretended_nodes},
    {"chunks have the length asked for", &chunks_have_the_length_asked_for},
    {"more items than words can count", &more_items_than_words_can_count},
    {"work is stolen from a slow rank", &work_is_stolen_from_a_slow_rank},
    {"the log tells what was finished", &log_tells_what_was_finished},
    {"one gives up and all stop", &one_gives_up_and_all_stop},
    {"leaving early without a reason", &leaving_early_without_a_reason},
    {"other calls inside a loop are refused", &other_calls_inside_a_loop_are_refused},
    {"closing a pool with a loop open", &closing_a_pool_with_a_loop_open},
    {"bad arguments are refused by all", &bad_arguments_are_refused_by_all},
    {"mismatches say who said what", &mismatches_say_who_said_what},
    {"schedules by environment", &schedules_by_environment},
    {"pools side by side", &pools_side_by_side},
    {"many small loops", &many_small_loops},
    {NULL, NULL},
};
const struct test_group engine_loop_tests = {"engine_loop", cases};
