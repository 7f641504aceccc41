/* Several nodes: batches, inputs and results cross between them, and results do not depend on the
 * number of nodes. The nodes are pretended, so these tests run on any number of ranks; where ranks
 * cannot read each other's memory, one node takes the paths that several nodes do. */
#include "suites.h"

#include "distrib/node_groups.h"
#include "pool/pool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pools for a test. */
struct setting {
    int node_size;
    bool poll, unreachable;
    const char *group; /* nodes of a group in the tree of dispatchers; NULL: no tree */
};

static const struct setting settings[] = {
    {1, false, false, "2"}, {1, true, false, NULL}, {2, false, false, NULL},
    {2, false, true, "1"},  {0, false, true, NULL}, {3, true, true, "3"},
};
enum {
    SETTINGS = sizeof settings / sizeof settings[0]
};

static void set(const char *name, bool wanted, const char *value)
{
    if (wanted)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

/* All suites may run with groups. */
static char group_before[16];

static void remember_group(void)
{
    const char *group = getenv("RANKPOOL_TEST_GROUP");
    snprintf(group_before, sizeof group_before, "%s", group != NULL ? group : "");
}

static rp_pool *open_with(const struct setting *setting, int root)
{
    set("RANKPOOL_AGENT", setting->poll, "poll");
    set("RANKPOOL_TEST_UNREACHABLE", setting->unreachable, "1");
    remember_group();
    if (setting->group != NULL)
        setenv("RANKPOOL_TEST_GROUP", setting->group, 1);
    return open_configured(&(rp_config){.root = root, .node_size = setting->node_size});
}

static void close_with(rp_pool *pool)
{
    close_pool(pool);
    unsetenv("RANKPOOL_AGENT");
    unsetenv("RANKPOOL_TEST_UNREACHABLE");
    set("RANKPOOL_TEST_GROUP", group_before[0] != 0, group_before);
}

/* Check's own assertions would take most of the time here. */
static void require(bool holds, int64_t item)
{
    if (!holds)
        ck_abort_msg("item %lld is not as it should be", (long long)item);
}

enum {
    WORDS_IN = 8,
    WORDS_OUT = 6
};

static int mix(rp_task *task, const void *in, void *out)
{
    const int64_t *words = in;
    int64_t *results = out;
    for (int i = 0; i < WORDS_OUT; i++)
        results[i] = words[i] * 3 + words[i + 1];
    return rp_task_item(task) % 1000 == 7 ? 9 : 0;
}

static void fill(int64_t *in, int64_t n)
{
    for (int64_t i = 0; i < n * WORDS_IN; i++)
        in[i] = i;
}

/* Every item is right, except the failing ones, whose results keep their value, -1. */
static void check_mixed(const int64_t *out, const uint8_t *statuses, int64_t n)
{
    for (int64_t item = 0; item < n; item++) {
        bool failed = item % 1000 == 7;
        require(statuses[item] == (failed ? RP_ERR_TASK : RP_OK), item);
        const int64_t *results = out + item * WORDS_OUT;
        for (int i = 0; i < WORDS_OUT && !failed; i++)
            require(results[i] == (item * WORDS_IN + i) * 4 + 1, item);
        require(!failed || results[0] == -1 || results[0] == item * WORDS_IN * 4 + 1, item);
    }
}

static void map_travelling(rp_pool *pool, int64_t n, rp_schedule schedule)
{
    bool root = rp_rank(pool) == rp_root(pool);
    int64_t *in = NULL, *out = NULL;
    uint8_t *statuses = NULL;
    if (root) {
        in = malloc((size_t)n * WORDS_IN * sizeof *in);
        out = malloc((size_t)n * WORDS_OUT * sizeof *out);
        statuses = malloc((size_t)n);
        fill(in, n);
        memset(out, 0xff, (size_t)n * WORDS_OUT * sizeof *out);
    }
    rp_map_job job = {.n = n,
                      .item = mix,
                      .in = in,
                      .in_size = WORDS_IN * sizeof *in,
                      .out = out,
                      .out_size = WORDS_OUT * sizeof *out,
                      .options = {.schedule = schedule,
                                  .on_failure = RP_ON_FAILURE_CONTINUE,
                                  .item_status = statuses}};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->item, 7);
    if (root)
        check_mixed(out, statuses, n);
    free(in);
    free(out);
    free(statuses);
}

/* More than the stage holds at once, under every schedule. */
START_TEST(arrays_of_root_travel_in_batches)
{
    for (int s = 0; s < SETTINGS; s++) {
        rp_pool *pool = open_with(&settings[s], world_ranks() - 1);
        map_travelling(pool, 120000, RP_SCHEDULE_ADAPTIVE);
        for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++)
            map_travelling(pool, 3000, (rp_schedule)schedule);
        close_with(pool);
    }
}
END_TEST

static int fill_block(rp_task *task, const void *in, void *out)
{
    memset(out, (int)rp_task_item(task) + *(const char *)in, 6 << 20);
    return 0;
}

