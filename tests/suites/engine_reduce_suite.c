/* The reduction: the same bits for any ranks and schedule, any combine function, any n. */
#include "counting_jobs.h"
#include "suites.h"

#include "sched/reduction_tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The terms of a sum whose value depends on the order of additions. */
static double term(int64_t item)
{
    return sin((double)item) * exp((double)(item % 40) - 20);
}

static int sum_terms(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)task;
    const double *x = in;
    double *sum = out;
    for (int64_t item = range.begin; item < range.end; item++)
        *sum += x != NULL ? x[item - range.begin] : term(item);
    return 0;
}

/* Neither commutative nor associative. */
static int combine_oddly(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left = 1.000001 * *(double *)left + *(const double *)right / 3;
    return 0;
}

/* The result's recursive definition, which all ranks together must reproduce. */
static double reference(int64_t n, int64_t leaf, int64_t first, int64_t leaves)
{
    double zero = 0;
    if (leaves == 1) {
        int64_t end = (first + 1) * leaf < n ? (first + 1) * leaf : n;
        sum_terms(NULL, (rp_range){first * leaf, end}, NULL, &zero);
        return zero;
    }
    int64_t left = 1;
    while (2 * left < leaves)
        left *= 2;
    double value = reference(n, leaf, first, left);
    double right = reference(n, leaf, first + left, leaves - left);
    combine_oddly(&value, &right, NULL);
    return value;
}

static const double zero = 0;

static rp_reduce_job job_of(int64_t n, int64_t leaf, double *result)
{
    return (rp_reduce_job){.n = n,
                           .leaf = leaf,
                           .body = sum_terms,
                           .combine = combine_oddly,
                           .identity = &zero,
                           .result = result,
                           .result_size = sizeof *result};
}

START_TEST(same_bits_for_every_schedule)
{
    static const int64_t leaves[] = {1, 3, 64, 1000};
    rp_pool *pool = open_pool();
    for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++) {
        for (int l = 0; l < 4; l++) {
            for (int64_t n = 1; n < 5000; n = 3 * n + 1) {
                double result = NAN, expected;
                rp_reduce_job job = job_of(n, leaves[l], &result);
                job.options.schedule = (rp_schedule)schedule;
                rp_status status = rp_reduce(pool, &job);
                ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
                expected = reference(n, leaves[l], 0, (n + leaves[l] - 1) / leaves[l]);
                ck_assert_msg(memcmp(&result, &expected, sizeof result) == 0,
                              "n = %" PRId64 ", leaf = %" PRId64 ": %.17g, not %.17g", n, leaves[l],
                              result, expected);
            }
        }
    }
    close_pool(pool);
}
END_TEST

START_TEST(leaves_follow_from_n)
{
    rp_pool *pool = open_pool();
    const int64_t n = 200000;
    double result = NAN, expected = reference(n, 4, 0, n / 4);
    rp_reduce_job job = job_of(n, 0, &result);
    ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
    ck_assert(result == expected);
    close_pool(pool);
}
END_TEST

START_TEST(nothing_gives_the_identity)
{
    rp_pool *pool = open_pool();
    double result = NAN, seven = 7;
    rp_reduce_job job = job_of(0, 0, &result);
    job.identity = &seven;
    ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
    ck_assert(result == 7);
    close_pool(pool);
}
END_TEST

/* Input from every place, with leaves longer than a piece, gives the same value. */
START_TEST(input_from_every_place)
{
    const int64_t n = 300000;
    rp_pool *pool = open_pool();
    void *memory;
    ck_assert_int_eq(rp_node_alloc(pool, (size_t)n * sizeof(double), &memory), RP_OK);
    double *node = memory, *mine = malloc((size_t)n * sizeof *mine);
    for (int64_t i = 0; i < n; i++)
        mine[i] = term(i);
    if (rp_node_rank(pool) == 0)
        memcpy(node, mine, (size_t)n * sizeof *node);
    ck_assert_int_eq(rp_node_sync(pool), RP_OK);
    static const int64_t leaves[] = {0, 1000, 100000, 1000000};
    for (int l = 0; l < 4; l++) {
        double results[4] = {NAN, NAN, NAN, NAN};
        for (int way = 0; way < 4; way++) {
            rp_reduce_job job = job_of(n, leaves[l], &results[way]);
            job.in = way < 2 ? mine : node;
            job.in_size = sizeof(double);
            job.in_place = way == 0 ? RP_ON_RANKS : way == 3 ? RP_ON_NODES : RP_ON_ROOT;
            rp_status status = rp_reduce(pool, &job);
            ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
            ck_assert(memcmp(&results[way], &results[0], sizeof(double)) == 0);
        }
    }
    free(mine);
    close_pool(pool);
}
END_TEST

