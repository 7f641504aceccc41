/* sched/: units, batch queues and logs, which are pure logic. tests/threads/claims.c tests them
 * under contention. */
#include "suites.h"

#include "sched/batch_queue.h"
#include "sched/chunk_policy.h"
#include "sched/completion_log.h"
#include "sched/units.h"
#include "sched/work_queue.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static void start_chunk(struct work_queue *work_queue, int lane, struct unit_range chunk)
{
    atomic_store(&work_queue->lane[lane].chunk, unit_range_pack(chunk));
    atomic_store(&work_queue->lane[lane].begun, UINT64_C(1000000000));
}

START_TEST(the_next_end_of_a_chunk_is_foreseen)
{
    size_t bytes = (rpi_work_queue_bytes(2) + APART - 1) / APART * APART;
    struct work_queue *work_queue = aligned_alloc(APART, bytes);
    ck_assert_ptr_nonnull(work_queue);
    memset(work_queue, 0, bytes);
    rpi_work_queue_make(work_queue, 2);
    ck_assert_double_eq_tol(rpi_work_queue_until_next(work_queue, 200, 1), 0, 1e-9);
    start_chunk(work_queue, 0, (struct unit_range){0, 100});
    start_chunk(work_queue, 1, (struct unit_range){100, 300});
    /* At 200 units per second, lane 0 needs until second 2, and lane 1 until second 3. */
    ck_assert_double_eq_tol(rpi_work_queue_until_next(work_queue, 200, 1.25), 150, 1e-6);
    ck_assert_double_eq_tol(rpi_work_queue_until_next(work_queue, 200, 1.75), 50, 1e-6);
    /* Lane 0 takes longer: half of its chunk may be left. */
    ck_assert_double_eq_tol(rpi_work_queue_until_next(work_queue, 200, 2.25), 100, 1e-6);
    ck_assert_double_eq_tol(rpi_work_queue_until_next(work_queue, 200, 2.75), 50, 1e-6);
    /* A single unit may take as long as it likes. */
    start_chunk(work_queue, 0, (struct unit_range){0, 1});
    ck_assert_double_eq_tol(rpi_work_queue_until_next(work_queue, 200, 1.001), 1, 1e-6);
    /* Lane 1 has all of the speed if lane 0 is idle. */
    atomic_store(&work_queue->lane[0].chunk, LANE_SEEKS);
    ck_assert_double_eq_tol(rpi_work_queue_until_next(work_queue, 200, 1.5), 100, 1e-6);
    /* A lane that does not measure its chunks. */
    atomic_store(&work_queue->lane[1].begun, 0);
    ck_assert_double_eq_tol(rpi_work_queue_until_next(work_queue, 200, 1.5), 100, 1e-6);
    free(work_queue);
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

static const struct test_case cases[] = {
    {"blocks cover everything once", &blocks_cover_everything_once},
    {"blocks at the limits", &blocks_at_the_limits},
    {"units hold any number of items", &units_hold_any_number_of_items},
    {"schedules are parsed", &schedules_are_parsed},
    {"the next end of a chunk is foreseen", &the_next_end_of_a_chunk_is_foreseen},
    {"guided deals out shares of the rest", &guided_deals_out_shares_of_the_rest},
    {"factoring deals out rounds", &factoring_deals_out_rounds},
    {"batch queues of any size", &batch_queues_of_any_size},
    {"random parts of a batch queue", &random_parts_of_a_batch_queue},
    {"the log joins contiguous chunks", &log_joins_contiguous_chunks},
    {"the log makes room by joining", &log_makes_room_by_joining},
    {"the log does not merge in vain", &log_does_not_merge_in_vain},
    {NULL, NULL},
};
const struct test_group sched_tests = {"sched", cases};
