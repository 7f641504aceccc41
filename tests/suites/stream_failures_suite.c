/* Streams with items that fail or take too long. */
#include "suites.h"

#include <string.h>
#include <unistd.h>

enum {
    STUBBORN = 7 /* one item in seven fails at first */
};

static bool on_root(void)
{
    return world_rank() == 0;
}

/* Parameters and counters of a stream. */
struct flow {
    int64_t items, produced, consumed, failed;
    int failures;   /* failed attempts of a stubborn item before it succeeds */
    double seconds; /* duration of a stubborn item */
    rp_status status;
};

static int produce(void *user, rp_buffer *item)
{
    struct flow *flow = user;
    if (flow->produced == flow->items)
        return 0;
    return rp_buffer_append(item, &flow->produced, sizeof flow->produced) != 0
               ? -1
               : (flow->produced++, 1);
}

/* A failing attempt has already written to the buffer. */
static int double_at_last(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    const struct flow *flow = rp_task_user(task);
    int64_t value = 2 * *(const int64_t *)in, rubbish = -1;
    bool stubborn = rp_task_item(task) % STUBBORN == 3;
    double begun = MPI_Wtime();
    while (stubborn && MPI_Wtime() - begun < flow->seconds) {
        if (rp_task_cancelled(task))
            return 1;
        usleep(1000);
    }
    if (bytes != sizeof value)
        return 2;
    if (stubborn && rp_task_attempt(task) < flow->failures)
        return rp_buffer_append(result, &rubbish, sizeof rubbish) == 0 ? 3 : 4;
    return rp_buffer_append(result, &value, sizeof value);
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    struct flow *flow = user;
    flow->consumed++;
    if (error != NULL) {
        flow->failed++;
        return error->status == flow->status && error->item == item ? 0 : -1;
    }
    return bytes == sizeof(int64_t) && *(const int64_t *)data == 2 * item ? 0 : -1;
}

static rp_status flow_through(rp_pool *pool, struct flow *flow, rp_options options)
{
    options.user = flow;
    flow->produced = flow->consumed = flow->failed = 0;
    rp_stream_job job = {
        .produce = produce, .work = double_at_last, .consume = consume, .options = options};
    return rp_stream(pool, &job);
}

START_TEST(streams_try_again_and_give_up)
{
    rp_pool *pool = open_pool();
    struct flow flow = {.items = 700, .failures = 2, .status = RP_ERR_TASK};
    rp_options options = {.retries = 2};
    ck_assert_int_eq(flow_through(pool, &flow, options), RP_OK);
    ck_assert(!on_root() || (flow.consumed == 700 && flow.failed == 0));
    options = (rp_options){.retries = 1, .on_failure = RP_ON_FAILURE_CONTINUE};
    ck_assert_int_eq(flow_through(pool, &flow, options), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->item, 3);
    ck_assert(!on_root() || (flow.consumed == 700 && flow.failed == 100));
    options.max_failures = 10;
    ck_assert_int_eq(flow_through(pool, &flow, options), RP_ERR_TASK);
    ck_assert_ptr_nonnull(strstr(rp_last_error(pool)->text, "given up after 10 failures"));
    ck_assert(!on_root() || (flow.consumed == 9 * STUBBORN + 4 && flow.failed == 10));
    close_pool(pool);
}
END_TEST

START_TEST(streams_have_limits)
{
    rp_pool *pool = open_pool();
    struct flow flow = {.items = 8, .seconds = 60, .status = RP_ERR_TIMEOUT};
    rp_options options = {.chunk = 1,
                          .schedule = RP_SCHEDULE_DYNAMIC,
                          .on_failure = RP_ON_FAILURE_CONTINUE,
                          .item_seconds = 0.4};
    ck_assert_int_eq(flow_through(pool, &flow, options), RP_ERR_TIMEOUT);
    check_same_error(rp_last_error(pool), RP_ERR_TIMEOUT);
    ck_assert_int_eq(rp_last_error(pool)->item, 3);
    ck_assert(!on_root() || (flow.consumed == 8 && flow.failed == 1));
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"streams try again and give up", &streams_try_again_and_give_up},
    {"streams have limits", &streams_have_limits},
    {NULL, NULL},
};
const struct test_group stream_failures_tests = {"stream_failures", cases};