START_TEST(more_items_than_words_can_count)
{
    static const int64_t sizes[] = {(INT64_C(1) << 31) + 1, INT64_C(1000000000000000)};
    const int64_t nothing = 0;
    rp_pool *pool = open_pool();
    for (int i = 0; i < 2; i++) {
        int64_t result = -1;
        rp_reduce_job job = {.n = sizes[i],
                             .leaf = sizes[i] / 100000,
                             .body = count_items,
                             .combine = add_integers,
                             .identity = &nothing,
                             .result = &result,
                             .result_size = sizeof result};
        ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
        ck_assert_int_eq(result, sizes[i]);
    }
    close_pool(pool);
}
END_TEST

/* ---- a result per item as well --------------------------------------------------------------- */

/* Stores the square of each term, and sums the terms up. */
static int square_and_sum(rp_task *task, rp_range range, const void *in, void *partial)
{
    double *squares = rp_task_out(task);
    sum_terms(task, range, in, partial);
    for (int64_t item = range.begin; item < range.end; item++) {
        double value = in != NULL ? ((const double *)in)[item - range.begin] : term(item);
        squares[item - range.begin] = value * value;
    }
    return rp_task_attempt(task) < *(const int *)rp_task_user(task) ? 3 : 0;
}

/* The job of two arrays in a place, or of one array if `in` is `out`. */
static rp_reduce_job job_with_results(int64_t n, int64_t leaf, double *in, double *out,
                                      rp_place place, double *result)
{
    static int failures;
    rp_reduce_job job = job_of(n, leaf, result);
    job.body = square_and_sum;
    job.in = in;
    job.in_size = in != NULL ? sizeof *in : 0;
    job.in_place = place;
    job.out = out;
    job.out_size = sizeof *out;
    job.out_place = place;
    job.options.user = &failures;
    return job;
}

static void check_squares(const double *out, int64_t n, const char *where)
{
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(out[i] == term(i) * term(i), "%s: item %" PRId64 " is %g", where, i, out[i]);
}

static void fill_terms(rp_pool *pool, double *in, rp_place place, int64_t n)
{
    bool fills = place == RP_ON_NODES ? rp_node_rank(pool) == 0
                                      : place == RP_ON_RANKS || rp_rank(pool) == rp_root(pool);
    for (int64_t i = 0; i < n && fills; i++)
        in[i] = term(i);
    rp_node_sync(pool);
}

/* Two arrays, one array, or no input, in one place. */
static void check_results_in(rp_pool *pool, double *in, double *out, rp_place place, int64_t n,
                             int64_t leaf)
{
    static const char *const names[] = {"root", "nodes", "ranks"};
    bool wanted = place != RP_ON_ROOT || rp_rank(pool) == rp_root(pool);
    double expected = reference(n, leaf, 0, (n + leaf - 1) / leaf);
    for (int way = 0; way < 3; way++) {
        int failures = way;
        double result = NAN, *results = way == 1 ? in : out;
        fill_terms(pool, in, place, n);
        rp_reduce_job job =
            job_with_results(n, leaf, way == 2 ? NULL : in, results, place, &result);
        job.options.retries = failures;
        job.options.user = &failures;
        rp_status status = rp_reduce(pool, &job);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        ck_assert_msg(memcmp(&result, &expected, sizeof result) == 0,
                      "%s, way %d: %.17g, not %.17g", names[place], way, result, expected);
        if (wanted)
            check_squares(results, n, names[place]);
        rp_barrier(pool);
    }
}

START_TEST(a_result_per_item_as_well)
{
    static const int64_t leaves[] = {1, 7, 1000, 100000};
    const int64_t most = 150000;
    const size_t bytes = (size_t)most * sizeof(double);
    rp_pool *pool = open_pool();
    void *node_in, *node_out;
    double *in = malloc(bytes), *out = malloc(bytes);
    ck_assert_int_eq(rp_node_alloc(pool, bytes, &node_in), RP_OK);
    ck_assert_int_eq(rp_node_alloc(pool, bytes, &node_out), RP_OK);
    for (int l = 0; l < 4; l++) {
        int64_t n = leaves[l] < 1000 ? 1001 : most;
        check_results_in(pool, in, out, RP_ON_ROOT, n, leaves[l]);
        check_results_in(pool, in, out, RP_ON_RANKS, n, leaves[l]);
        check_results_in(pool, node_in, node_out, RP_ON_NODES, n, leaves[l]);
        check_results_in(pool, node_in, node_out, RP_ON_ROOT, n, leaves[l]);
    }
    free(in);
    free(out);
    close_pool(pool);
}
END_TEST

static int look_for_out(rp_task *task, rp_range range, const void *in, void *partial)
{
    (void)in;
    *(double *)partial += rp_task_out(task) != NULL ? (double)(range.end - range.begin) : 0;
    return 0;
}

START_TEST(without_out_there_is_none)
{
    rp_pool *pool = open_pool();
    double result = NAN, room[100];
    rp_reduce_job with = job_with_results(100, 10, NULL, room, RP_ON_RANKS, &result);
    with.combine = add_doubles;
    ck_assert_int_eq(rp_reduce(pool, &with), RP_OK);
    rp_reduce_job without = job_of(100, 10, &result);
    without.body = look_for_out;
    without.combine = add_doubles;
    ck_assert_int_eq(rp_reduce(pool, &without), RP_OK);
    ck_assert(result == 0);
    close_pool(pool);
}
END_TEST

