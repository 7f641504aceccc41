/* Recovery of dead ranks' units, as pure logic: sched/failure_accounting.c on the root,
 * sched/orphans.c on a node. tests/threads/recovery.c tests the latter under contention. */
#include "suites.h"
#include "threads.h"

#include "sched/claim.h"
#include "sched/failure_accounting.h"

#include <stdlib.h>

static struct accounting accounting_of(uint32_t units)
{
    struct accounting accounting;
    ck_assert(rpi_accounting_begin(&accounting, units, 6, 3, 3));
    return accounting;
}

static void ck_assert_left(const struct accounting *accounting, uint32_t place,
                           struct unit_range unit_range, uint32_t attempt)
{
    ck_assert_uint_lt(place, accounting->entries);
    ck_assert_uint_eq(accounting->left[place].unit_range.low, unit_range.low);
    ck_assert_uint_eq(accounting->left[place].unit_range.high, unit_range.high);
    ck_assert_uint_eq(accounting->left[place].attempt, attempt);
}

/* Only this unit is given up. */
static void ck_assert_given_up(const struct accounting *accounting, uint32_t unit)
{
    ck_assert_uint_eq(accounting->given_up.count, 1);
    ck_assert_uint_eq(accounting->given_up.unit_ranges[0].low, unit);
    ck_assert_uint_eq(accounting->given_up.unit_ranges[0].high, unit + 1);
}

START_TEST(what_no_rank_has_is_left)
{
    struct accounting accounting = accounting_of(100);
    rpi_accounting_record(&accounting, (struct unit_range){10, 20});
    rpi_accounting_finish(&accounting, 1, (struct unit_range){20, 50});
    rpi_accounting_finish(&accounting, 2, (struct unit_range){60, 100});
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.entries, 2);
    ck_assert_left(&accounting, 0, (struct unit_range){0, 10}, 0);
    ck_assert_left(&accounting, 1, (struct unit_range){50, 60}, 0);
    ck_assert_int_eq(rpi_accounting_next(&accounting, 1, 0), 0);
    accounting.left[0].unit_range.low = 10;
    ck_assert_int_eq(rpi_accounting_next(&accounting, 1, 0), 1);
    /* Results that a node has finished are lost with it; only units given to it since are
     * suspect. */
    rpi_accounting_give(&accounting, 2, (struct unit_range){50, 55}, 0);
    rpi_accounting_give(&accounting, 2, (struct unit_range){55, 60}, 0);
    rpi_accounting_lose_node(&accounting, 2);
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.entries, 3);
    ck_assert_left(&accounting, 1, (struct unit_range){50, 60}, 1);
    ck_assert_left(&accounting, 2, (struct unit_range){60, 100}, 0);
    rpi_accounting_end(&accounting);
}
END_TEST

START_TEST(reserved_units_are_left_to_their_node)
{
    struct accounting accounting = accounting_of(100);
    ck_assert(rpi_accounting_leave(&accounting, (struct unit_range){0, 50}, 1));
    ck_assert(rpi_accounting_leave(&accounting, (struct unit_range){50, 50}, 0));
    ck_assert_int_eq(rpi_accounting_next(&accounting, 1, 0), 0);
    ck_assert_int_eq(rpi_accounting_next(&accounting, 0, INT64_MAX), -1);
    ck_assert(rpi_accounting_leave(&accounting, (struct unit_range){50, 100}, -1));
    ck_assert_int_eq(rpi_accounting_next(&accounting, 0, 0), 1);
    ck_assert_int_eq(rpi_accounting_next(&accounting, 0, -1), -1);
    rpi_accounting_end(&accounting);
}
END_TEST

START_TEST(suspects_are_tried_a_few_at_a_time)
{
    struct remainder fresh = {{0, 10000}, 0, -1}, once = {{0, 10000}, 1, -1},
                     twice = {{0, 10000}, 2, -1};
    ck_assert_uint_eq(rpi_accounting_most(&fresh), UINT32_MAX);
    ck_assert_uint_eq(rpi_accounting_most(&once), 100);
    ck_assert_uint_eq(rpi_accounting_most(&twice), 100); /* too many to try one by one */
    twice.unit_range.high = 1000;
    ck_assert_uint_eq(rpi_accounting_most(&twice), 1);
    once.unit_range.high = 1;
    ck_assert_uint_eq(rpi_accounting_most(&once), 1);
}
END_TEST

