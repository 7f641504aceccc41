/* Statistics: times and counts add up under every schedule, in bounded memory. */
#include "observed_jobs.h"
#include "suites.h"

#include "observe/recorder.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

/* ---- statistics ------------------------------------------------------------------------------ */

static void check_rank(const rp_rank_stats *figures, int rank)
{
    double sum = figures->working + figures->communicating + figures->scheduling +
                 figures->waiting + figures->application;
    ck_assert_int_eq(figures->rank, rank);
    ck_assert_msg(fabs(sum - figures->seconds) <= 0.01 * figures->seconds, "rank %d: %g s of %g s",
                  rank, sum, figures->seconds);
    ck_assert_double_ge(figures->application, -0.01 * figures->seconds);
    ck_assert_int_ge(figures->chunks, figures->items > 0);
    ck_assert_int_le(figures->chunks, figures->items);
}

static void check_figures(rp_pool *pool, int64_t items, int64_t jobs)
{
    int ranks = world_ranks();
    rp_pool_stats all;
    rp_rank_stats *each = calloc((size_t)ranks, sizeof *each);
    int64_t sum = 0, chunks = 0;
    ck_assert_int_eq(rp_stats(pool, &all, each), RP_OK);
    for (int rank = 0; rank < ranks; rank++) {
        check_rank(&each[rank], rank);
        sum += each[rank].items;
        chunks += each[rank].chunks;
    }
    ck_assert_int_eq(sum, items);
    ck_assert_int_eq(all.items, items);
    ck_assert_int_eq(all.chunks, chunks);
    ck_assert_int_eq(all.jobs, jobs);
    ck_assert_int_eq(all.ranks, ranks);
    ck_assert_int_eq(all.nodes, rp_nodes(pool));
    ck_assert(0 < all.load_balance && all.load_balance <= 1.0000001);
    ck_assert(0 < all.communication_efficiency && all.communication_efficiency <= 1.01);
    ck_assert_double_le(
        fabs(all.parallel_efficiency - all.load_balance * all.communication_efficiency), 1e-9);
    ck_assert_int_gt(all.slow, 0);
    for (int i = 1; i < all.slow; i++)
        ck_assert(all.slowest[i].seconds <= all.slowest[i - 1].seconds);
    free(each);
}

START_TEST(figures_add_up)
{
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++) {
            ck_assert_int_eq(rp_record_start(pool), RP_OK);
            run_observed_map(pool, (rp_schedule)schedule);
            run_observed_loop(pool, 100);
            check_figures(pool, OBSERVED_ITEMS + 100, 2);
            run_observed_map(pool, (rp_schedule)schedule);
            check_figures(pool, 2 * OBSERVED_ITEMS + 100, 3);
            run_observed_stream(pool);
            check_figures(pool, 2 * OBSERVED_ITEMS + 600, 4);
        }
        close_pool(pool);
    }
}
END_TEST

/* ---- worklists ------------------------------------------------------------------------------- */

static int split(rp_task *task, const void *item, void *result)
{
    int64_t half = *(const int64_t *)item / 2, out;
    work_a_little(task, NULL, &out);
    ++*(int64_t *)result;
    int code = half > 0 ? rp_task_add(task, &half) : 0;
    return half > 0 && code == 0 ? rp_task_add(task, &half) : code;
}

static int add(void *left, const void *right, void *user)
{
    (void)user;
    *(int64_t *)left += *(const int64_t *)right;
    return 0;
}

/* Only the root has items at first, so another rank with items has stolen. */
START_TEST(steals_of_a_worklist)
{
    const int64_t seed = 2048, zero = 0;
    int64_t items = 0;
    rp_pool *pool = open_pool();
    int ranks = world_ranks();
    rp_rank_stats *each = calloc((size_t)ranks, sizeof *each);
    rp_worklist_job job = {.seeds = &seed,
                           .n = 1,
                           .item_size = sizeof seed,
                           .work = split,
                           .combine = add,
                           .identity = &zero,
                           .result = &items,
                           .result_size = sizeof items};
    if (rp_nodes(pool) == 1) {
        ck_assert_int_eq(rp_record_start(pool), RP_OK);
        ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
        check_figures(pool, items, 1);
        ck_assert_int_eq(rp_stats(pool, &(rp_pool_stats){0}, each), RP_OK);
        for (int rank = 1; rank < ranks; rank++)
            ck_assert(each[rank].items == 0 || each[rank].steals > 0);
    }
    free(each);
    close_pool(pool);
}
END_TEST

START_TEST(only_what_is_recorded_is_told)
{
    rp_pool *pool = open_pool();
    rp_pool_stats all;
    ck_assert_int_eq(rp_stats(pool, &all, NULL), RP_ERR_STATE);
    check_same_error(rp_last_error(pool), RP_ERR_STATE);
    ck_assert_int_eq(rp_timeline(pool, "/dev/null"), RP_ERR_STATE);
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    ck_assert_int_eq(rp_timeline(pool, NULL), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_timeline(pool, "timeline.png"), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_trace(pool, "trace.svg"), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_stats_write(pool, "stats.html"), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_trace(pool, "/no/such/directory/file"), RP_ERR_IO);
    check_same_error(rp_last_error(pool), RP_ERR_IO);
    run_observed_loop(pool, 10);
    ck_assert_int_eq(rp_record_stop(pool), RP_OK);
    run_observed_loop(pool, 10);
    ck_assert_int_eq(rp_stats(pool, &all, NULL), RP_OK);
    ck_assert_int_eq(all.items, 10);
    close_pool(pool);
}
END_TEST

