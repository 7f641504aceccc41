/* Recovery of dead ranks' units, as pure logic: sched/failure_accounting.c on the root,
 * sched/orphans.c on a node. tests/threads/recovery.c tests the latter under contention. */
#include "suites.h"
#include "threads.h"

#include "sched/failure_accounting.h"
#include "sched/orphans.h"

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

START_TEST(what_nobody_has_is_left)
{
    struct accounting accounting = accounting_of(100);
    rpi_accounting_record(&accounting, (struct unit_range){10, 20});
    rpi_accounting_finish(&accounting, 1, (struct unit_range){20, 50});
    rpi_accounting_finish(&accounting, 2, (struct unit_range){60, 100});
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.entries, 2);
    ck_assert_left(&accounting, 0, (struct unit_range){0, 10}, 0);
    ck_assert_left(&accounting, 1, (struct unit_range){50, 60}, 0);
    ck_assert_int_eq(rpi_accounting_next(&accounting, 0), 0);
    accounting.left[0].unit_range.low = 10;
    ck_assert_int_eq(rpi_accounting_next(&accounting, 0), 1);
    /* Results that a node has finished are lost with it; only units given to it since are
     * suspect. */
    rpi_accounting_give(&accounting, 2, (struct remainder){{50, 55}, 0});
    rpi_accounting_give(&accounting, 2, (struct remainder){{55, 60}, 0});
    rpi_accounting_lose_node(&accounting, 2);
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.entries, 3);
    ck_assert_left(&accounting, 1, (struct unit_range){50, 60}, 1);
    ck_assert_left(&accounting, 2, (struct unit_range){60, 100}, 0);
    rpi_accounting_end(&accounting);
}
END_TEST

START_TEST(suspects_are_tried_a_few_at_a_time)
{
    struct remainder fresh = {{0, 10000}, 0}, once = {{0, 10000}, 1}, twice = {{0, 10000}, 2};
    ck_assert_uint_eq(rpi_accounting_most(&fresh, 2), UINT32_MAX);
    ck_assert_uint_eq(rpi_accounting_most(&once, 2), 2);
    ck_assert_uint_eq(rpi_accounting_most(&once, 1000000), 100);
    ck_assert_uint_eq(rpi_accounting_most(&twice, 1000000), 100); /* too many to try one by one */
    twice.unit_range.high = 1000;
    ck_assert_uint_eq(rpi_accounting_most(&twice, 1000000), 1);
    once.unit_range.high = 1;
    ck_assert_uint_eq(rpi_accounting_most(&once, 1000000), 1);
}
END_TEST

START_TEST(a_node_has_few_suspects)
{
    struct accounting accounting = accounting_of(100);
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1, true), INT64_MAX);
    rpi_accounting_give(&accounting, 1, (struct remainder){{0, 4}, 1});
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1, true), -1);
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1, false), 1);
    rpi_accounting_give(&accounting, 1, (struct remainder){{4, 8}, 1});
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1, false), 0);
    ck_assert(rpi_accounting_clear(&accounting, 1, (struct unit_range){0, 4}));
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1, false), 1);
    ck_assert(rpi_accounting_clear(&accounting, 1, (struct unit_range){4, 8}));
    /* A single unit. */
    rpi_accounting_give(&accounting, 1, (struct remainder){{8, 9}, 2});
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 1, false), 0);
    ck_assert_int_eq(rpi_accounting_allows(&accounting, 2, false), INT64_MAX);
    rpi_accounting_end(&accounting);
}
END_TEST

/* The death of a node that tried suspects accuses these, and the other units it had, but no
 * more. */
