/* What deaths make of units, as pure logic: schedule/ledger.c on the root, schedule/suspects.c on a
 * node. tests/recovery_threads.c has the latter under contention. */
#include "suites.h"
#include "threads.h"

#include "schedule/ledger.h"
#include "schedule/suspects.h"

#include <stdlib.h>

static struct ledger ledger_of(uint32_t units)
{
    struct ledger ledger;
    ck_assert(rpi_ledger_begin(&ledger, units, 6, 3, 3));
    return ledger;
}

static void ck_assert_left(const struct ledger *ledger, uint32_t place, struct span span,
                           uint32_t attempt)
{
    ck_assert_uint_lt(place, ledger->entries);
    ck_assert_uint_eq(ledger->left[place].span.low, span.low);
    ck_assert_uint_eq(ledger->left[place].span.high, span.high);
    ck_assert_uint_eq(ledger->left[place].attempt, attempt);
}

/* This unit is given up, and no other. */
static void ck_assert_given_up(const struct ledger *ledger, uint32_t unit)
{
    ck_assert_uint_eq(ledger->given_up.count, 1);
    ck_assert_uint_eq(ledger->given_up.spans[0].low, unit);
    ck_assert_uint_eq(ledger->given_up.spans[0].high, unit + 1);
}

START_TEST(what_nobody_has_is_left)
{
    struct ledger ledger = ledger_of(100);
    rpi_ledger_settle(&ledger, (struct span){10, 20});
    rpi_ledger_finish(&ledger, 1, (struct span){20, 50});
    rpi_ledger_finish(&ledger, 2, (struct span){60, 100});
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_uint_eq(ledger.entries, 2);
    ck_assert_left(&ledger, 0, (struct span){0, 10}, 0);
    ck_assert_left(&ledger, 1, (struct span){50, 60}, 0);
    ck_assert_int_eq(rpi_ledger_next(&ledger, 0), 0);
    ledger.left[0].span.low = 10;
    ck_assert_int_eq(rpi_ledger_next(&ledger, 0), 1);
    /* What a node had finished goes with it; what was given it is suspected. */
    rpi_ledger_give(&ledger, 2, (struct remainder){{50, 55}, 0});
    rpi_ledger_give(&ledger, 2, (struct remainder){{55, 60}, 0});
    rpi_ledger_bury(&ledger, 2);
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_uint_eq(ledger.entries, 3);
    ck_assert_left(&ledger, 1, (struct span){50, 60}, 1);
    ck_assert_left(&ledger, 2, (struct span){60, 100}, 0);
    rpi_ledger_end(&ledger);
}
END_TEST

START_TEST(suspects_are_tried_a_few_at_a_time)
{
    struct remainder fresh = {{0, 10000}, 0}, once = {{0, 10000}, 1}, twice = {{0, 10000}, 2};
    ck_assert_uint_eq(rpi_ledger_most(&fresh, 2), UINT32_MAX);
    ck_assert_uint_eq(rpi_ledger_most(&once, 2), 2);
    ck_assert_uint_eq(rpi_ledger_most(&once, 1000000), 100);
    ck_assert_uint_eq(rpi_ledger_most(&twice, 1000000), 100); /* too many for one by one */
    twice.span.high = 1000;
    ck_assert_uint_eq(rpi_ledger_most(&twice, 1000000), 1);
    once.span.high = 1;
    ck_assert_uint_eq(rpi_ledger_most(&once, 1000000), 1);
}
END_TEST

START_TEST(a_node_has_few_suspects)
{
    struct ledger ledger = ledger_of(100);
    ck_assert_int_eq(rpi_ledger_allows(&ledger, 1, true), INT64_MAX);
    rpi_ledger_give(&ledger, 1, (struct remainder){{0, 4}, 1});
    ck_assert_int_eq(rpi_ledger_allows(&ledger, 1, true), -1);
    ck_assert_int_eq(rpi_ledger_allows(&ledger, 1, false), 1);
    rpi_ledger_give(&ledger, 1, (struct remainder){{4, 8}, 1});
    ck_assert_int_eq(rpi_ledger_allows(&ledger, 1, false), 0);
    ck_assert(rpi_ledger_acquit(&ledger, 1, (struct span){0, 4}));
    ck_assert_int_eq(rpi_ledger_allows(&ledger, 1, false), 1);
    ck_assert(rpi_ledger_acquit(&ledger, 1, (struct span){4, 8}));
    /* Alone. */
    rpi_ledger_give(&ledger, 1, (struct remainder){{8, 9}, 2});
    ck_assert_int_eq(rpi_ledger_allows(&ledger, 1, false), 0);
    ck_assert_int_eq(rpi_ledger_allows(&ledger, 2, false), INT64_MAX);
    rpi_ledger_end(&ledger);
}
END_TEST

