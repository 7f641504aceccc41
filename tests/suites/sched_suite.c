/* sched/: pure logic. tests/threads/claims.c tests it under contention. */
#include "suites.h"

#include "sched/batch_policy.h"
#include "sched/batch_queue.h"
#include "sched/chunk_policy.h"
#include "sched/completion_log.h"
#include "sched/supply_policy.h"
#include "sched/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

START_TEST(blocks_cover_everything_once)
{
    for (int64_t n = 0; n < 40; n++) {
        for (int64_t parts = 1; parts < 12; parts++) {
            int64_t next = 0;
            for (int64_t part = 0; part < parts; part++) {
                rp_range block = rp_block(n, parts, part);
                ck_assert_int_eq(block.begin, next);
                ck_assert_int_ge(block.end - block.begin, n / parts);
                ck_assert_int_le(block.end - block.begin, n / parts + 1);
                for (int64_t item = block.begin; item < block.end; item++)
                    ck_assert_int_eq(rp_block_owner(n, parts, item), part);
                next = block.end;
            }
            ck_assert_int_eq(next, n);
        }
    }
}
END_TEST

START_TEST(blocks_at_the_limits)
{
    rp_range last = rp_block(INT64_MAX, 3, 2);
    ck_assert_int_eq(last.end, INT64_MAX);
    ck_assert_int_eq(rp_block_owner(INT64_MAX, 3, INT64_MAX - 1), 2);
    ck_assert_int_eq(rp_block(5, INT64_MAX, 4).end, 5);
    ck_assert_int_eq(rp_block(-1, 2, 0).end, 0);
    ck_assert_int_eq(rp_block(5, 0, 0).end, 0);
    ck_assert_int_eq(rp_block(5, 2, 2).end, 0);
    ck_assert_int_eq(rp_block(5, 2, -1).end, 0);
    ck_assert_int_eq(rp_block_owner(5, 2, 5), -1);
    ck_assert_int_eq(rp_block_owner(5, 2, -1), -1);
    ck_assert_int_eq(rp_block_owner(5, 0, 1), -1);
}
END_TEST

START_TEST(units_hold_any_number_of_items)
{
    static const int64_t sizes[] = {0,
                                    1,
                                    1000,
                                    (INT64_C(1) << 31) - 1,
                                    INT64_C(1) << 31,
                                    (INT64_C(1) << 31) + 1,
                                    INT64_C(1000000000000000),
                                    INT64_MAX - 1,
                                    INT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct units units = rpi_units_cut(sizes[i]);
        ck_assert_uint_le(units.count, UINT32_C(1) << 31);
        if (sizes[i] == 0) {
            ck_assert_uint_eq(units.count, 0);
            continue;
        }
        rp_range all = units_to_items(&units, (struct unit_range){0, units.count});
        ck_assert_int_eq(all.begin, 0);
        ck_assert_int_eq(all.end, sizes[i]);
        rp_range last = units_to_items(&units, (struct unit_range){units.count - 1, units.count});
        ck_assert_int_lt(last.begin, last.end);
        ck_assert_uint_eq(rpi_units_for(&units, 1), 1);
        ck_assert_uint_eq(rpi_units_for(&units, INT64_MAX), units.count);
    }
}
END_TEST

START_TEST(schedules_are_parsed)
{
    struct schedule_choice choice = {RP_SCHEDULE_STATIC, 7};
    static const char *const bad[] = {"",          "dynamc",  "dynamic,",   "dynamic,0",
                                      "dynamic,x", "guided ", "dynamic,-1", "static,1,2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!rpi_schedule_choice_parse(bad[i], &choice), "\"%s\" was taken", bad[i]);
    ck_assert(choice.schedule == RP_SCHEDULE_STATIC && choice.chunk == 7);
    ck_assert(rpi_schedule_choice_parse("guided,100", &choice));
    ck_assert(choice.schedule == RP_SCHEDULE_GUIDED && choice.chunk == 100);
    ck_assert(rpi_schedule_choice_parse("factoring", &choice));
    ck_assert(choice.schedule == RP_SCHEDULE_FACTORING && choice.chunk == 0);
}
END_TEST

/* Empties a whole batch queue; returns the number of chunks, their sizes in `sizes`. */
static int deal(const struct batch_queue_rule *rule, struct unit_range whole, uint32_t *sizes)
{
    struct batch_queue batch_queue = {.left = unit_range_pack(whole),
                                      .whole = unit_range_pack(whole)};
    struct unit_range chunk;
    uint32_t next = whole.low;
    int count = 0;
    while (rpi_batch_queue_take(&batch_queue, rule, false, &chunk)) {
        if (chunk.low != next || chunk.high <= chunk.low)
            ck_abort_msg("from %" PRIu32 " to %" PRIu32 " after %" PRIu32, chunk.low, chunk.high,
                         next);
        next = chunk.high;
        sizes[count++] = chunk.high - chunk.low;
    }
    ck_assert_uint_eq(next, whole.high);
    return count;
}

