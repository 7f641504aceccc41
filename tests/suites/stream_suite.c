/* The stream: order, windows, lengths of any kind, early ends and failures. */
#include "suites.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A stream of numbered items, and what the consumer received. */
struct numbers {
    int64_t n;       /* items; -1: endless */
    size_t in_bytes; /* of every item, its number first; 0: empty */
    int64_t produced, consumed, failed;
    int64_t most_ahead; /* the maximum distance of the producer from the consumer */
    int64_t enough;     /* the consumer stops after this many; 0: never */
    int consume_code;   /* with this code */
    int64_t fail_at;    /* the producer fails at this item; -1: never */
    bool ordered;
    int64_t breaks; /* results that came out of order */
    int64_t wrong;  /* results that are wrong */
    uint8_t *seen;  /* by item, or NULL */
};

/* Parameters of the tasks: the same on every rank. */
struct stream_plan {
    int64_t bad;   /* every multiple of this, except 0, fails; 0: none */
    int64_t large; /* every multiple of this has a result of `large_bytes` more; 0: none */
    size_t large_bytes;
    int64_t slow; /* this item takes 20 ms; -1: none */
};

struct context {
    struct numbers numbers;
    struct stream_plan plan;
};

/* Check's own assertions are too slow for every item. */
static void require(bool holds, int64_t item)
{
    if (!holds)
        ck_abort_msg("item %d", (int)item);
}

static int produce(void *user, rp_buffer *item)
{
    struct numbers *numbers = &((struct context *)user)->numbers;
    if (numbers->produced == numbers->fail_at)
        return -5;
    if (numbers->produced == numbers->n)
        return RP_ITEM_LAST;
    if (numbers->in_bytes > 0) {
        char *bytes = rp_buffer_resize(item, numbers->in_bytes);
        require(bytes != NULL, numbers->produced);
        memset(bytes, (int)(numbers->produced % 251), numbers->in_bytes);
        memcpy(bytes, &numbers->produced, sizeof numbers->produced);
    }
    numbers->produced++;
    int64_t ahead = numbers->produced - numbers->consumed;
    if (ahead > numbers->most_ahead)
        numbers->most_ahead = ahead;
    return RP_ITEM;
}

static void nap(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&time, NULL);
}

/* The result of an item: its number, doubled, then bytes derived from it. */
static int work(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    const struct stream_plan *plan = &((const struct context *)rp_task_user(task))->plan;
    int64_t item = rp_task_item(task);
    require(((uintptr_t)in & 15) == 0, item);
    if (in_bytes > 0) {
        int64_t told;
        memcpy(&told, in, sizeof told);
        require(told == item, item);
        require(((const uint8_t *)in)[in_bytes - 1] == item % 251 || in_bytes == sizeof told, item);
    }
    if (item == plan->slow)
        nap(20e-3);
    if (plan->bad > 0 && item > 0 && item % plan->bad == 0)
        return rp_task_fail(task, item, 7, "item %d is bad", (int)item);
    size_t extra =
        plan->large > 0 && item % plan->large == 0 ? plan->large_bytes : (size_t)item % 3;
    int64_t *out = rp_buffer_resize(result, sizeof *out + extra);
    require(out != NULL && ((uintptr_t)out & 15) == 0, item);
    *out = 2 * item;
    memset(out + 1, (int)(item % 249), extra);
    return 0;
}

static bool right(int64_t item, const struct stream_plan *plan, const char *data, size_t bytes)
{
    size_t extra =
        plan->large > 0 && item % plan->large == 0 ? plan->large_bytes : (size_t)item % 3;
    int64_t number;
    if (bytes != sizeof number + extra || ((uintptr_t)data & 15) != 0)
        return false;
    memcpy(&number, data, sizeof number);
    for (size_t i = sizeof number; i < bytes; i++) {
        if ((uint8_t)data[i] != item % 249)
            return false;
    }
    return number == 2 * item;
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    struct context *context = user;
    struct numbers *numbers = &context->numbers;
    if (numbers->ordered && item != numbers->consumed)
        numbers->breaks++;
    if (numbers->seen != NULL)
        numbers->seen[item]++;
    numbers->consumed++;
    if (error != NULL) {
        numbers->failed++;
        numbers->wrong += error->item != item || error->task_code != 7;
    } else {
        numbers->wrong += !right(item, &context->plan, data, bytes);
    }
    return numbers->consumed == numbers->enough ? numbers->consume_code : 0;
}

