/* Policies of sched/, which are pure arithmetic: how long chunks are, how many units a node gets,
 * and when it asks for more. */
#include "suites.h"

#include "sched/batch_policy.h"
#include "sched/chunk_policy.h"
#include "sched/supply_policy.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

START_TEST(pace_follows_the_time_of_a_unit)
{
    struct chunk_policy pace = rpi_chunk_policy_start((struct chunk_costs){0, 0}, 1);
    uint32_t remaining = 1000000, units = 0;
    for (int i = 0; i < 10; i++) {
        uint32_t next = rpi_chunk_policy_next(&pace, remaining, false);
        ck_assert_uint_le(next, units > 0 ? 2 * units : 1);
        units = next;
        rpi_chunk_policy_learn(&pace, units, units * 1e-6);
        remaining -= units;
    }
    ck_assert_uint_ge(units, 40);
    ck_assert_uint_le(units, 60);
    /* A chunk that was interrupted for a second does not make the next ones tiny. */
    rpi_chunk_policy_learn(&pace, units, 1.0);
    ck_assert_uint_ge(rpi_chunk_policy_next(&pace, remaining, false), 15);
}
END_TEST

START_TEST(pace_of_long_items_is_one)
{
    struct chunk_policy pace = rpi_chunk_policy_start((struct chunk_costs){0, 0}, 1);
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 1000, false), 1);
        rpi_chunk_policy_learn(&pace, 1, 1e-3);
    }
}
END_TEST

START_TEST(pace_leaves_a_fair_share)
{
    struct chunk_policy pace = rpi_chunk_policy_start((struct chunk_costs){0, 0}, 1);
    pace.unit_seconds = 1e-6;
    pace.proven = 1000;
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 40, false), 20);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 1, false), 1);
    pace.least = 30;
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 40, false), 30);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 20, false), 20);
}
END_TEST

START_TEST(pace_hides_the_cost_of_a_call)
{
    struct chunk_policy pace = rpi_chunk_policy_start((struct chunk_costs){1e-3, 0}, 1);
    uint32_t units = rpi_chunk_policy_next(&pace, 100000, false);
    ck_assert_uint_le(units, 10); /* a unit might take hours */
    for (int calls = 0; calls < 3; calls++) {
        rpi_chunk_policy_learn(&pace, units, 1e-3 + units * 1e-6);
        units = rpi_chunk_policy_next(&pace, 100000, false);
    }
    ck_assert_uint_ge(units, 10000);
    ck_assert_uint_le(units, 50000);
}
END_TEST

/* A call costs less than configured, and units cost more than the first one suggests. */
START_TEST(pace_does_not_believe_that_units_cost_nothing)
{
    struct chunk_policy pace = rpi_chunk_policy_start((struct chunk_costs){10e-3, 0}, 1);
    uint32_t units = 1;
    for (int calls = 0; calls < 10; calls++) {
        rpi_chunk_policy_learn(&pace, units, 5e-3 + units * 1e-3);
        units = rpi_chunk_policy_next(&pace, 1000000, false);
        ck_assert_uint_le(units, 1000);
    }
    ck_assert_uint_ge(units, 100);
}
END_TEST

START_TEST(pace_keeps_its_length_while_more_is_to_come)
{
    struct chunk_policy pace = rpi_chunk_policy_start((struct chunk_costs){1e-3, 0}, 1);
    pace.unit_seconds = 1e-3;
    pace.proven = 31;
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 1000, true), 50);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 74, true), 74);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 76, true), 38);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 10, true), 10);
}
END_TEST

/* A share that lasts a few calls is one chunk; after long work some of it is kept for others. */
START_TEST(pace_divides_the_end_as_ranks_may_differ)
{
    struct chunk_policy pace = rpi_chunk_policy_start((struct chunk_costs){1e-3, 1e-3}, 1);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 10, false), 10);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 55, false), 55);
    pace.worked = 0.1;
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 40, false), 33);
    pace.worked = 1;
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 40, false), 20);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 5, false), 5);
}
END_TEST