START_TEST(what_is_told_after_the_end_agrees)
{
    rp_pool *pool = open_pool();
    rp_pool_stats first, second;
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    run_observed_loop(pool, 1000);
    ck_assert_int_eq(rp_record_stop(pool), RP_OK);
    ck_assert_int_eq(rp_stats(pool, &first, NULL), RP_OK);
    ck_assert_int_eq(rp_timeline(pool, "/dev/null"), RP_OK);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    ck_assert_int_eq(rp_stats(pool, &second, NULL), RP_OK);
    ck_assert(fabs(second.seconds - first.seconds) < 0.01); /* node clocks are compared again */
    ck_assert_int_eq(second.items, first.items);
    ck_assert_int_eq(second.bytes, first.bytes);
    ck_assert_int_eq(second.messages, first.messages);
    close_pool(pool);
}
END_TEST

/* Two of the program's own loops, the second left early. */
START_TEST(own_loops_count_as_work)
{
    rp_pool *pool = open_pool();
    rp_pool_stats all;
    rp_rank_stats each[64];
    ck_assert_int_le(rp_ranks(pool), 64);
    ck_assert_int_eq(rp_progress_set(NULL, NULL, 0, 1), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_progress_set(pool, NULL, -1, 1), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_record_start(pool), RP_OK);
    for (int64_t step = 0; step <= 5; step++) {
        ck_assert_int_eq(rp_progress_set(pool, "steps", step, 5), RP_OK);
        if (step < 5)
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        ck_assert_int_eq(rp_barrier(pool), RP_OK);
    }
    run_observed_loop(pool, 10);
    ck_assert_int_eq(rp_progress_set(pool, "steps", 0, 100), RP_OK);
    ck_assert_int_eq(rp_progress_set(pool, "steps", 7, 100), RP_OK);
    ck_assert_int_eq(rp_progress_set(pool, NULL, 0, 0), RP_OK);
    ck_assert_int_eq(rp_record_stop(pool), RP_OK);
    ck_assert_int_eq(rp_stats(pool, &all, each), RP_OK);
    ck_assert_int_eq(all.items, 12 * rp_ranks(pool) + 10);
    for (int rank = 0; rank < rp_ranks(pool); rank++)
        ck_assert(each[rank].working >= 0.009);
    close_pool(pool);
}
END_TEST

/* ---- the recorder ---------------------------------------------------------------------------- */

START_TEST(memory_is_bounded_and_nothing_is_lost)
{
    struct recorder *recorder = rpi_recorder_make(64);
    double now = 100, claimed = 0;
    rpi_recorder_start(recorder, now);
    rpi_record_job(recorder, "many");
    for (int i = 0; i < 100000; i++) {
        double begin = now, waited = i % 7 == 0 ? 1e-4 : 0;
        now += waited + 1e-7;
        rpi_record_claim(recorder, begin, now, waited, 0, &(rp_range){i, i + 1});
        claimed += now - begin;
        now += i == 5000 ? 0.5 : 1e-5;
    }
    rpi_record_claim(recorder, now, now, 0, 0, NULL);
    struct rank_profile rank_profile = rpi_recorder_send(recorder, now);
    double sum = 0, mark = 100;
    int64_t items = 0;
    uint32_t chunks = 0;
    ck_assert_uint_le(rank_profile.events, 64);
    ck_assert_uint_ge(rank_profile.events, 16);
    for (uint32_t i = 0; i < rank_profile.events; i++) {
        const struct event *event = &recorder->events[i];
        ck_assert(event->begin >= mark && event->end >= event->begin);
        mark = event->end;
        items += event->items;
        chunks += event->chunks;
        sum += (double)event->seconds[WORKING];
    }
    ck_assert_int_eq(items, 100000);
    ck_assert_uint_eq(chunks, 100000);
    ck_assert_int_eq(rank_profile.figures.items, 100000);
    ck_assert_double_le(fabs(sum - (now - 100 - claimed)), 1e-3);
    ck_assert_double_le(fabs(rank_profile.figures.application), 1e-3);
    ck_assert_int_eq(rank_profile.slowest[0].first, 5000);
    rpi_recorder_drop(recorder);
}
END_TEST

static const struct test_case cases[] = {
    {"figures add up", &figures_add_up},
    {"steals of a worklist", &steals_of_a_worklist},
    {"only what is recorded is told", &only_what_is_recorded_is_told},
    {"what is told after the end agrees", &what_is_told_after_the_end_agrees},
    {"own loops count as work", &own_loops_count_as_work},
    {"memory is bounded and nothing is lost", &memory_is_bounded_and_nothing_is_lost},
    {NULL, NULL},
};
const struct test_group observe_tests = {"observe", cases};