static struct context begin(int64_t n, size_t in_bytes)
{
    return (struct context){.numbers = {.n = n,
                                        .in_bytes = in_bytes,
                                        .ordered = true,
                                        .fail_at = -1,
                                        .consume_code = 1},
                            .plan = {.slow = -1}};
}

static rp_status run(rp_pool *pool, struct context *context, rp_stream_job job)
{
    bool root = rp_rank(pool) == rp_root(pool);
    job.produce = root ? produce : NULL;
    job.work = work;
    job.consume = root ? consume : NULL;
    job.options.user = context;
    context->numbers.ordered = !job.unordered;
    return rp_stream(pool, &job);
}

static void check_consumed(rp_pool *pool, const struct context *context, int64_t items)
{
    if (rp_rank(pool) != rp_root(pool))
        return;
    ck_assert_int_eq(context->numbers.consumed, items);
    ck_assert_int_eq(context->numbers.breaks, 0);
    ck_assert_int_eq(context->numbers.wrong, 0);
}

/* All numbers of items around the sizes of packets, ordered and unordered. */
START_TEST(numbers_of_items)
{
    static const int64_t counts[] = {0, 1, 2, 3, 10, 100, 1023, 1024, 1025, 20000};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (int unordered = 0; unordered <= 1; unordered++) {
            struct context context = begin(counts[i], i % 3 == 0 ? 0 : sizeof(int64_t));
            ck_assert_int_eq(run(pool, &context, (rp_stream_job){.unordered = unordered}), RP_OK);
            check_consumed(pool, &context, counts[i]);
        }
    }
    close_pool(pool);
}
END_TEST

/* Unordered: every item exactly once. */
START_TEST(unordered_each_once)
{
    enum {
        ITEMS = 5000
    };
    rp_pool *pool = open_pool();
    struct context context = begin(ITEMS, 24);
    context.plan.slow = 17;
    context.numbers.seen = calloc(ITEMS, 1);
    ck_assert_int_eq(run(pool, &context, (rp_stream_job){.unordered = true}), RP_OK);
    check_consumed(pool, &context, ITEMS);
    for (int i = 0; i < ITEMS && rp_rank(pool) == rp_root(pool); i++)
        ck_assert_int_eq(context.numbers.seen[i], 1);
    free(context.numbers.seen);
    close_pool(pool);
}
END_TEST

/* Inputs and results that fit a slot, nearly do, and do not. */
START_TEST(lengths_of_any_kind)
{
    static const size_t lengths[] = {0, 8, 16, 1000, 16000, 32752, 32753, 70000, 3000000};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++) {
            struct context context = begin(lengths[i] + lengths[j] > 1000000 ? 6 : 60, lengths[i]);
            context.plan.large = 1 + (int64_t)j % 3;
            context.plan.large_bytes = lengths[j];
            ck_assert_int_eq(run(pool, &context, (rp_stream_job){.unordered = j % 2}), RP_OK);
            check_consumed(pool, &context, context.numbers.n);
        }
    }
    close_pool(pool);
}
END_TEST

/* The producer is never further ahead than the window, in items or in bytes. */
START_TEST(windows_hold_the_producer)
{
    static const int64_t windows[] = {1, 2, 7, 100, 200};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        for (int kind = 0; kind < 4; kind++) {
            struct context context = begin(100, kind % 2 == 0 ? 8 : 0);
            rp_stream_job job = {.window_items = windows[i], .unordered = kind / 2};
            ck_assert_int_eq(run(pool, &context, job), RP_OK);
            check_consumed(pool, &context, 100);
            ck_assert_int_le(context.numbers.most_ahead, windows[i]);
        }
    }
    struct context context = begin(300, 100000);
    context.plan.large = 1;
    context.plan.large_bytes = 100000;
    ck_assert_int_eq(run(pool, &context, (rp_stream_job){.window_bytes = 1000000}), RP_OK);
    check_consumed(pool, &context, 300);
    ck_assert_int_le(context.numbers.most_ahead, 11);
    close_pool(pool);
}
END_TEST

/* An endless producer, and a consumer that stops. */
START_TEST(enough_ends_an_endless_stream)
{
    static const int64_t enough[] = {1, 3, 1000, 5000};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof enough / sizeof enough[0]; i++) {
        struct context context = begin(-1, 8);
        context.numbers.enough = enough[i];
        rp_stream_job job = {.unordered = i % 2, .window_items = i == 1 ? 2 : 0};
        ck_assert_int_eq(run(pool, &context, job), RP_OK);
        check_consumed(pool, &context, enough[i]);
    }
    close_pool(pool);
}
END_TEST