/* A node that dies with some of the suspects tells of these alone, and of what else it has. */
START_TEST(a_dead_node_accuses_what_it_tried)
{
    struct ledger ledger = ledger_of(100);
    rpi_ledger_give(&ledger, 1, (struct remainder){{0, 80}, 0});
    rpi_ledger_bury(&ledger, 1);
    ck_assert(rpi_ledger_close(&ledger, NULL));
    rpi_ledger_give(&ledger, 2, (struct remainder){{80, 90}, 0});
    rpi_ledger_give(&ledger, 2, (struct remainder){{0, 8}, 1});
    ck_assert(!rpi_ledger_acquit(&ledger, 2, (struct span){80, 90})); /* no suspects */
    ck_assert(rpi_ledger_acquit(&ledger, 2, (struct span){0, 8}));
    ck_assert(!rpi_ledger_acquit(&ledger, 2, (struct span){0, 8}));
    rpi_ledger_give(&ledger, 2, (struct remainder){{8, 12}, 1});
    rpi_ledger_bury(&ledger, 2);
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_uint_eq(ledger.entries, 5);
    ck_assert_left(&ledger, 0, (struct span){0, 8}, 1);
    ck_assert_left(&ledger, 1, (struct span){8, 12}, 2);
    ck_assert_left(&ledger, 2, (struct span){12, 80}, 1);
    ck_assert_left(&ledger, 3, (struct span){80, 90}, 1);
    ck_assert_left(&ledger, 4, (struct span){90, 100}, 0);
    rpi_ledger_end(&ledger);
}
END_TEST

/* However many nodes die, what may have been at hand is not given up for it; but what was tried
 * alone and for sure at hand is. */
START_TEST(doubts_give_nothing_up)
{
    struct ledger ledger = ledger_of(10);
    for (int i = 0; i < 4; i++) {
        rpi_ledger_give(&ledger, 1, (struct remainder){{0, 10}, 0});
        rpi_ledger_bury(&ledger, 1);
    }
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_uint_eq(ledger.given_up.count, 0);
    ck_assert_left(&ledger, 0, (struct span){0, 10}, 2);
    rpi_ledger_give(&ledger, 2, (struct remainder){{5, 6}, 2});
    rpi_ledger_bury(&ledger, 2);
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_given_up(&ledger, 5);
    rpi_ledger_end(&ledger);
}
END_TEST

/* Not even for three that are sure, if others may have been the cause of each. */
START_TEST(only_what_was_alone_is_given_up)
{
    struct ledger ledger = ledger_of(10);
    rpi_ledger_blame(&ledger, 1, (struct span){0, 8});
    rpi_ledger_blame(&ledger, 2, (struct span){2, 8});
    rpi_ledger_blame(&ledger, 3, (struct span){2, 4});
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_uint_eq(ledger.given_up.count, 0);
    ck_assert_left(&ledger, 1, (struct span){2, 4}, 2);
    rpi_ledger_blame(&ledger, 4, (struct span){3, 4});
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_given_up(&ledger, 3);
    rpi_ledger_end(&ledger);
}
END_TEST

START_TEST(third_death_gives_up)
{
    struct ledger ledger = ledger_of(10);
    rpi_ledger_blame(&ledger, 1, (struct span){2, 8});
    rpi_ledger_blame(&ledger, 1, (struct span){2, 8}); /* the same death */
    rpi_ledger_blame(&ledger, 2, (struct span){4, 6});
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_uint_eq(ledger.entries, 5);
    ck_assert_left(&ledger, 1, (struct span){2, 4}, 1);
    ck_assert_left(&ledger, 2, (struct span){4, 6}, 2);
    rpi_ledger_blame(&ledger, 3, (struct span){5, 6});
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_given_up(&ledger, 5);
    ck_assert_left(&ledger, 2, (struct span){4, 5}, 2);
    /* It is not left, nor given up again. */
    ck_assert(rpi_ledger_close(&ledger, NULL));
    ck_assert_uint_eq(ledger.given_up.count, 1);
    ck_assert_uint_eq(ledger.entries, 5);
    rpi_ledger_end(&ledger);
}
END_TEST

START_TEST(partial_results_count_where_they_are)
{
    struct ledger ledger = ledger_of(10);
    struct cover have = {.spans = NULL};
    rpi_ledger_finish(&ledger, 1, (struct span){0, 10});
    rpi_cover_add(&have, (struct span){0, 4});
    ck_assert(rpi_ledger_close(&ledger, &have));
    ck_assert_uint_eq(ledger.entries, 1);
    ck_assert_left(&ledger, 0, (struct span){4, 10}, 0);
    rpi_cover_end(&have);
    rpi_ledger_end(&ledger);
}
END_TEST

START_TEST(suspects_are_taken_one_by_one_and_stolen_by_halves)
{
    struct board *board = make_board(3);
    struct span taken;
    ck_assert(!rpi_suspects_next(&board->lane[0], &taken));
    ck_assert(!rpi_suspects_steal(board, 1, &taken));
    rpi_suspects_keep(&board->lane[0], (struct span){10, 17});
    ck_assert(rpi_suspects_next(&board->lane[0], &taken));
    ck_assert(taken.low == 10 && taken.high == 11);
    ck_assert(!rpi_suspects_steal(board, 0, &taken)); /* its own */
    ck_assert(rpi_suspects_steal(board, 1, &taken));
    ck_assert(taken.low == 14 && taken.high == 17);
    rpi_suspects_keep(&board->lane[2], (struct span){20, 21}); /* fewer than the first has */
    ck_assert(rpi_suspects_steal(board, 1, &taken));
    ck_assert(taken.low == 12 && taken.high == 14);
    /* What a lane has that is lost goes to its grave. */
    atomic_store(&board->lane[0].lost, 1);
    ck_assert(rpi_suspects_steal(board, 1, &taken));
    ck_assert(taken.low == 20 && taken.high == 21);
    ck_assert(!rpi_suspects_steal(board, 1, &taken));
    free(board);
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
const struct test_group suspects_tests = {"suspects", cases};