START_TEST(items_larger_than_the_stage)
{
    const size_t size = 6 << 20;
    for (int s = 0; s < SETTINGS; s++) {
        rp_pool *pool = open_with(&settings[s], 0);
        bool root = world_rank() == 0;
        char *memory = root ? malloc(5 * size) : NULL;
        for (int i = 0; root && i < 5; i++)
            memory[(size_t)i * size] = 7;
        rp_map_job job = {.n = 5,
                          .item = fill_block,
                          .in = memory,
                          .in_size = size,
                          .out = memory,
                          .out_size = size};
        ck_assert_int_eq(rp_map(pool, &job), RP_OK);
        for (int i = 0; root && i < 5; i++) {
            ck_assert_int_eq(memory[(size_t)i * size], i + 7);
            ck_assert_int_eq(memory[(size_t)(i + 1) * size - 1], i + 7);
        }
        free(memory);
        close_with(pool);
    }
}
END_TEST

static int note_item(rp_task *task, const void *in, void *out)
{
    (void)in;
    *(int64_t *)out = 5 * rp_task_item(task) + 1;
    return 0;
}

static void check_noted(const int64_t *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        require(out[i] == 5 * i + 1, i);
}

/* In the end every node, or every rank, has all results, whichever rank computed them. */
START_TEST(results_are_replicated)
{
    const int64_t n = 40000;
    for (int s = 0; s < SETTINGS; s++) {
        rp_pool *pool = open_with(&settings[s], 0);
        void *shared;
        int64_t *private = malloc((size_t)n * sizeof *private);
        ck_assert_int_eq(rp_node_alloc(pool, (size_t)n * sizeof *private, &shared), RP_OK);
        for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++) {
            rp_map_job job = {.n = n,
                              .item = note_item,
                              .out_size = sizeof *private,
                              .options = {.schedule = (rp_schedule)schedule}};
            memset(private, 0, (size_t)n * sizeof *private);
            job.out = private;
            job.out_place = RP_ON_RANKS;
            ck_assert_int_eq(rp_map(pool, &job), RP_OK);
            check_noted(private, n);
            if (rp_node_rank(pool) == 0)
                memset(shared, 0, (size_t)n * sizeof *private);
            job.out = shared;
            job.out_place = RP_ON_NODES;
            ck_assert_int_eq(rp_map(pool, &job), RP_OK);
            check_noted(shared, n);
            ck_assert_int_eq(rp_node_sync(pool), RP_OK);
        }
        free(private);
        close_with(pool);
    }
}
END_TEST

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
        rp_pool *pool = open_with(&settings[s], 0);
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
            require((statuses[i] == RP_ERR_TASK) == (i == 20), i);
            require(statuses[i] != RP_OK || out[i] == i + 1, i);
            require(statuses[i] != RP_ERR_CANCELLED || out[i] == -5, i);
        }
        close_with(pool);
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
        rp_pool *pool = open_with(&settings[s], 0);
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
            require(statuses[i] != RP_OK || out[i] == i + 1, i);
        close_with(pool);
    }
}
END_TEST

/* Items take a millisecond: all of them together would exceed a test's time limit by far. */
START_TEST(a_rank_that_gives_up_stops_every_node)
{
    for (int s = 0; s < SETTINGS; s++) {
        rp_pool *pool = open_with(&settings[s], 0);
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
        close_with(pool);
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
    rp_pool *pool = open_with(&settings[0], 0);
    for (int round = 0; round < 10; round++) {
        int left = 0;
        give_up_late(pool, round);
        usleep(20000);
        for (int look = 0; look < 10 && left == 0; look++)
            MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, pool->world.agents, &left, MPI_STATUS_IGNORE);
        ck_assert_msg(left == 0, "a message of round %d is left", round);
    }
    close_with(pool);
    unsetenv("RANKPOOL_TEST_LATENCY");
}
END_TEST

/* Only the last rank detects an error before the ranks first agree. */
START_TEST(after_a_refused_loop_nodes_understand_each_other)
{
    rp_pool *pool = open_with(&settings[0], 0);
    rp_loop *loop;
    bool last = world_rank() == world_ranks() - 1;
    ck_assert_int_eq(rp_loop_open(pool, last ? -1 : 10, NULL, &loop), RP_ERR_ARGUMENT);
    map_travelling(pool, 3000, RP_SCHEDULE_ADAPTIVE);
    close_with(pool);
}
END_TEST

static int add_up(rp_task *task, rp_range range, const void *in, void *out)
{
    const double *x = in;
    (void)task;
    for (int64_t i = 0; i < range.end - range.begin; i++)
        *(double *)out = *(double *)out * 0.999 + x[i];
    return 0;
}

static int append(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left = *(double *)left * 1.5 - *(const double *)right;
    return 0;
}

static double reduce_with(const struct setting *setting, int64_t n, const double *in)
{
    static const double nothing = 0;
    double result;
    rp_pool *pool = open_with(setting, 0);
    rp_reduce_job job = {.n = n,
                         .body = add_up,
                         .combine = append,
                         .identity = &nothing,
                         .in = world_rank() == 0 ? in : NULL,
                         .in_size = sizeof *in,
                         .result = &result,
                         .result_size = sizeof result};
    ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
    close_with(pool);
    return result;
}