START_TEST(pace_leaves_no_short_remainder)
{
    struct chunk_policy pace = rpi_chunk_policy_start((struct chunk_costs){1e-3, 1e-3}, 20);
    for (uint32_t remaining = 1000; remaining > 0;) {
        uint32_t units = rpi_chunk_policy_next(&pace, remaining, false);
        ck_assert_uint_ge(units, 20);
        rpi_chunk_policy_learn(&pace, units, 1e-3 + units * 1e-3);
        remaining -= units;
    }
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 39, false), 39);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 5, false), 5);
}
END_TEST

/* Where the program knows what a unit costs, the first chunk is as long as later ones. */
START_TEST(pace_begins_with_what_is_expected)
{
    struct chunk_policy pace = rpi_chunk_policy_start((struct chunk_costs){0, 1e-6}, 1);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 1000000, false), 50);
    rpi_chunk_policy_learn(&pace, 50, 100e-6);
    ck_assert_uint_lt(rpi_chunk_policy_next(&pace, 1000000, false), 50);
    pace = rpi_chunk_policy_start((struct chunk_costs){1e-3, 1e-6}, 1);
    ck_assert_uint_eq(rpi_chunk_policy_next(&pace, 40000, false), 40000);
}
END_TEST

/* Takes a batch from the units left. */
static uint32_t dispatched(struct batch_policy *dispatch, int node, uint32_t *left, double seconds)
{
    uint32_t units = rpi_batch_policy_next(dispatch, node, *left, seconds);
    *left -= units;
    return units;
}

START_TEST(dispatch_divides_by_speed)
{
    struct dispatch_node nodes[] = {{.ranks = 2, .most = UINT32_MAX, .speed = 300},
                                    {.ranks = 2, .most = UINT32_MAX, .speed = 100}};
    struct batch_policy dispatch = {.least = 1, .nodes = 2, .node = nodes};
    uint32_t left = 1000;
    rpi_batch_policy_begin(&dispatch);
    ck_assert_uint_eq(dispatched(&dispatch, 0, &left, 0), 375); /* half of three quarters */
    ck_assert_uint_eq(dispatched(&dispatch, 1, &left, 0), 125); /* half of a quarter */
    /* If that would not last, a batch is larger, but not larger than a fair share. */
    ck_assert_uint_eq(dispatched(&dispatch, 1, &left, 1), 100);
    ck_assert_uint_eq(dispatched(&dispatch, 1, &left, 100), 100);
    nodes[0].most = 5;
    ck_assert_uint_eq(dispatched(&dispatch, 0, &left, 1), 5);
    /* A node of unknown speed gets a twentieth of its share, then twice as much as before. */
    nodes[1].speed = 0;
    nodes[1].last = 0;
    rpi_batch_policy_begin(&dispatch);
    ck_assert_uint_eq(dispatched(&dispatch, 1, &left, 100), 7);
    ck_assert_uint_eq(dispatched(&dispatch, 1, &left, 100), 14);
}
END_TEST

START_TEST(dispatch_hands_out_everything)
{
    struct dispatch_node nodes[3] = {{0}};
    for (int i = 0; i < 3; i++)
        nodes[i] = (struct dispatch_node){.ranks = 1 + (uint32_t)i, .most = UINT32_MAX};
    struct batch_policy dispatch = {.least = 1, .nodes = 3, .node = nodes};
    uint32_t left = UINT32_C(1) << 31;
    rpi_batch_policy_begin(&dispatch);
    int batches = 0;
    for (; left > 0; batches++) {
        ck_assert_uint_gt(dispatched(&dispatch, batches % 3, &left, 0), 0);
        rpi_batch_policy_learn(&dispatch, batches % 3, 100);
    }
    ck_assert_int_lt(batches, 3 * 6 * 31);
    ck_assert_uint_eq(dispatched(&dispatch, 0, &left, 1), 0);
}
END_TEST