START_TEST(a_dead_node_accuses_what_it_tried)
{
    struct accounting accounting = accounting_of(100);
    rpi_accounting_give(&accounting, 1, (struct remainder){{0, 80}, 0});
    rpi_accounting_lose_node(&accounting, 1);
    ck_assert(rpi_accounting_close(&accounting, NULL));
    rpi_accounting_give(&accounting, 2, (struct remainder){{80, 90}, 0});
    rpi_accounting_give(&accounting, 2, (struct remainder){{0, 8}, 1});
    ck_assert(!rpi_accounting_clear(&accounting, 2, (struct unit_range){80, 90})); /* not
                                                                                    * suspects */
    ck_assert(rpi_accounting_clear(&accounting, 2, (struct unit_range){0, 8}));
    ck_assert(!rpi_accounting_clear(&accounting, 2, (struct unit_range){0, 8}));
    rpi_accounting_give(&accounting, 2, (struct remainder){{8, 12}, 1});
    rpi_accounting_lose_node(&accounting, 2);
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.entries, 5);
    ck_assert_left(&accounting, 0, (struct unit_range){0, 8}, 1);
    ck_assert_left(&accounting, 1, (struct unit_range){8, 12}, 2);
    ck_assert_left(&accounting, 2, (struct unit_range){12, 80}, 1);
    ck_assert_left(&accounting, 3, (struct unit_range){80, 90}, 1);
    ck_assert_left(&accounting, 4, (struct unit_range){90, 100}, 0);
    rpi_accounting_end(&accounting);
}
END_TEST

/* However many nodes die, units that might have been in progress are not given up; a unit that was
 * tried alone, and certainly was in progress, is. */
START_TEST(doubts_give_nothing_up)
{
    struct accounting accounting = accounting_of(10);
    for (int i = 0; i < 4; i++) {
        rpi_accounting_give(&accounting, 1, (struct remainder){{0, 10}, 0});
        rpi_accounting_lose_node(&accounting, 1);
    }
    ck_assert(rpi_accounting_close(&accounting, NULL));
    ck_assert_uint_eq(accounting.given_up.count, 0);
    ck_assert_left(&accounting, 0, (struct unit_range){0, 10}, 2);
    rpi_accounting_give(&accounting, 2, (struct remainder){{5, 6}, 2});
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

START_TEST(suspects_are_taken_one_by_one_and_stolen_by_halves)
{
    struct work_queue *work_queue = make_work_queue(3);
    struct unit_range taken;
    ck_assert(!rpi_suspects_next(&work_queue->lane[0], &taken));
    ck_assert(!rpi_suspects_steal(work_queue, 1, &taken));
    rpi_suspects_keep(&work_queue->lane[0], (struct unit_range){10, 17});
    ck_assert(rpi_suspects_next(&work_queue->lane[0], &taken));
    ck_assert(taken.low == 10 && taken.high == 11);
    ck_assert(!rpi_suspects_steal(work_queue, 0, &taken)); /* its own lane */
    ck_assert(rpi_suspects_steal(work_queue, 1, &taken));
    ck_assert(taken.low == 14 && taken.high == 17);
    rpi_suspects_keep(&work_queue->lane[2],
                      (struct unit_range){20, 21}); /* fewer than the first lane has */
    ck_assert(rpi_suspects_steal(work_queue, 1, &taken));
    ck_assert(taken.low == 12 && taken.high == 14);
    /* Units that a lane marked as lost still holds are attributed to its dead worker. */
    atomic_store(&work_queue->lane[0].lost, 1);
    ck_assert(rpi_suspects_steal(work_queue, 1, &taken));
    ck_assert(taken.low == 20 && taken.high == 21);
    ck_assert(!rpi_suspects_steal(work_queue, 1, &taken));
    free(work_queue);
}
END_TEST

static const struct test_case cases[] = {
    {"what nobody has is left for another round", &what_nobody_has_is_left},
    {"suspects are tried a few at a time", &suspects_are_tried_a_few_at_a_time},
    {"a node has few suspects at a time", &a_node_has_few_suspects},
    {"a dead node accuses what it tried", &a_dead_node_accuses_what_it_tried},
    {"doubts give nothing up", &doubts_give_nothing_up},
    {"only what was alone is given up", &only_what_was_alone_is_given_up},
    {"a third death gives up", &third_death_gives_up},
    {"partial results count where they are", &partial_results_count_where_they_are},
    {"suspects are taken one by one, and stolen by halves",
     &suspects_are_taken_one_by_one_and_stolen_by_halves},
    {NULL, NULL},
};
const struct test_group sched_failures_tests = {"sched_failures", cases};