START_TEST(reductions_have_the_same_bits_on_any_nodes)
{
    static const int64_t sizes[] = {1, 1000, 1500000};
    static const struct setting one_node = {0, false, false, NULL};
    double *in = malloc(1500000 * sizeof *in);
    for (int i = 0; i < 1500000; i++)
        in[i] = 1.0 / (i + 1);
    for (int n = 0; n < 3; n++) {
        double expected = reduce_with(&one_node, sizes[n], in);
        for (int s = 0; s < SETTINGS; s++) {
            double result = reduce_with(&settings[s], sizes[n], in);
            ck_assert(memcmp(&result, &expected, sizeof result) == 0);
        }
    }
    free(in);
}
END_TEST

static int64_t messages_of_loop(rp_pool *pool, int64_t n)
{
    rp_loop *loop;
    rp_range range;
    int64_t before = pool->traffic.messages, mine, all;
    ck_assert_int_eq(rp_loop_open(pool, n, &(rp_options){.schedule = RP_SCHEDULE_DYNAMIC}, &loop),
                     RP_OK);
    while (rp_loop_next(loop, &range))
        ;
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    mine = pool->traffic.messages - before;
    MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    return all;
}

/* A request and a batch for each halving of the remaining units, and the messages that begin and
 * end a job. In a group, each batch is divided in the same way again. */
START_TEST(messages_grow_with_the_logarithm)
{
    static const struct setting flat = {1, false, false, NULL}, tree = {1, false, false, "2"};
    rp_pool *pool = open_with(&flat, 0);
    int nodes = rp_nodes(pool);
    ck_assert_int_le(messages_of_loop(pool, 1000), nodes * 2 * 4 * 10 + 4 * nodes);
    ck_assert_int_le(messages_of_loop(pool, 1000000), nodes * 2 * 4 * 20 + 4 * nodes);
    close_with(pool);
    pool = open_with(&tree, 0);
    ck_assert_int_le(messages_of_loop(pool, 1000000), nodes * 2 * (4 * 20) * (4 * 20));
    close_with(pool);
}
END_TEST

START_TEST(nonsense_in_the_environment_is_refused)
{
    rp_pool *pool;
    setenv("RANKPOOL_AGENT", "perhaps", 1);
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, NULL, &pool), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(NULL), RP_ERR_ARGUMENT);
    unsetenv("RANKPOOL_AGENT");
    setenv("RANKPOOL_HEARTBEAT", "-1", 1);
    ck_assert_int_eq(rp_open_comm(MPI_COMM_WORLD, NULL, &pool), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(NULL), RP_ERR_ARGUMENT);
    unsetenv("RANKPOOL_HEARTBEAT");
}
END_TEST

/* The root serves itself and the leaders; every other node is in one group, near its leader. */
START_TEST(groups_cover_all_nodes)
{
    for (int nodes = 1; nodes <= 12; nodes++) {
        for (int size = 0; size <= nodes; size++) {
            const struct node_groups groups = {nodes, nodes / 2, size};
            int covered = 0;
            for (int node = 0; node < nodes; node++) {
                int members = groups_members(&groups, node);
                covered += members;
                ck_assert(size == 0 || members <= size);
                for (int i = 0; i < members && groups_leads(&groups, node); i++)
                    ck_assert_int_eq(groups_parent(&groups, groups_member(&groups, node, i)), node);
            }
            ck_assert_int_eq(covered, nodes);
            ck_assert_int_eq(groups_parent(&groups, nodes / 2), nodes / 2);
            ck_assert(!groups_leads(&groups, nodes / 2));
        }
    }
    ck_assert_int_eq(groups_usual_size(256), 0);
    ck_assert_int_eq(groups_usual_size(16384), 64);
}
END_TEST

static const struct test_case cases[] = {
    {"arrays of root travel in batches", &arrays_of_root_travel_in_batches},
    {"items larger than the stage", &items_larger_than_the_stage},
    {"results are replicated", &results_are_replicated},
    {"results before a stop arrive", &results_before_a_stop_arrive},
    {"results before a stop are replicated", &results_before_a_stop_are_replicated},
    {"a rank that gives up stops every node", &a_rank_that_gives_up_stops_every_node},
    {"no message is left behind", &no_message_is_left_behind},
    {"after a refused loop nodes understand each other",
     &after_a_refused_loop_nodes_understand_each_other},
    {"reductions have the same bits on any nodes", &reductions_have_the_same_bits_on_any_nodes},
    {"groups cover all nodes", &groups_cover_all_nodes},
    {"messages grow with the logarithm", &messages_grow_with_the_logarithm},
    {"nonsense in the environment is refused", &nonsense_in_the_environment_is_refused},
    {NULL, NULL},
};
const struct test_group distrib_tests = {"distrib", cases};