/* The running sums give what sums over all nodes would. */
START_TEST(dispatch_sums_speeds)
{
    enum {
        NODES = 50
    };
    struct dispatch_node nodes[NODES];
    for (int i = 0; i < NODES; i++)
        nodes[i] = (struct dispatch_node){.ranks = 1 + (uint32_t)i % 4, .most = UINT32_MAX};
    struct batch_policy dispatch = {.least = 1, .nodes = NODES, .node = nodes};
    rpi_batch_policy_begin(&dispatch);
    for (int step = 0; step < 10000; step++) {
        double speeds = 0, measured = 0, others = 0;
        rpi_batch_policy_learn(&dispatch, step * 7 % 37, pow(10, (double)(step * 31 % 7) - 3));
        for (int i = 0; i < NODES; i++) {
            speeds += nodes[i].speed;
            *(nodes[i].speed > 0 ? &measured : &others) += nodes[i].ranks;
        }
        ck_assert_double_eq_tol(dispatch.speed / speeds, 1, 1e-6);
        ck_assert(dispatch.measured == (int64_t)measured);
        ck_assert(dispatch.ranks == (int64_t)(measured + others));
    }
}
END_TEST

/* In a wave, in which all nodes ask once, each gets the same: half of its part. */
START_TEST(dispatch_gives_equal_shares_in_a_wave)
{
    enum {
        NODES = 128
    };
    struct dispatch_node nodes[NODES];
    for (int i = 0; i < NODES; i++)
        nodes[i] = (struct dispatch_node){.ranks = 1, .most = UINT32_MAX, .speed = 1};
    struct batch_policy dispatch = {.least = 1, .nodes = NODES, .node = nodes};
    rpi_batch_policy_begin(&dispatch);
    uint32_t left = NODES * 1024;
    for (uint32_t share = 512; share > 0; share /= 2) {
        for (int i = 0; i < NODES; i++)
            ck_assert_uint_eq(dispatched(&dispatch, i, &left, 0), share);
    }
    ck_assert_uint_eq(left, NODES);
    /* If all that is left would not last, there is one more wave. */
    left = NODES * 16;
    for (int i = 0; i < NODES; i++)
        ck_assert_uint_eq(dispatched(&dispatch, i, &left, 100), 16);
    ck_assert_uint_eq(left, 0);
    /* Nodes that have got less than another get more, but not more than a fair share. */
    left = NODES * 1024;
    rpi_batch_policy_issue(&dispatch, 1, NODES * 1024);
    ck_assert_uint_eq(dispatched(&dispatch, 0, &left, 0), 1024);
    ck_assert_uint_eq(dispatched(&dispatch, 1, &left, 0), 508);
}
END_TEST

START_TEST(beginnings_leave_most_for_later)
{
    ck_assert_uint_eq(rpi_batch_policy_initial(1000, 4, 1, RP_SCHEDULE_ADAPTIVE), 1000);
    ck_assert_uint_eq(rpi_batch_policy_initial(1000, 4, 2, RP_SCHEDULE_STATIC), 1000);
    ck_assert_uint_eq(rpi_batch_policy_initial(1000, 4, 2, RP_SCHEDULE_ADAPTIVE), 50);
    ck_assert_uint_eq(rpi_batch_policy_initial(20, 4, 2, RP_SCHEDULE_GUIDED), 4);
    ck_assert_uint_eq(rpi_batch_policy_initial(3, 4, 2, RP_SCHEDULE_DYNAMIC), 3);
    ck_assert_uint_eq(rpi_batch_policy_initial(0, 4, 2, RP_SCHEDULE_DYNAMIC), 0);
}
END_TEST

START_TEST(supply_is_requested_in_time)
{
    struct supply supply = {.waiting = 9,
                            .in_progress = 2,
                            .until_next = 1,
                            .room = 4,
                            .last = 8,
                            .most = 100,
                            .units_per_second = 1000,
                            .delivery = 4e-3};
    ck_assert_double_eq_tol(rpi_supply_covered(&supply), 9e-3, 1e-9);
    ck_assert_double_eq_tol(rpi_supply_seconds(&supply), 10e-3, 1e-9);
    ck_assert(!rpi_supply_request_due(&supply));
    supply.waiting = 7;
    ck_assert(rpi_supply_request_due(&supply));
    supply.arriving = 8; /* what is on its way counts, and so does a request */
    ck_assert(!rpi_supply_request_due(&supply));
    supply.arriving = 0;
    supply.requested = 1;
    ck_assert(!rpi_supply_request_due(&supply));
    supply.delivery = 20e-3; /* two in flight only if the stage cuts batches short */
    ck_assert(!rpi_supply_request_due(&supply));
    supply.most = 8;
    ck_assert(rpi_supply_request_due(&supply));
    supply.requested = supply.room = 2;
    ck_assert(!rpi_supply_request_due(&supply));
    /* Only then their transfer counts. */
    supply = (struct supply){
        .waiting = 10, .room = 4, .last = 8, .units_per_second = 1000, .delivery = 4e-3};
    supply.transfer = 1e-3;
    supply.most = 100;
    ck_assert(!rpi_supply_request_due(&supply));
    supply.most = 8;
    ck_assert(rpi_supply_request_due(&supply));
    /* Of unknown speed: when a rank is idle. */
    supply = (struct supply){.waiting = 1, .in_progress = 2, .room = 4, .most = 100, .delivery = 1};
    ck_assert(isinf(rpi_supply_seconds(&supply)));
    ck_assert(!rpi_supply_request_due(&supply));
    supply.idle = 2;
    ck_assert(rpi_supply_seconds(&supply) <= 0);
    ck_assert(rpi_supply_request_due(&supply));
}
END_TEST

