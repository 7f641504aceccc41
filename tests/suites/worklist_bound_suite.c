/* Branch and bound: the best value and its first witness on any ranks and in any memory, whatever
 * is left out; refusals. */
#include "suites.h"

#include "sched/incumbent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A node of a tree whose shape and values follow from its name. No value in its subtree exceeds its
 * bound; many equal it. */
struct node {
    uint64_t name;
    int32_t level, bound;
};

struct witness {
    uint64_t name;
    int32_t level, number; /* of the call of rp_task_improve() */
};

enum pruning {
    NOTHING,
    BY_ITEM,    /* when a task begins */
    BY_CHILD,   /* before a child is added */
    WORSE_ONLY, /* by rp_task_bound() */
    PRUNINGS
};

struct tree {
    int children;         /* at most, of a node */
    int32_t chain, depth; /* levels of single children, and of all */
    bool minimise;
    enum pruning pruning;
    bool fails; /* the first attempt of some items */
};

/* What a search by a single rank finds, if it leaves out nothing. */
struct expected {
    int32_t value;
    struct witness witness;
    int64_t items,
        deep; /* numbers of this item, and of its ancestor at the last level with an order */
};

static uint64_t mix(uint64_t word)
{
    word = (word ^ word >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    return word ^ word >> 29;
}

static int children_of(const struct tree *tree, const struct node *node)
{
    if (node->level < tree->chain)
        return 1;
    return node->level < tree->depth ? (int)(mix(node->name) % (uint64_t)(tree->children + 1)) : 0;
}

static struct node child_of(const struct node *node, int number)
{
    uint64_t name = mix(node->name * 31 + (uint64_t)number + 1) | 1;
    return (struct node){name, node->level + 1, node->bound - (mix(name) >> 20 & 3 ? 0 : 1)};
}

static int32_t value_of(const struct node *node)
{
    return node->bound - (int32_t)(mix(node->name) >> 40 & 7);
}

/* ---- the oracle ------------------------------------------------------------------------------ */

static void expect_value(struct expected *best, const struct node *node, int number, int64_t deep)
{
    struct witness witness = {node->name, node->level, number};
    int32_t value = value_of(node) - (number == 0);
    bool lower = deep >= 0 && deep == best->deep &&
                 memcmp(&witness, &best->witness, sizeof witness) < 0 &&
                 witness.name != best->witness.name;
    if (value < best->value || (value == best->value && !lower))
        return;
    best->value = value;
    best->witness = witness;
    best->deep = deep;
}

static void search_serially(const struct tree *tree, const struct node *node, int64_t deep,
                            struct expected *best)
{
    int64_t number = best->items++;
    if (node->level == PLACE_LEVELS)
        deep = number;
    for (int i = 0; i < 3; i++)
        expect_value(best, node, i, deep);
    for (int i = children_of(tree, node) - 1; i >= 0; i--) {
        struct node child = child_of(node, i);
        search_serially(tree, &child, deep, best);
    }
}

/* ---- the task -------------------------------------------------------------------------------- */

static bool leaves_out(const rp_task *task, const struct tree *tree, const struct node *node)
{
    double sign = tree->minimise ? -1 : 1, best = rp_task_bound(task);
    if (tree->pruning == WORSE_ONLY)
        return tree->minimise ? sign * node->bound > best : sign * node->bound < best;
    return tree->pruning != NOTHING && rp_task_prunable(task, sign * node->bound);
}

static int improve(rp_task *task, const struct tree *tree, const struct node *node)
{
    int code = 0;
    for (int i = 0; i < 3 && code == 0; i++) {
        struct witness witness = {node->name, node->level, i};
        int32_t value = value_of(node) - (i == 0);
        code = rp_task_improve(task, tree->minimise ? -value : value, &witness);
    }
    return code;
}

static int visit(rp_task *task, const void *item, void *result)
{
    struct tree *tree = rp_task_user(task);
    const struct node *node = item;
    ++*(int64_t *)result;
    if (tree->pruning != BY_CHILD && leaves_out(task, tree, node))
        return 0;
    if (tree->fails && rp_task_attempt(task) == 0 && mix(node->name) % 5 == 0) {
        struct witness wrong = {0, 0, 0};
        rp_task_improve(task, tree->minimise ? -1e6 : 1e6, &wrong);
        return 3;
    }
    int code = improve(task, tree, node);
    for (int i = 0; i < children_of(tree, node) && code == 0; i++) {
        struct node child = child_of(node, i);
        if (tree->pruning != BY_CHILD || !leaves_out(task, tree, &child))
            code = rp_task_add(task, &child);
    }
    return code;
}

static int add(void *left, const void *right, void *user)
{
    (void)user;
    *(int64_t *)left += *(const int64_t *)right;
    return 0;
}

/* ---- trees ----------------------------------------------------------------------------------- */

static const int64_t zero;

struct found {
    int64_t items;
    double best;
    struct witness witness;
};

static rp_worklist_job tree_job(struct tree *tree, const struct node *seeds, int64_t n,
                                struct found *found)
{
    return (rp_worklist_job){.seeds = world_rank() == 0 ? seeds : NULL,
                             .n = n,
                             .item_size = sizeof *seeds,
                             .work = visit,
                             .combine = add,
                             .identity = &zero,
                             .result = &found->items,
                             .result_size = sizeof found->items,
                             .options = {.user = tree, .retries = tree->fails},
                             .goal = tree->minimise ? RP_GOAL_MINIMISE : RP_GOAL_MAXIMISE,
                             .best = &found->best,
                             .witness = &found->witness,
                             .witness_size = sizeof found->witness};
}

static void check_tree(rp_pool *pool, struct tree tree, int64_t memory)
{
    const struct node seeds[] = {{11, 0, 30}, {6, 0, 30}, {77, 0, 30}};
    const int64_t n = sizeof seeds / sizeof *seeds;
    struct expected expected = {.value = INT32_MIN, .deep = -1};
    struct found found = {.items = -1};
    for (int64_t i = n - 1; i >= 0; i--)
        search_serially(&tree, &seeds[i], -1, &expected);
    rp_worklist_job job = tree_job(&tree, seeds, n, &found);
    job.memory = memory;
    ck_assert_msg(rp_worklist(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert_int_gt(expected.items, 100);
    ck_assert(tree.pruning == NOTHING ? found.items == expected.items
                                      : found.items <= expected.items);
    ck_assert_msg(found.best == (tree.minimise ? -expected.value : expected.value),
                  "best %g instead of %d", found.best, expected.value);
    ck_assert_msg(memcmp(&found.witness, &expected.witness, sizeof found.witness) == 0,
                  "%#llx on level %d, call %d, instead of %#llx on level %d, call %d; pruning %d",
                  (unsigned long long)found.witness.name, found.witness.level, found.witness.number,
                  (unsigned long long)expected.witness.name, expected.witness.level,
                  expected.witness.number, tree.pruning);
}

static void check_trees(struct tree tree)
{
    const int64_t memory[] = {0, 1, 20000};
    rp_pool *pool = open_pool();
    for (int pruning = 0; pruning < PRUNINGS; pruning++) {
        tree.pruning = (enum pruning)pruning;
        tree.minimise = pruning % 2 == 1;
        for (int i = 0; i < 3; i++)
            check_tree(pool, tree, memory[i]);
    }
    close_pool(pool);
}

START_TEST(best_value_and_first_witness)
{
    check_trees((struct tree){.children = 3, .depth = 14});
}
END_TEST

/* Deeper than the order is known. */
START_TEST(deep_items)
{
    check_trees((struct tree){.children = 4, .chain = 60, .depth = 70});
}
END_TEST

/* What a failed attempt has found does not count. */
START_TEST(items_that_are_repeated)
{
    check_trees((struct tree){.children = 3, .depth = 12, .fails = true});
}
END_TEST

/* On several nodes, another way than where ranks do not survive. */
START_TEST(where_ranks_survive)
{
    rp_pool *pool = open_configured(&(rp_config){.survive_deaths = true});
    for (int pruning = 0; pruning < PRUNINGS; pruning++) {
        struct tree tree = {.children = 3, .depth = 14, .pruning = (enum pruning)pruning};
        check_tree(pool, tree, 0);
        tree.minimise = true;
        tree.fails = true;
        check_tree(pool, tree, 1);
    }
    close_pool(pool);
}
END_TEST

enum {
    CHILDREN = 500
};

/* The seed has the best value, takes longer than a bundle, and has children that might equal it,
 * each with a child. */
static int visit_equal(rp_task *task, const void *item, void *result)
{
    const struct node *node = item;
    ++*(int64_t *)result;
    if (rp_task_prunable(task, 1))
        return 0;
    int code = node->level == 0 ? rp_task_improve(task, 1, NULL) : 0;
    for (int i = 0; i < (node->level == 0 ? CHILDREN : 1) && node->level < 2 && code == 0; i++)
        code = rp_task_add(task, &(struct node){.level = node->level + 1});
    if (node->level == 0)
        usleep(20000);
    return code;
}

/* Where the root lends all items, ranks know where the best value was found. */
START_TEST(items_that_equal_the_best_are_left_out)
{
    const struct node seed = {0};
    struct found found = {.items = -1};
    rp_pool *pool = open_configured(&(rp_config){.survive_deaths = true});
    rp_worklist_job job = tree_job(&(struct tree){.minimise = false}, &seed, 1, &found);
    job.work = visit_equal;
    job.witness = NULL;
    job.witness_size = 0;
    ck_assert_msg(rp_worklist(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert(found.best == 1 && found.items > CHILDREN);
    if (rp_survives(pool) && rp_nodes(pool) > 1)
        ck_assert_int_eq(found.items, 1 + CHILDREN);
    close_pool(pool);
}
END_TEST

/* Most of a tree with good values on the way is left out. */
START_TEST(items_are_left_out)
{
    const struct node seed = {77, 0, 30};
    struct tree tree = {.children = 3, .depth = 18, .pruning = BY_CHILD};
    struct found found[2];
    rp_pool *pool = open_pool();
    for (int i = 0; i < 2; i++) {
        tree.pruning = i == 0 ? NOTHING : BY_CHILD;
        rp_worklist_job job = tree_job(&tree, &seed, 1, &found[i]);
        ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
    }
    ck_assert_int_lt(found[1].items, found[0].items / 2);
    close_pool(pool);
}
END_TEST

static int visit_without_a_result(rp_task *task, const void *item, void *result)
{
    int64_t items = 0;
    (void)result;
    return visit(task, item, &items);
}

START_TEST(no_result_but_the_witness)
{
    const struct node seed = {77, 0, 30};
    struct tree tree = {.children = 3, .depth = 12, .pruning = BY_ITEM};
    struct found found = {.items = -1}, again = {.items = -1};
    rp_pool *pool = open_pool();
    rp_worklist_job job = tree_job(&tree, &seed, 1, &found);
    ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
    job = tree_job(&tree, &seed, 1, &again);
    job.work = visit_without_a_result;
    job.combine = NULL;
    job.identity = NULL;
    job.result = NULL;
    job.result_size = 0;
    ck_assert_msg(rp_worklist(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert(again.best == found.best && again.items == -1 &&
              memcmp(&again.witness, &found.witness, sizeof found.witness) == 0);
    close_pool(pool);
}
END_TEST

/* ---- no solution, and errors ----------------------------------------------------------------- */

static int visit_nothing(rp_task *task, const void *item, void *result)
{
    const int *what = rp_task_user(task);
    (void)item;
    (void)result;
    if (*what == 1)
        return rp_task_improve(task, NAN, item);
    return *what == 2 && (rp_task_prunable(task, 1) || isnan(rp_task_bound(task))) ? 5 : 0;
}

START_TEST(no_solution)
{
    int what = 2;
    struct node seed = {1, 0, 0};
    struct found found = {.witness = {.name = 9}};
    rp_pool *pool = open_pool();
    rp_worklist_job job = tree_job(&(struct tree){.minimise = true}, &seed, 1, &found);
    job.work = visit_nothing;
    job.options.user = &what;
    ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
    ck_assert(found.best == INFINITY && found.witness.name == 9);
    job.goal = RP_GOAL_MAXIMISE;
    ck_assert_int_eq(rp_worklist(pool, &job), RP_OK);
    ck_assert(found.best == -INFINITY);
    what = 1;
    ck_assert_int_eq(rp_worklist(pool, &job), RP_ERR_TASK);
    ck_assert(strstr(rp_last_error(pool)->text, "NaN") != NULL);
    close_pool(pool);
}
END_TEST

static int improve_in_a_map(rp_task *task, const void *in, void *out)
{
    (void)out;
    return rp_task_prunable(task, 1) || !isnan(rp_task_bound(task)) ? 5
                                                                    : rp_task_improve(task, 1, in);
}

START_TEST(improvements_are_for_worklists_with_a_goal)
{
    double x = 1;
    rp_pool *pool = open_pool();
    rp_map_job job = {.n = 1, .in = &x, .in_size = sizeof x, .item = improve_in_a_map};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 1);
    ck_assert(strstr(rp_last_error(pool)->text, "with a goal") != NULL);
    close_pool(pool);
}
END_TEST

static int add_many(rp_task *task, const void *item, void *result)
{
    const struct node *node = item;
    int code = 0;
    (void)result;
    for (int i = 0; i <= PLACE_CHILDREN && code == 0 && node->level == 0; i++)
        code = rp_task_add(task, &(struct node){1, 1, 0});
    return code;
}

START_TEST(too_many_children)
{
    const struct node seed = {1, 0, 0};
    struct found found;
    rp_pool *pool = open_pool();
    rp_worklist_job job = tree_job(&(struct tree){.depth = 1}, &seed, 1, &found);
    job.work = add_many;
    ck_assert_int_eq(rp_worklist(pool, &job), RP_ERR_TASK);
    ck_assert(strstr(rp_last_error(pool)->text, "at most 65536") != NULL);
    close_pool(pool);
}
END_TEST

static rp_status run_job(rp_pool *pool, const void *job)
{
    return rp_worklist(pool, job);
}

START_TEST(bad_goals_are_refused)
{
    const struct node seed = {77, 0, 30};
    struct tree tree = {.children = 1, .depth = 3};
    struct found found;
    rp_pool *pool = open_pool();
    const rp_worklist_job good = tree_job(&tree, &seed, 1, &found);
    rp_worklist_job bad[5] = {good, good, good, good, good};
    bad[0].goal = (rp_goal)3;
    bad[1].goal = RP_GOAL_NONE;
    bad[2].best = NULL;
    bad[3].witness = NULL;
    bad[4].witness_size = 0;
    for (int i = 0; i < 5; i++)
        check_job_refused(pool, run_job, &good, &bad[i], RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        bad[0] = bad[1] = good;
        bad[0].goal = RP_GOAL_MINIMISE;
        bad[1].witness_size--;
        for (int i = 0; i < 2; i++)
            check_job_refused(pool, run_job, &good, &bad[i], RP_ERR_MISMATCH);
    }
    close_pool(pool);
}
END_TEST

/* ---- values ---------------------------------------------------------------------------------- */

START_TEST(values_keep_their_order)
{
    const double values[] = {-INFINITY, -1e300, -1, -5e-324, 0, 5e-324, 1, 1e300, INFINITY};
    const int n = sizeof values / sizeof *values;
    for (int i = 0; i < n; i++) {
        uint64_t less = rpi_incumbent_value(values[i], false);
        uint64_t more = rpi_incumbent_value(values[i], true);
        ck_assert(rpi_incumbent_double(less, false) == values[i]);
        ck_assert(rpi_incumbent_double(more, true) == values[i]);
        ck_assert(less < NO_INCUMBENT && more < NO_INCUMBENT);
        ck_assert(i == 0 || (less > rpi_incumbent_value(values[i - 1], false) &&
                             more < rpi_incumbent_value(values[i - 1], true)));
    }
    ck_assert(rpi_incumbent_value(-0.0, false) == rpi_incumbent_value(0.0, false));
    ck_assert(rpi_incumbent_value(-0.0, true) == rpi_incumbent_value(0.0, true));
}
END_TEST

static const struct test_case cases[] = {
    {"best value and first witness", &best_value_and_first_witness},
    {"deep items", &deep_items},
    {"items that are repeated", &items_that_are_repeated},
    {"where ranks survive", &where_ranks_survive},
    {"items that equal the best are left out", &items_that_equal_the_best_are_left_out},
    {"items are left out", &items_are_left_out},
    {"no result but the witness", &no_result_but_the_witness},
    {"no solution", &no_solution},
    {"improvements are for worklists with a goal", &improvements_are_for_worklists_with_a_goal},
    {"too many children", &too_many_children},
    {"bad goals are refused", &bad_goals_are_refused},
    {"values keep their order", &values_keep_their_order},
    {NULL, NULL},
};
const struct test_group worklist_bound_tests = {"worklist bound", cases};