static int fail_at_777(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)in;
    (void)out;
    bool mine = range.begin <= 777 && 777 < range.end;
    return mine ? rp_task_fail(task, 777, 9, "no luck on rank %d", world_rank()) : 0;
}

static int refuse_to_combine(void *left, const void *right, void *user)
{
    (void)left;
    (void)right;
    (void)user;
    return 5;
}

START_TEST(failures_come_to_every_rank)
{
    rp_pool *pool = open_pool();
    double result = 1;
    rp_reduce_job job = job_of(100000, 10, &result);
    job.body = fail_at_777;
    ck_assert_int_eq(rp_reduce(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->item, 777);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 9);
    job = job_of(1000, 10, &result);
    job.combine = refuse_to_combine;
    ck_assert_int_eq(rp_reduce(pool, &job), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 5);
    job.combine = combine_oddly;
    ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
    close_pool(pool);
}
END_TEST

static rp_status run_reduce(rp_pool *pool, const void *job)
{
    return rp_reduce(pool, job);
}

START_TEST(bad_jobs_are_refused_by_all)
{
    rp_pool *pool = open_pool();
    double result;
    uint8_t status;
    rp_reduce_job good = job_of(100, 10, &result), bad;
    bad = good;
    bad.body = NULL;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.combine = NULL;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.identity = NULL;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.result = NULL;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.result_size = 0;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.leaf = -1;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.options.on_failure = RP_ON_FAILURE_CONTINUE;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.options.item_status = &status;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    double room[101] = {0};
    good = job_with_results(100, 10, room, room, RP_ON_RANKS, &result);
    bad = good;
    bad.out = room + 1;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.out_place = RP_ON_NODES;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    bad = good;
    bad.out_size = 0;
    check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_ARGUMENT);
    good = job_of(100, 10, &result);
    if (world_ranks() > 1) {
        bad = job_with_results(100, 10, room, room, RP_ON_RANKS, &result);
        good = bad;
        bad.out_size = sizeof(float);
        bad.in_size = sizeof(float);
        check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_MISMATCH);
        good = job_of(100, 10, &result);
        bad = good;
        bad.leaf = 11;
        check_job_refused(pool, run_reduce, &good, &bad, RP_ERR_MISMATCH);
    }
    ck_assert_int_eq(rp_reduce(pool, NULL), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_reduce(NULL, &good), RP_ERR_ARGUMENT);
    close_pool(pool);
}
END_TEST

enum {
    SHAPE = 64
};

static int put_in_brackets(void *left, const void *right, void *closure)
{
    char joined[2 * SHAPE + 2];
    (void)closure;
    snprintf(joined, sizeof joined, "(%s%s)", (const char *)left, (const char *)right);
    memcpy(left, joined, SHAPE);
    return 0;
}

/* Adds single leaves, named by letters, in a given order, and checks the shape of the tree. */
static void check_shape(const char *order, const char *shape)
{
    char value[SHAPE];
    struct tree tree = rpi_tree_begin(sizeof value, put_in_brackets, NULL);
    for (const char *leaf = order; *leaf != '\0'; leaf++) {
        memset(value, 0, sizeof value);
        value[0] = *leaf;
        ck_assert(rpi_tree_add(&tree, (struct tree_node){*leaf - 'a', 0}, value));
    }
    ck_assert(rpi_tree_settle(&tree) && rpi_tree_finish(&tree));
    ck_assert_int_eq(tree.count, 1);
    ck_assert_str_eq(rpi_tree_value(&tree, 0), shape);
    rpi_tree_end(&tree);
}

START_TEST(the_tree_has_its_shape_in_any_order)
{
    check_shape("a", "a");
    check_shape("abc", "((ab)c)");
    check_shape("cab", "((ab)c)");
    check_shape("abcdefg", "(((ab)(cd))((ef)g))");
    check_shape("gfedcba", "(((ab)(cd))((ef)g))");
    check_shape("efgbcda", "(((ab)(cd))((ef)g))");
}
END_TEST

static const struct test_case cases[] = {
    {"the tree has its shape in any order", &the_tree_has_its_shape_in_any_order},
    {"same bits for every schedule", &same_bits_for_every_schedule},
    {"leaves follow from n", &leaves_follow_from_n},
    {"nothing gives the identity", &nothing_gives_the_identity},
    {"input from every place", &input_from_every_place},
    {"more items than words can count", &more_items_than_words_can_count},
    {"a result per item as well", &a_result_per_item_as_well},
    {"without out there is none", &without_out_there_is_none},
    {"failures come to every rank", &failures_come_to_every_rank},
    {"bad jobs are refused by all", &bad_jobs_are_refused_by_all},
    {NULL, NULL},
};
const struct test_group engine_reduce_tests = {"engine_reduce", cases};