START_TEST(a_consumer_fails)
{
    rp_pool *pool = open_pool();
    struct context context = begin(-1, 8);
    context.numbers.enough = 5;
    context.numbers.consume_code = -3;
    ck_assert_int_eq(run(pool, &context, (rp_stream_job){.unordered = false}), RP_ERR_TASK);
    check_consumed(pool, &context, 5);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->item, 4);
    ck_assert_int_eq(rp_last_error(pool)->task_code, -3);
    close_pool(pool);
}
END_TEST

/* Items produced before the failure are consumed. */
START_TEST(a_producer_fails)
{
    static const int64_t items[] = {0, 3, 2000};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        struct context context = begin(-1, 8);
        context.numbers.fail_at = items[i];
        ck_assert_int_eq(run(pool, &context, (rp_stream_job){.unordered = i % 2}), RP_ERR_TASK);
        check_consumed(pool, &context, items[i]);
        check_same_error(rp_last_error(pool), RP_ERR_TASK);
        ck_assert_int_eq(rp_last_error(pool)->item, items[i]);
        ck_assert_int_eq(rp_last_error(pool)->task_code, -5);
    }
    close_pool(pool);
}
END_TEST

/* In order: items before the failed one are consumed, then comes its error, and nothing after
 * it. */
START_TEST(an_item_fails)
{
    static const int64_t bad[] = {2, 1500};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct context context = begin(-1, 8);
        context.plan.bad = bad[i];
        ck_assert_int_eq(run(pool, &context, (rp_stream_job){.unordered = false}), RP_ERR_TASK);
        check_consumed(pool, &context, bad[i] + 1);
        ck_assert_int_eq(rp_last_error(pool)->item, bad[i]);
        ck_assert_str_eq(rp_last_error(pool)->text,
                         bad[i] == 2 ? "item 2 is bad" : "item 1500 is bad");
        check_same_error(rp_last_error(pool), RP_ERR_TASK);
    }
    struct context context = begin(-1, 8);
    context.plan.bad = 100;
    ck_assert_int_eq(run(pool, &context, (rp_stream_job){.unordered = true}), RP_ERR_TASK);
    check_consumed(pool, &context, context.numbers.consumed);
    if (rp_rank(pool) == rp_root(pool))
        ck_assert_int_eq(context.numbers.failed, 1);
    close_pool(pool);
}
END_TEST

/* Failed items among good ones; their errors do not always fit beside the results. */
START_TEST(failures_with_keep_going)
{
    rp_pool *pool = open_pool();
    for (int unordered = 0; unordered <= 1; unordered++) {
        struct context context = begin(3000, 8);
        context.plan.bad = 2;
        rp_stream_job job = {.unordered = unordered,
                             .options = {.on_failure = RP_ON_FAILURE_CONTINUE}};
        ck_assert_int_eq(run(pool, &context, job), RP_ERR_TASK);
        check_consumed(pool, &context, 3000);
        if (rp_rank(pool) == rp_root(pool))
            ck_assert_int_eq(context.numbers.failed, 1499);
        ck_assert_int_eq(rp_last_error(pool)->item, 2);
    }
    close_pool(pool);
}
END_TEST

/* The root may be dedicated to serving; packets may have a given size. */
START_TEST(choices_of_the_root_and_of_chunks)
{
    rp_pool *pool = open_pool();
    static const int64_t chunks[] = {6, 50, 40};
    struct context serves = begin(500, 8), single = begin(500, 8);
    ck_assert_int_eq(run(pool, &serves, (rp_stream_job){.dedicated_root = true}), RP_OK);
    check_consumed(pool, &serves, 500);
    for (int i = 0; i < 6; i++) {
        struct context chunked = begin(40, 8);
        rp_stream_job job = {.unordered = i / 3, .options = {.chunk = chunks[i % 3]}};
        ck_assert_int_eq(run(pool, &chunked, job), RP_OK);
        check_consumed(pool, &chunked, 40);
    }
    ck_assert_int_eq(
        run(pool, &single, (rp_stream_job){.options = {.schedule = RP_SCHEDULE_DYNAMIC}}), RP_OK);
    check_consumed(pool, &single, 500);
    close_pool(pool);
}
END_TEST

/* One slow item delays the ordered results, not the work of the other ranks. */
START_TEST(a_long_item_keeps_the_order)
{
    rp_pool *pool = open_pool();
    struct context context = begin(4000, 8);
    context.plan.slow = 3;
    ck_assert_int_eq(run(pool, &context, (rp_stream_job){.unordered = false}), RP_OK);
    check_consumed(pool, &context, 4000);
    close_pool(pool);
}
END_TEST