START_TEST(a_node_has_suspects_alone)
{
    struct accounting accounting = accounting_of(100);
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1), INT64_MAX);
    rpi_accounting_give(&accounting, 1, (struct unit_range){0, 10}, 0);
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1), 0);
    rpi_accounting_give(&accounting, 1, (struct unit_range){10, 20}, 0);
    rpi_accounting_clear(&accounting, 1, 10); /* of which the node did not know the second */
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1), 0);
    rpi_accounting_clear(&accounting, 1, 20);
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1), INT64_MAX);
    rpi_accounting_give(&accounting, 1, (struct unit_range){30, 34}, 1);
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1), -1);
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 2), INT64_MAX);
    rpi_accounting_clear(&accounting, 1, 24);
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1), INT64_MAX);
    rpi_accounting_end(&accounting);
}
END_TEST

/* The death of a node that tried suspects accuses these, and nothing that it had finished. */
START_TEST(a_dead_node_accuses_what_it_tried)
{
    struct accounting accounting = accounting_of(100);
    rpi_accounting_give(&accounting, 1, (struct unit_range){0, 80}, 0);
    rpi_accounting_lose_node(&accounting, 1);
    ck_assert(rpi_accounting_close(&accounting, NULL));
    rpi_accounting_give(&accounting, 2, (struct unit_range){80, 90}, 0);
    rpi_accounting_clear(&accounting, 2, 10);
    rpi_accounting_give(&accounting, 2, (struct unit_range){0, 8}, 1);
    rpi_accounting_clear(&accounting, 2, 18);
    rpi_accounting_give(&accounting, 2, (struct unit_range){8, 12}, 1);
    rpi_accounting_lose_node(&accounting, 2);
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.entries, 4);
    ck_assert_left(&accounting, 0, (struct unit_range){0, 8}, 1);
    ck_assert_left(&accounting, 1, (struct unit_range){8, 12}, 2);
    ck_assert_left(&accounting, 2, (struct unit_range){12, 80}, 1);
    ck_assert_left(&accounting, 3, (struct unit_range){80, 100}, 0);
    rpi_accounting_end(&accounting);
}
END_TEST

/* However many nodes die, units that might have been in progress are not given up; a unit that was
 * tried alone, and certainly was in progress, is. */
START_TEST(doubts_give_nothing_up)
{
    struct accounting accounting = accounting_of(10);
    for (int i = 0; i < 4; i++) {
        rpi_accounting_give(&accounting, 1, (struct unit_range){0, 10}, 0);
        rpi_accounting_lose_node(&accounting, 1);
    }
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.given_up.count, 0);
    ck_assert_left(&accounting, 0, (struct unit_range){0, 10}, 2);
    rpi_accounting_give(&accounting, 2, (struct unit_range){5, 6}, 2);
    rpi_accounting_lose_node(&accounting, 2);
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_given_up(&accounting, 5);
    rpi_accounting_end(&accounting);
}
END_TEST

/* Three certain deaths are not enough if another unit may have caused each of them. */
START_TEST(only_what_was_alone_is_given_up)
{
    struct accounting accounting = accounting_of(10);
    rpi_accounting_attribute(&accounting, 1, (struct unit_range){0, 8});
    rpi_accounting_attribute(&accounting, 2, (struct unit_range){2, 8});
    rpi_accounting_attribute(&accounting, 3, (struct unit_range){2, 4});
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.given_up.count, 0);
    ck_assert_left(&accounting, 1, (struct unit_range){2, 4}, 2);
    rpi_accounting_attribute(&accounting, 4, (struct unit_range){3, 4});
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_given_up(&accounting, 3);
    rpi_accounting_end(&accounting);
}
END_TEST

START_TEST(third_death_gives_up)
{
    struct accounting accounting = accounting_of(10);
    rpi_accounting_attribute(&accounting, 1, (struct unit_range){2, 8});
    rpi_accounting_attribute(&accounting, 1, (struct unit_range){2, 8}); /* the same death */
    rpi_accounting_attribute(&accounting, 2, (struct unit_range){4, 6});
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.entries, 5);
    ck_assert_left(&accounting, 1, (struct unit_range){2, 4}, 1);
    ck_assert_left(&accounting, 2, (struct unit_range){4, 6}, 2);
    rpi_accounting_attribute(&accounting, 3, (struct unit_range){5, 6});
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_given_up(&accounting, 5);
    ck_assert_left(&accounting, 2, (struct unit_range){4, 5}, 2);
    /* It is neither left for another round nor given up again. */
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.given_up.count, 1);
    ck_assert_uint_eq(accounting.entries, 5);
    rpi_accounting_end(&accounting);
}
END_TEST

