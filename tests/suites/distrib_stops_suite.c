/* Jobs over several nodes that stop early: what was finished before has arrived, every node stops,
 * and no message is left behind. The nodes are pretended. */
#include "distrib_settings.h"
#include "suites.h"

#include "pool/pool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail_late(rp_task *task, const void *in, void *out)
{
    int64_t item = rp_task_item(task);
    *(int64_t *)out = *(const int64_t *)in + 1;
    return item == 20 ? 3 : 0;
}

/* Results finished before a rank fails are there, and so are their statuses. */
START_TEST(results_before_a_stop_arrive)
{
    enum {
        N = 50000
    };
    for (int s = 0; s < SETTINGS; s++) {
        rp_pool *pool = open_with_setting(&settings[s], 0);
        bool root = world_rank() == 0;
        static int64_t in[N], out[N];
        static uint8_t statuses[N];
        for (int i = 0; i < N; i++) {
            in[i] = i;
            out[i] = -5;
        }
        rp_map_job job = {.n = N,
                          .item = fail_late,
                          .in = root ? in : NULL,
                          .in_size = sizeof *in,
                          .out = root ? out : NULL,
                          .out_size = sizeof *out,
                          .options = {.item_status = root ? statuses : NULL}};
        ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
        ck_assert_int_eq(rp_last_error(pool)->item, 20);
        for (int i = 0; root && i < N; i++) {
            require_item((statuses[i] == RP_ERR_TASK) == (i == 20), i);
            require_item(statuses[i] != RP_OK || out[i] == i + 1, i);
            require_item(statuses[i] != RP_ERR_CANCELLED || out[i] == -5, i);
        }
        close_with_setting(pool);
    }
}
END_TEST

/* Also if the results have to be distributed. */
START_TEST(results_before_a_stop_are_replicated)
{
    enum {
        N = 2000
    };
    for (int s = 0; s < SETTINGS; s++) {
        rp_pool *pool = open_with_setting(&settings[s], 0);
        static int64_t in[N], out[N];
        static uint8_t statuses[N];
        for (int i = 0; i < N; i++)
            in[i] = i;
        memset(out, 0, sizeof out);
        rp_map_job job = {
            .n = N,
            .item = fail_late,
            .in = in,
            .in_size = sizeof *in,
            .in_place = RP_ON_RANKS,
            .out = out,
            .out_size = sizeof *out,
            .out_place = RP_ON_RANKS,
            .options = {.schedule = RP_SCHEDULE_DYNAMIC, .chunk = 50, .item_status = statuses}};
        ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
        MPI_Bcast(statuses, N, MPI_BYTE, 0, MPI_COMM_WORLD);
        ck_assert_int_eq(statuses[19], RP_OK);
        for (int i = 0; i < N; i++)
            require_item(statuses[i] != RP_OK || out[i] == i + 1, i);
        close_with_setting(pool);
    }
}
END_TEST

/* Items take a millisecond: all of them together would exceed a test's time limit by far. */
START_TEST(a_rank_that_gives_up_stops_every_node)
{
    for (int s = 0; s < SETTINGS; s++) {
        rp_pool *pool = open_with_setting(&settings[s], 0);
        rp_loop *loop;
        rp_range range;
        rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC};
        ck_assert_int_eq(rp_loop_open(pool, 10000000, &options, &loop), RP_OK);
        int done = 0;
        while (rp_loop_next(loop, &range)) {
            if (world_rank() == world_ranks() - 1 && ++done == 3)
                break;
            usleep(1000);
        }
        rp_status mine = done == 3 ? RP_ERR_CANCELLED : RP_OK;
        ck_assert_int_eq(rp_loop_close(&loop, mine), RP_ERR_CANCELLED);
        check_same_error(rp_last_error(pool), RP_ERR_CANCELLED);
        close_with_setting(pool);
    }
}
END_TEST

/* With delayed messages, the root gives up while the others finish, or they give up after it has
 * finished. */
static void give_up_late(rp_pool *pool, int round)
{
    rp_loop *loop;
    rp_range range;
    bool root = rp_rank(pool) == rp_root(pool), early = round % 2 == 0 ? root : !root;
    rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC};
    ck_assert_int_eq(rp_loop_open(pool, rp_ranks(pool), &options, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        usleep(early ? 0 : 1000 * (unsigned)round);
    rp_status expected = round % 2 != 0 && rp_ranks(pool) == 1 ? RP_OK : RP_ERR_CANCELLED;
    ck_assert_int_eq(rp_loop_close(&loop, early ? RP_ERR_CANCELLED : RP_OK), expected);
}

START_TEST(no_message_is_left_behind)
{
    setenv("RANKPOOL_TEST_LATENCY", "0.01", 1);
    rp_pool *pool = open_with_setting(&settings[0], 0);
    for (int round = 0; round < 10; round++) {
        int left = 0;
        give_up_late(pool, round);
        usleep(20000);
        for (int look = 0; look < 10 && left == 0; look++)
            MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, pool->world.agents, &left, MPI_STATUS_IGNORE);
        ck_assert_msg(left == 0, "a message of round %d is left", round);
    }
    close_with_setting(pool);
    unsetenv("RANKPOOL_TEST_LATENCY");
}
END_TEST

static const struct test_case cases[] = {
    {"results before a stop arrive", &results_before_a_stop_arrive},
    {"results before a stop are replicated", &results_before_a_stop_are_replicated},
    {"a rank that gives up stops every node", &a_rank_that_gives_up_stops_every_node},
    {"no message is left behind", &no_message_is_left_behind},
    {NULL, NULL},
};

const struct test_group distrib_stops_tests = {"distrib_stops", cases};
