/* Several nodes: batches, inputs and results cross between them, and results do not depend on the
 * number of nodes. The nodes are pretended, so these tests run on any number of ranks; where ranks
 * cannot read each other's memory, one node takes the paths that several nodes do. */
#include "distrib_settings.h"
#include "suites.h"

#include "distrib/node_groups.h"
#include "pool/pool.h"

#include <stdlib.h>
#include <string.h>

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
        require_item(statuses[item] == (failed ? RP_ERR_TASK : RP_OK), item);
        const int64_t *results = out + item * WORDS_OUT;
        for (int i = 0; i < WORDS_OUT && !failed; i++)
            require_item(results[i] == (item * WORDS_IN + i) * 4 + 1, item);
        require_item(!failed || results[0] == -1 || results[0] == item * WORDS_IN * 4 + 1, item);
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
        rp_pool *pool = open_with_setting(&settings[s], world_ranks() - 1);
        map_travelling(pool, 120000, RP_SCHEDULE_ADAPTIVE);
        for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++)
            map_travelling(pool, 3000, (rp_schedule)schedule);
        close_with_setting(pool);
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
        rp_pool *pool = open_with_setting(&settings[s], 0);
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
        close_with_setting(pool);
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
        require_item(out[i] == 5 * i + 1, i);
}

/* In the end every node, or every rank, has all results, whichever rank computed them. */
START_TEST(results_are_replicated)
{
    const int64_t n = 40000;
    for (int s = 0; s < SETTINGS; s++) {
        rp_pool *pool = open_with_setting(&settings[s], 0);
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
        close_with_setting(pool);
    }
}
END_TEST

/* Only the last rank detects an error before the ranks first agree. */
START_TEST(after_a_refused_loop_nodes_understand_each_other)
{
    rp_pool *pool = open_with_setting(&settings[0], 0);
    rp_loop *loop;
    bool last = world_rank() == world_ranks() - 1;
    ck_assert_int_eq(rp_loop_open(pool, last ? -1 : 10, NULL, &loop), RP_ERR_ARGUMENT);
    map_travelling(pool, 3000, RP_SCHEDULE_ADAPTIVE);
    close_with_setting(pool);
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
    rp_pool *pool = open_with_setting(setting, 0);
    rp_reduce_job job = {.n = n,
                         .body = add_up,
                         .combine = append,
                         .identity = &nothing,
                         .in = world_rank() == 0 ? in : NULL,
                         .in_size = sizeof *in,
                         .result = &result,
                         .result_size = sizeof result};
    ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
    close_with_setting(pool);
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
    rp_pool *pool = open_with_setting(&flat, 0);
    int nodes = rp_nodes(pool);
    ck_assert_int_le(messages_of_loop(pool, 1000), nodes * 2 * 4 * 10 + 4 * nodes);
    ck_assert_int_le(messages_of_loop(pool, 1000000), nodes * 2 * 4 * 20 + 4 * nodes);
    close_with_setting(pool);
    pool = open_with_setting(&tree, 0);
    ck_assert_int_le(messages_of_loop(pool, 1000000), nodes * 2 * (4 * 20) * (4 * 20));
    close_with_setting(pool);
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
    ck_assert_int_eq(groups_usual_size(143), 0);
    ck_assert_int_eq(groups_usual_size(16384), 91);
}
END_TEST

static const struct test_case cases[] = {
    {"arrays of root travel in batches", &arrays_of_root_travel_in_batches},
    {"items larger than the stage", &items_larger_than_the_stage},
    {"results are replicated", &results_are_replicated},
    {"after a refused loop nodes understand each other",
     &after_a_refused_loop_nodes_understand_each_other},
    {"reductions have the same bits on any nodes", &reductions_have_the_same_bits_on_any_nodes},
    {"groups cover all nodes", &groups_cover_all_nodes},
    {"messages grow with the logarithm", &messages_grow_with_the_logarithm},
    {"nonsense in the environment is refused", &nonsense_in_the_environment_is_refused},
    {NULL, NULL},
};
const struct test_group distrib_tests = {"distrib", cases};