START_TEST(partial_results_count_where_they_are)
{
    struct accounting accounting = accounting_of(10);
    struct interval_set have = {.unit_ranges = NULL};
    rpi_accounting_finish(&accounting, 1, (struct unit_range){0, 10});
    rpi_interval_set_add(&have, (struct unit_range){0, 4});
    ck_assert(rpi_accounting_close(&accounting, &have));
    ck_assert_uint_eq(accounting.entries, 1);
    ck_assert_left(&accounting, 0, (struct unit_range){4, 10}, 0);
    rpi_interval_set_end(&have);
    rpi_accounting_end(&accounting);
}
END_TEST

static struct unit_range next_of(struct claimer *claimer)
{
    struct unit_range chunk = rpi_claim_next(claimer);
    ck_assert(!unit_range_empty(chunk));
    return chunk;
}

static void ck_assert_single(struct unit_range chunk, uint32_t unit)
{
    ck_assert_uint_eq(chunk.low, unit);
    ck_assert_uint_eq(chunk.high, unit + 1);
}

/* A lane dies in the chunk 0 to 39 and leaves 40 to 79. */
START_TEST(suspects_are_computed_one_by_one)
{
    struct work_queue *work_queue = make_work_queue(3);
    struct claimer claimer[3];
    struct unit_range given_up = {0, 0};
    struct claim_job job = {.units = rpi_units_cut(80),
                            .choice = {RP_SCHEDULE_DYNAMIC, 40},
                            .node = {0, 80},
                            .number = 1};
    rpi_work_queue_prepare(work_queue, job.node, (struct unit_range){0, 0}, true);
    rpi_orphaned_work_prepare(rpi_work_queue_orphaned_work(work_queue), job.node,
                              (struct orphaned_work_terms){.limit = 2, .saved = true});
    work_queue->job = 1;
    for (uint32_t lane = 0; lane < 3; lane++) {
        job.share = lane == 0 ? job.node : (struct unit_range){0, 0};
        job.cautious = lane == 2;
        rpi_claim_begin(&claimer[lane], work_queue, lane, 1, &job);
    }
    ck_assert_uint_eq(next_of(&claimer[0]).high, 40);
    rpi_recovery_lose(work_queue, 0);
    atomic_store(&work_queue->lane[2].parked, LANE_AWAY); /* for now */
    rpi_recover(work_queue, 1, NULL, NULL);
    ck_assert_uint_eq(rpi_work_queue_deaths(work_queue, 39), 1);
    ck_assert_uint_eq(rpi_work_queue_deaths(work_queue, 40), 0);
    /* The cautious rank takes others only; then twelfths of the suspects, one by one. */
    ck_assert_uint_eq(next_of(&claimer[2]).low, 40);
    for (uint32_t unit = 0; unit < 7; unit++)
        ck_assert_single(next_of(&claimer[1]), unit);
    /* It dies in its last, which is given up: a second death. */
    rpi_recovery_lose(work_queue, 1);
    for (uint32_t unit = 7; unit < 40; unit++)
        ck_assert_single(next_of(&claimer[2]), unit);
    ck_assert(unit_range_empty(rpi_claim_next(&claimer[2])));
    ck_assert(rpi_orphaned_work_next_given_up(rpi_work_queue_orphaned_work(work_queue), &given_up));
    ck_assert_single(given_up, 6);
    ck_assert(rpi_work_queue_done(work_queue));
    free(work_queue);
}
END_TEST

static const struct test_case cases[] = {
    {"what no rank has is left for another round", &what_no_rank_has_is_left},
    {"reserved units are left to their node", &reserved_units_are_left_to_their_node},
    {"suspects are tried a few at a time", &suspects_are_tried_a_few_at_a_time},
    {"a node has suspects alone", &a_node_has_suspects_alone},
    {"a dead node accuses what it tried", &a_dead_node_accuses_what_it_tried},
    {"doubts give nothing up", &doubts_give_nothing_up},
    {"only what was alone is given up", &only_what_was_alone_is_given_up},
    {"a third death gives up", &third_death_gives_up},
    {"partial results count where they are", &partial_results_count_where_they_are},
    {"suspects are computed one by one", &suspects_are_computed_one_by_one},
    {NULL, NULL},
};
const struct test_group sched_failures_tests = {"sched_failures", cases};
