/* Streams that are interrupted while packets are in progress, which come back in parts. */
#include "suites.h"

#include <signal.h>
#include <unistd.h>

enum {
    PACKET = 4 /* items */
};

static bool obedient; /* tasks return when they are cancelled */
static int consumed, failed;

static int produce_packets(void *user, rp_buffer *item)
{
    int *produced = user;
    if (*produced == PACKET * (world_ranks() - 1))
        return RP_ITEM_LAST;
    (*produced)++;
    return rp_buffer_append(item, produced, sizeof *produced) == 0 ? RP_ITEM : -1;
}

/* The first packet is done while the others, one with each rank, are in progress. */
static int answer_in_time(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    (void)in, (void)in_bytes, (void)result;
    if (rp_task_item(task) < PACKET)
        return 0;
    for (int i = 0; i < 200; i++) {
        usleep(2000);
        if (obedient && rp_task_cancelled(task))
            return 6;
    }
    return 0;
}

static int interrupt_and_wait(void *user, int64_t item, const rp_error *error, const void *data,
                              size_t bytes)
{
    (void)user, (void)data, (void)bytes;
    consumed++;
    failed += error != NULL;
    if (item == 0) {
        usleep(100000);
        raise(SIGUSR1);
        usleep(700000);
    }
    return 0;
}

/* While the root consumes, the other ranks stop, and return packets of which some items are left,
 * or whose task gave up. */
START_TEST(a_stream_that_is_cut_is_not_complete)
{
    if (world_ranks() < 3)
        return;
    signal(SIGUSR1, SIG_DFL); /* Check's own handler would end the process */
    for (int round = 0; round < 4; round++) {
        rp_pool *pool =
            open_configured(&(rp_config){.handle_signals = true, .node_size = round / 2});
        int produced = 0;
        rp_stream_job job = {
            .produce = produce_packets,
            .work = answer_in_time,
            .consume = interrupt_and_wait,
            .unordered = true,
            .dedicated_root = true,
            .options = {.schedule = RP_SCHEDULE_DYNAMIC, .chunk = PACKET, .user = &produced}};
        obedient = round % 2;
        consumed = failed = 0;
        ck_assert_int_eq(rp_stream(pool, &job), RP_ERR_INTERRUPTED);
        check_same_error(rp_last_error(pool), RP_ERR_INTERRUPTED);
        ck_assert_int_eq(failed, 0);
        if (world_rank() == 0)
            ck_assert_int_lt(consumed, PACKET * (world_ranks() - 1));
        close_pool(pool);
    }
}
END_TEST

static const struct test_case cases[] = {
    {"a stream that is cut is not complete", &a_stream_that_is_cut_is_not_complete},
    {NULL, NULL},
};

const struct test_group stream_interruption_tests = {"stream_interruption", cases};