START_TEST(guided_deals_out_shares_of_the_rest)
{
    uint32_t sizes[200];
    struct batch_queue_rule rule = {.schedule = RP_SCHEDULE_GUIDED, .lanes = 4, .least = 1};
    int count = deal(&rule, (struct unit_range){50, 150}, sizes);
    ck_assert_uint_eq(sizes[0], 25);
    ck_assert_uint_eq(sizes[1], 19);
    ck_assert_uint_eq(sizes[count - 1], 1);
    rule.least = 10;
    count = deal(&rule, (struct unit_range){50, 150}, sizes);
    for (int i = 0; i + 1 < count; i++)
        ck_assert_uint_ge(sizes[i], 10);
}
END_TEST

START_TEST(factoring_deals_out_rounds)
{
    uint32_t sizes[200];
    struct batch_queue_rule rule = {.schedule = RP_SCHEDULE_FACTORING, .lanes = 4, .least = 1};
    int count = deal(&rule, (struct unit_range){0, 100}, sizes);
    /* 100/8 -> 13 x 4, 48/8 -> 6 x 4, 24/8 -> 3 x 4, 12/8 -> 2 x 4, then 4 x 1 */
    static const uint32_t expected[] = {13, 13, 13, 13, 6, 6, 6, 6, 3, 3,
                                        3,  3,  2,  2,  2, 2, 1, 1, 1, 1};
    ck_assert_int_eq(count, 20);
    for (int i = 0; i < count; i++)
        ck_assert_uint_eq(sizes[i], expected[i]);
}
END_TEST

START_TEST(batch_queues_of_any_size)
{
    const struct unit_range whole = {0, UINT32_C(1) << 31};
    uint32_t *sizes = malloc(100000 * sizeof *sizes);
    for (uint32_t lanes = 1; lanes < 70; lanes += 3) {
        struct batch_queue_rule rule = {.schedule = RP_SCHEDULE_FACTORING,
                                        .lanes = lanes,
                                        .least = 1};
        ck_assert_int_le(deal(&rule, whole, sizes), (int)lanes * 33);
        rule.schedule = RP_SCHEDULE_GUIDED;
        ck_assert_int_le(deal(&rule, whole, sizes), (int)lanes * 33);
        rule.schedule = RP_SCHEDULE_ADAPTIVE;
        ck_assert_int_eq(deal(&rule, whole, sizes), (int)lanes);
    }
    free(sizes);
}
END_TEST

/* Every unit once, in few parts, from both ends. */
START_TEST(random_parts_of_a_batch_queue)
{
    const struct unit_range whole = {7, UINT32_C(1) << 31};
    struct batch_queue batch_queue = {.left = unit_range_pack(whole),
                                      .whole = unit_range_pack(whole)};
    struct batch_queue_rule rule = {
        .schedule = RP_SCHEDULE_DYNAMIC, .lanes = 8, .least = 3, .random = 1};
    struct unit_range left = whole, taken;
    int fronts = 0, ends = 0;
    for (;;) {
        rpi_batch_queue_shuffle(&rule);
        if (!rpi_batch_queue_take(&batch_queue, &rule, false, &taken))
            break;
        bool front = taken.low == left.low;
        ck_assert(front || taken.high == left.high);
        ck_assert_uint_ge(unit_range_length(taken),
                          unit_range_length(left) < 3 ? unit_range_length(left) : 3);
        ck_assert_uint_le(unit_range_length(taken), unit_range_length(left) / 8 + 3);
        left = front ? (struct unit_range){taken.high, left.high}
                     : (struct unit_range){left.low, taken.low};
        fronts += front;
        ends += !front;
    }
    ck_assert(unit_range_empty(left));
    ck_assert_int_gt(fronts, 20);
    ck_assert_int_gt(ends, 20);
    ck_assert_int_lt(fronts + ends, 8 * 80);
}
END_TEST

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

/* A log of `capacity` entries in plain memory. */
static struct completion_log *new_log(struct log_writer *writer, uint32_t capacity)
{
    struct completion_log *log = calloc(1, rpi_completion_log_bytes(capacity));
    rpi_completion_log_start(writer, log, capacity);
    return log;
}

START_TEST(log_joins_contiguous_chunks)
{
    struct log_writer writer;
    struct unit_range copy[8];
    struct completion_log *log = new_log(&writer, 8);
    ck_assert_uint_eq(rpi_completion_log_read(log, 8, copy), 0);
    log_finish(&writer, (struct unit_range){0, 5});
    log_finish(&writer, (struct unit_range){5, 6});
    log_finish(&writer, (struct unit_range){9, 10});
    log_finish(&writer, (struct unit_range){6, 9});
    ck_assert_uint_eq(rpi_completion_log_read(log, 8, copy), 3);
    ck_assert(copy[0].low == 0 && copy[0].high == 6);
    ck_assert(copy[1].low == 9 && copy[1].high == 10);
    ck_assert(copy[2].low == 6 && copy[2].high == 9);
    free(log);
}
END_TEST