/* Has no item at every second call, then items again. */
static int produce_now_and_then(void *user, rp_buffer *item)
{
    struct numbers *numbers = &((struct context *)user)->numbers;
    numbers->failed = !numbers->failed;
    return numbers->failed ? RP_ITEM_LATER : produce(user, item);
}

START_TEST(a_producer_with_nothing_now)
{
    rp_pool *pool = open_pool();
    struct context context = begin(50, 8);
    rp_stream_job job = {.produce = produce_now_and_then,
                         .work = work,
                         .consume = consume,
                         .options = {.user = &context}};
    ck_assert_int_eq(rp_stream(pool, &job), RP_OK);
    check_consumed(pool, &context, 50);
    close_pool(pool);
}
END_TEST

/* The root need not be the first rank of its node. */
START_TEST(any_rank_is_root)
{
    rp_pool *pool = open_configured(&(rp_config){.root = world_ranks() - 1});
    struct context context = begin(300, 100000);
    context.plan.large = 2;
    context.plan.large_bytes = 200000;
    ck_assert_int_eq(run(pool, &context, (rp_stream_job){.unordered = false}), RP_OK);
    check_consumed(pool, &context, 300);
    close_pool(pool);
}
END_TEST

static rp_status stream(rp_pool *pool, const void *job)
{
    return rp_stream(pool, job);
}

static int produce_nothing(void *user, rp_buffer *item)
{
    (void)user;
    (void)item;
    return RP_ITEM_LAST;
}

START_TEST(bad_streams_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    const rp_stream_job good = {.produce = produce_nothing, .work = work};
    uint8_t statuses[1];
    rp_stream_job bad[7];
    for (int i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].work = NULL;
    bad[1].window_items = -1;
    bad[2].window_bytes = -1;
    bad[3].options.schedule = RP_SCHEDULE_GUIDED;
    bad[4].options.item_status = statuses;
    bad[5].options.chunk = -1;
    bad[6].options.on_failure = (rp_on_failure)9;
    for (int i = 0; i < 7; i++)
        check_job_refused(pool, stream, &good, &bad[i], RP_ERR_ARGUMENT);
    rp_stream_job reserved = good, other = good;
    reserved.options.reserved[0] = 1;
    check_job_refused(pool, stream, &good, &reserved, RP_ERR_VERSION);
    other.unordered = true;
    if (world_ranks() > 1)
        check_job_refused(pool, stream, &good, &other, RP_ERR_MISMATCH);
    ck_assert_int_eq(rp_stream(NULL, &good), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_stream(pool, &(rp_stream_job){.work = work}), RP_ERR_ARGUMENT);
    close_pool(pool);
}
END_TEST

/* Two items, then the end. */
static int produce_two(void *user, rp_buffer *item)
{
    static int produced;
    (void)user;
    (void)item;
    produced = (produced + 1) % 3;
    return produced > 0 ? RP_ITEM : RP_ITEM_LAST;
}

/* Tasks may not make collective calls on the pool. */
static int meet_inside(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    (void)in;
    (void)in_bytes;
    (void)result;
    return rp_barrier(rp_task_user(task)) == RP_ERR_STATE ? 0 : 1;
}

START_TEST(calls_inside_a_task_are_refused)
{
    rp_pool *pool = open_pool();
    rp_stream_job job = {.produce = produce_two, .work = meet_inside, .options = {.user = pool}};
    ck_assert_int_eq(rp_stream(pool, &job), RP_OK);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"numbers of items", &numbers_of_items},
    {"unordered each once", &unordered_each_once},
    {"lengths of any kind", &lengths_of_any_kind},
    {"windows hold the producer", &windows_hold_the_producer},
    {"enough ends an endless stream", &enough_ends_an_endless_stream},
    {"a consumer fails", &a_consumer_fails},
    {"a producer fails", &a_producer_fails},
    {"an item fails", &an_item_fails},
    {"failures with keep going", &failures_with_keep_going},
    {"choices of the root and of chunks", &choices_of_the_root_and_of_chunks},
    {"a long item keeps the order", &a_long_item_keeps_the_order},
    {"a producer with nothing now", &a_producer_with_nothing_now},
    {"any rank is root", &any_rank_is_root},
    {"bad streams are refused by all", &bad_streams_are_refused_by_all},
    {"calls inside a task are refused", &calls_inside_a_task_are_refused},
    {NULL, NULL},
};

const struct test_group stream_tests = {"stream", cases};