START_TEST(speed_follows_what_is_done)
{
    struct throughput speed = rpi_throughput_start(10);
    ck_assert(rpi_throughput_guess(&speed, 10.001, 0) <= 0);
    rpi_throughput_learn(&speed, 10.001, 50); /* too short to measure */
    ck_assert(speed.units_per_second <= 0);
    ck_assert_double_eq_tol(rpi_throughput_guess(&speed, 10.001, 50), 5e4, 1);
    rpi_throughput_learn(&speed, 10.5, 0); /* nothing done: still unknown */
    ck_assert(speed.units_per_second <= 0);
    rpi_throughput_learn(&speed, 11, 1000);
    ck_assert_double_eq_tol(speed.units_per_second, 1000, 1e-9);
    rpi_throughput_learn(&speed, 11.1, 1000); /* in the midst of a chunk: the measurement goes on */
    rpi_throughput_learn(&speed, 11.2, 1200);
    ck_assert_double_eq_tol(speed.units_per_second, 1000, 1e-9);
    ck_assert(rpi_throughput_guess(&speed, 11.201, 1300) <= speed.units_per_second);
    for (int i = 1; i <= 100; i++)
        rpi_throughput_learn(&speed, 11.2 + 0.1 * i, 1200 + 10 * (uint32_t)i);
    ck_assert_double_eq_tol(speed.units_per_second, 100, 1);
    /* A long item, then a thousand per second again. */
    rpi_throughput_learn(&speed, 25, 2201);
    ck_assert_double_lt(speed.units_per_second, 10);
    for (int i = 1; i <= 5; i++)
        rpi_throughput_learn(&speed, 25 + 0.025 * i, 2201 + 25 * (uint32_t)i);
    ck_assert_double_gt(speed.units_per_second, 900);
}
END_TEST

static const struct test_case cases[] = {
    {"the pace follows the time of a unit", &pace_follows_the_time_of_a_unit},
    {"the pace of long items is one", &pace_of_long_items_is_one},
    {"the pace leaves a fair share", &pace_leaves_a_fair_share},
    {"the pace hides the cost of a call", &pace_hides_the_cost_of_a_call},
    {"the pace leaves no short remainder", &pace_leaves_no_short_remainder},
    {"the pace does not believe that units cost nothing",
     &pace_does_not_believe_that_units_cost_nothing},
    {"the pace keeps its length while more is to come",
     &pace_keeps_its_length_while_more_is_to_come},
    {"the pace divides the end as ranks may differ", &pace_divides_the_end_as_ranks_may_differ},
    {"the pace begins with what is expected", &pace_begins_with_what_is_expected},
    {"dispatch divides by speed", &dispatch_divides_by_speed},
    {"dispatch gives equal shares in a wave", &dispatch_gives_equal_shares_in_a_wave},
    {"dispatch hands out everything", &dispatch_hands_out_everything},
    {"dispatch sums speeds", &dispatch_sums_speeds},
    {"beginnings leave most for later", &beginnings_leave_most_for_later},
    {"supply is requested in time", &supply_is_requested_in_time},
    {"the speed follows what is done", &speed_follows_what_is_done},
    {NULL, NULL},
};
const struct test_group sched_policy_tests = {"sched_policy", cases};