START_TEST(log_makes_room_by_joining)
{
    struct log_writer writer;
    struct unit_range copy[8];
    struct completion_log *log = new_log(&writer, 8);
    for (uint32_t i = 8; i > 0; i--)
        log_finish(&writer, (struct unit_range){i, i + 1});
    ck_assert(rpi_completion_log_room(&writer, 2));
    ck_assert_uint_eq(rpi_completion_log_read(log, 8, copy), 1);
    ck_assert(copy[0].low == 1 && copy[0].high == 9);
    log_finish(&writer, (struct unit_range){9, 12});
    ck_assert_uint_eq(rpi_completion_log_read(log, 8, copy), 1);
    for (uint32_t i = 10; i < 17; i++)
        log_finish(&writer, (struct unit_range){2 * i, 2 * i + 1});
    ck_assert(!rpi_completion_log_room(&writer, 1));
    ck_assert_uint_eq(rpi_completion_log_read(log, 8, copy), 8);
    ck_assert(rpi_completion_log_complete(log));
    log_finish(&writer, (struct unit_range){100, 101});
    ck_assert(!rpi_completion_log_complete(log));
    ck_assert_uint_eq(rpi_completion_log_read(log, 8, copy), 8);
    free(log);
}
END_TEST

START_TEST(log_does_not_merge_in_vain)
{
    const uint32_t capacity = 16;
    struct completion_log *log = calloc(1, rpi_completion_log_bytes(capacity));
    struct log_writer writer;
    rpi_completion_log_start(&writer, log, capacity);
    for (uint32_t i = 0; i < capacity - 1; i++)
        rpi_completion_log_append(&writer,
                                  (struct unit_range){2 * i, 2 * i + 1}); /* never merged */
    ck_assert(rpi_completion_log_room(&writer, 1));
    ck_assert(!rpi_completion_log_room(&writer, 2));
    uint32_t generation = writer.generation;
    ck_assert(!rpi_completion_log_room(&writer, 2));
    ck_assert_uint_eq(writer.generation, generation);
    free(log);
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
    ck_assert(rpi_throughput_guess(&speed, 11.001, 1100) <= speed.units_per_second);
    for (int i = 1; i <= 100; i++)
        rpi_throughput_learn(&speed, 11 + 0.1 * i, 1000 + 10 * (uint32_t)i);
    ck_assert_double_eq_tol(speed.units_per_second, 100, 1);
    /* A long item, then the previous speed again. */
    rpi_throughput_learn(&speed, 25, 2000);
    for (int i = 1; i <= 5; i++)
        rpi_throughput_learn(&speed, 25 + 0.025 * i, 2000 + 25 * (uint32_t)i);
    ck_assert_double_gt(speed.units_per_second, 900);
}
END_TEST

static const struct test_case cases[] = {
    {"blocks cover everything once", &blocks_cover_everything_once},
    {"blocks at the limits", &blocks_at_the_limits},
    {"units hold any number of items", &units_hold_any_number_of_items},
    {"schedules are parsed", &schedules_are_parsed},
    {"guided deals out shares of the rest", &guided_deals_out_shares_of_the_rest},
    {"factoring deals out rounds", &factoring_deals_out_rounds},
    {"batch queues of any size", &batch_queues_of_any_size},
    {"random parts of a batch queue", &random_parts_of_a_batch_queue},
    {"the pace follows the time of a unit", &pace_follows_the_time_of_a_unit},
    {"the pace of long items is one", &pace_of_long_items_is_one},
    {"the pace leaves a fair share", &pace_leaves_a_fair_share},
    {"the pace hides the cost of a call", &pace_hides_the_cost_of_a_call},
    {"the pace does not believe that units cost nothing",
     &pace_does_not_believe_that_units_cost_nothing},
    {"the pace keeps its length while more is to come",
     &pace_keeps_its_length_while_more_is_to_come},
    {"the pace divides the end as ranks may differ", &pace_divides_the_end_as_ranks_may_differ},
    {"the pace begins with what is expected", &pace_begins_with_what_is_expected},
    {"the log joins contiguous chunks", &log_joins_contiguous_chunks},
    {"the log makes room by joining", &log_makes_room_by_joining},
    {"the log does not merge in vain", &log_does_not_merge_in_vain},
    {"dispatch divides by speed", &dispatch_divides_by_speed},
    {"dispatch gives equal shares in a wave", &dispatch_gives_equal_shares_in_a_wave},
    {"dispatch hands out everything", &dispatch_hands_out_everything},
    {"dispatch sums speeds", &dispatch_sums_speeds},
    {"beginnings leave most for later", &beginnings_leave_most_for_later},
    {"supply is requested in time", &supply_is_requested_in_time},
    {"the speed follows what is done", &speed_follows_what_is_done},
    {NULL, NULL},
};
const struct test_group sched_tests = {"sched", cases};
