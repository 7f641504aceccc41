/* Worklists: every item of a tree once, on any ranks and nodes and in any memory; failures;
 * refusals. */
#include "suites.h"

#include "pool/pool.h"
#include "sched/loans.h"
#include "worklist/worker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A node of a tree whose shape follows from its name. */
struct node {
    uint64_t name;
    int64_t level;
};

struct findings {
    rp_exact sum; /* of random numbers */
    int64_t nodes, deepest;
    uint64_t names, paths[2];
};

struct tree {
    int children; /* at most, of a node */
    int64_t deepest;
    uint64_t bad;   /* name of a node that fails, or 0 */
    int failures;   /* how often, in each process */
    int64_t failed; /* so far */
};

static uint64_t mix(uint64_t word)
{
    word = (word ^ word >> 31) * UINT64_C(0x9e3779b97f4a7c15);
    return word ^ word >> 29;
}

static int children_of(const struct tree *tree, const struct node *node)
{
    return node->level >= tree->deepest ? 0
                                        : (int)(mix(node->name) % (uint64_t)(tree->children + 1));
}

static struct node child_of(const struct node *node, int number)
{
    return (struct node){mix(node->name * 31 + (uint64_t)number + 1) | 1, node->level + 1};
}

static void find(struct findings *findings, const struct node *node)
{
    findings->nodes++;
    findings->names += node->name;
    if (node->level > findings->deepest)
        findings->deepest = node->level;
}

static int visit(rp_task *task, const void *item, void *result)
{
    struct tree *tree = rp_task_user(task);
    struct findings *findings = result;
    const struct node *node = item;
    uint64_t path[2];
    rp_random random;
    int code = 0;
    find(findings, node);
    rp_task_path(task, path);
    findings->paths[0] += path[0];
    findings->paths[1] += path[1];
    rp_task_random(task, 0, &random);
    rp_exact_add(&findings->sum, rp_random_uniform(&random));
    for (int i = 0; i < children_of(tree, node) && code == 0; i++) {
        struct node child = child_of(node, i);
        code = rp_task_add(task, &child);
    }
    if (code == 0 && node->name == tree->bad && tree->failed < tree->failures) {
        tree->failed++;
        return rp_task_fail(task, rp_task_item(task), 7, "node %d is bad", (int)node->level);
    }
    return code;
}

static int combine(void *left, const void *right, void *user)
{
    struct findings *all = left;
    const struct findings *others = right;
    all->nodes += others->nodes;
    all->deepest = all->deepest > others->deepest ? all->deepest : others->deepest;
    all->names += others->names;
    all->paths[0] += others->paths[0];
    all->paths[1] += others->paths[1];
    return rp_exact_combine(&all->sum, &others->sum, user);
}

static void search_serially(const struct tree *tree, const struct node *node,
                            struct findings *findings)
{
    find(findings, node);
    for (int i = 0; i < children_of(tree, node); i++) {
        struct node child = child_of(node, i);
        search_serially(tree, &child, findings);
    }
}

static const struct findings none;

static rp_worklist_job tree_job(struct tree *tree, const struct node *seeds, int64_t n,
                                struct findings *findings)
{
    return (rp_worklist_job){.seeds = world_rank() == 0 ? seeds : NULL,
                             .n = n,
                             .item_size = sizeof *seeds,
                             .work = visit,
                             .combine = combine,
                             .identity = &none,
                             .result = findings,
                             .result_size = sizeof *findings,
                             .options = {.user = tree, .seed = 5}};
}

static void check_tree(rp_pool *pool, struct tree tree, const struct node *seeds, int64_t n,
                       int64_t memory, struct findings *findings)
{
    struct findings expected = none;
    memset(findings, -1, sizeof *findings);
    rp_worklist_job job = tree_job(&tree, seeds, n, findings);
    job.memory = memory;
    for (int64_t i = 0; i < n; i++)
        search_serially(&tree, &seeds[i], &expected);
    ck_assert_msg(rp_worklist(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert_int_eq(findings->nodes, expected.nodes);
    ck_assert(findings->names == expected.names && findings->deepest == expected.deepest);
}

/* The same bits on any number of ranks, so they are in this file. */
START_TEST(every_item_once)
{
    const struct node root = {77, 0};
    rp_pool *pool = open_pool();
    for (int i = 0; i < 3; i++) {
        struct findings findings;
        int64_t memory[] = {0, 1, 20000};
        check_tree(pool, (struct tree){.children = 3, .deepest = 18}, &root, 1, memory[i],
                   &findings);
        double sum = rp_exact_value(&findings.sum);
        ck_assert_msg(findings.nodes > 1000 && sum == 0x1.ec52a3e085244p+11 &&
                          findings.paths[0] == UINT64_C(0xb0c2f1cfd9af65db) &&
                          findings.paths[1] == UINT64_C(0xc9a259a0ded3881),
                      "%d nodes, sum %a, paths %#llx %#llx", (int)findings.nodes, sum,
                      (unsigned long long)findings.paths[0], (unsigned long long)findings.paths[1]);
    }
    close_pool(pool);
}
END_TEST

START_TEST(seeds_of_any_number)
{
    enum {
        MOST = 5000
    };
    static struct node seeds[MOST];
    const int64_t numbers[] = {0, 1, 2, 17, MOST};
    rp_pool *pool = open_pool();
    for (int i = 0; i < MOST; i++)
        seeds[i] = (struct node){mix((uint64_t)i) | 1, 0};
    for (int i = 0; i < 5; i++) {
        struct findings findings;
        check_tree(pool, (struct tree){.children = 2, .deepest = 5}, seeds, numbers[i], 100,
                   &findings);
    }
    close_pool(pool);
}
END_TEST

/* One item at a time: the others have nothing to take. */
START_TEST(a_chain)
{
    struct node root = {0, 0};
    struct tree tree = {.children = 1, .deepest = 3000};
    struct findings findings, expected = none;
    rp_pool *pool = open_pool();
    for (int64_t longest = 0; longest < 20; longest = expected.deepest) {
        root.name += 2;
        expected = none;
        search_serially(&tree, &root, &expected);
    }
    check_tree(pool, tree, &root, 1, 0, &findings);
    close_pool(pool);
}
END_TEST

/* ---- trees that are hard to divide ----------------------------------------------------------- */

static int add_two(void *left, const void *right, void *user)
{
    (void)user;
    for (int i = 0; i < 2; i++)
        ((int64_t *)left)[i] += ((const int64_t *)right)[i];
    return 0;
}

enum shape {
    SHAPE_CHAIN,     /* one item at a time */
    SHAPE_COMB,      /* two: each has a leaf and the next */
    SHAPE_LAST_LEAF, /* a chain, whose last item has all the leaves */
    SHAPE_STACK      /* each has leaves, which wait until the end of the chain */
};

struct long_tree {
    enum shape shape;
    int64_t length;
    int64_t leaves; /* of each item of the chain, or of its last one */
};

static bool last_has_all(const struct long_tree *tree)
{
    return tree->shape == SHAPE_LAST_LEAF;
}

static int add_leaves(rp_task *task, int64_t leaves)
{
    const int64_t leaf = -1;
    int code = 0;
    for (int64_t i = 0; i < leaves && code == 0; i++)
        code = rp_task_add(task, &leaf);
    return code;
}

/* An item is its distance from the root, or -1: a leaf. */
static int visit_long_tree(rp_task *task, const void *item, void *result)
{
    const struct long_tree *tree = rp_task_user(task);
    int64_t at = *(const int64_t *)item, next = at + 1, *found = result;
    found[at < 0]++;
    if (at < 0)
        return 0;
    bool last = next == tree->length;
    int64_t leaves = last || !last_has_all(tree) ? tree->leaves : 0;
    int code = tree->shape == SHAPE_STACK ? add_leaves(task, leaves) : 0;
    if (code == 0 && !last)
        code = rp_task_add(task, &next);
    return code == 0 && tree->shape != SHAPE_STACK ? add_leaves(task, leaves) : code;
}

/* Returns the messages that the nodes have sent. */
static int64_t check_long_tree(rp_pool *pool, struct long_tree tree)
{
    const int64_t root = 0, zero[2] = {0, 0};
    int64_t found[2], before = pool->traffic.messages, mine, all;
    rp_worklist_job job = {.seeds = &root,
                           .n = 1,
                           .item_size = sizeof root,
                           .work = visit_long_tree,
                           .combine = add_two,
                           .identity = zero,
                           .result = found,
                           .result_size = sizeof found,
                           .options = {.user = &tree}};
    ck_assert_msg(rp_worklist(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert_int_eq(found[0], tree.length);
    ck_assert_int_eq(found[1], tree.leaves * (last_has_all(&tree) ? 1 : tree.length));
    mine = pool->traffic.messages - before;
    MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    return all;
}

/* Nodes that find nothing ask a few times, and then wait: a chain of any length takes as many
 * messages. A stack as deep as that of UTS's T3L, 80 000 items on one rank, fits in the default
 * memory, which the ranks of a node share. */
START_TEST(trees_that_are_hard_to_divide)
{
    rp_pool *pool = open_pool();
    int nodes = rp_nodes(pool), lifelines = 0;
    for (int bit = 1; bit < nodes; bit *= 2)
        lifelines++;
    int64_t sent = check_long_tree(pool, (struct long_tree){SHAPE_CHAIN, 20000, 0});
    ck_assert_int_le(sent, nodes * (2 * (LOAN_TRIES + lifelines) + 8));
    check_long_tree(pool, (struct long_tree){SHAPE_COMB, 20000, 1});
    check_long_tree(pool, (struct long_tree){SHAPE_LAST_LEAF, 20000, 20000});
    check_long_tree(pool, (struct long_tree){SHAPE_STACK, 20000 / world_ranks(), 4});
    close_pool(pool);
}
END_TEST

/* ---- progress -------------------------------------------------------------------------------- */

enum {
    CHAIN = 20
};

/* An item is its place in a chain; or -1: the root's own, which starts chains until the other nodes
 * have reported as many items as one has. */
static int visit_until_reported(rp_task *task, const void *item, void *result)
{
    struct lend *others = world_rank() == 0 ? task->worker->others : NULL;
    const int64_t at = *(const int64_t *)item, next = at + 1, start = 0;
    ((int64_t *)result)[at >= 0]++;
    usleep(at < 0 ? 1000 : 100);
    if (at >= 0)
        return next < CHAIN ? rp_task_add(task, &next) : 0;
    if (others == NULL || atomic_load(&others->done) >= CHAIN)
        return 0;
    int code = rp_task_add(task, &start);
    return code == 0 ? rp_task_add(task, &at) : code;
}

START_TEST(nodes_report_progress_to_the_root)
{
    const int64_t root = -1, zero[2] = {0, 0};
    int64_t found[2];
    rp_pool *pool = open_pool();
    rp_worklist_job job = {.seeds = &root,
                           .n = 1,
                           .item_size = sizeof root,
                           .work = visit_until_reported,
                           .combine = add_two,
                           .identity = zero,
                           .result = found,
                           .result_size = sizeof found};
    ck_assert_int_eq(rp_show_progress(pool, RP_PROGRESS_ON), RP_OK);
    ck_assert_msg(rp_worklist(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert_int_ge(found[0], rp_nodes(pool) > 1 && !rp_survives(pool) ? 2 : 1);
    ck_assert_int_eq(found[1], CHAIN * (found[0] - 1));
    close_pool(pool);
}
END_TEST

/* Chains without an end. The newest, which its rank computes first, finds something. */
static int follow_chain(rp_task *task, const void *item, void *result)
{
    int64_t *found = result, next = *(const int64_t *)item + 1;
    if (rp_task_item(task) == 3 && next == 1000) {
        found[1] += next;
        rp_task_enough(task, 3);
    }
    found[0]++;
    return rp_task_add(task, &next);
}

START_TEST(enough_ends_a_worklist)
{
    const int64_t seeds[4] = {0}, zero[2] = {0};
    int64_t found[2];
    struct findings findings;
    rp_pool *pool = open_pool();
    rp_worklist_job job = {.seeds = seeds,
                           .n = 4,
                           .item_size = sizeof *seeds,
                           .work = follow_chain,
                           .combine = add_two,
                           .identity = zero,
                           .result = found,
                           .result_size = sizeof found};
    ck_assert_msg(rp_worklist(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert_int_eq(rp_enough_item(pool), 3);
    ck_assert_int_eq(found[1], 1000);
    ck_assert_int_ge(found[0], 1000);
    check_tree(pool, (struct tree){.children = 2, .deepest = 5}, &(struct node){77, 0}, 1, 0,
               &findings);
    ck_assert_int_eq(rp_enough_item(pool), -1);
    close_pool(pool);
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------- */

/* Any node that has children. */
static uint64_t some_node(const struct tree *tree, struct node node)
{
    while (children_of(tree, &node) > 0 && node.level < 5)
        node = child_of(&node, 0);
    return node.name;
}

START_TEST(an_item_that_fails)
{
    const struct node seeds[] = {{4, 0}, {77, 0}};
    struct tree tree = {.children = 3, .deepest = 18, .failures = 1};
    struct findings findings;
    rp_pool *pool = open_pool();
    tree.bad = some_node(&tree, seeds[1]);
    rp_worklist_job job = tree_job(&tree, seeds, 2, &findings);
    ck_assert_int_eq(rp_worklist(pool, &job), RP_ERR_TASK);
    const rp_error *error = rp_last_error(pool);
    check_same_error(error, RP_ERR_TASK);
    ck_assert_msg(error->task_code == 7 && error->item == 1 && strstr(error->text, "is bad"),
                  "code %d, item %d: %s", error->task_code, (int)error->item, error->text);
    check_tree(pool, (struct tree){.children = 3, .deepest = 18}, seeds, 2, 0, &findings);
    close_pool(pool);
}
END_TEST

/* What an attempt that failed has added and folded does not count. */
START_TEST(an_item_that_is_repeated)
{
    const struct node root = {77, 0};
    struct tree tree = {.children = 3, .deepest = 18, .failures = 2};
    struct findings findings, expected = none;
    rp_pool *pool = open_pool();
    search_serially(&tree, &root, &expected);
    tree.bad = some_node(&tree, root);
    rp_worklist_job job = tree_job(&tree, &root, 1, &findings);
    job.options.retries = 2;
    ck_assert_msg(rp_worklist(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert_int_eq(findings.nodes, expected.nodes);
    ck_assert(findings.names == expected.names);
    close_pool(pool);
}
END_TEST

static int add_in_a_map(rp_task *task, const void *in, void *out)
{
    (void)out;
    return rp_task_add(task, in);
}

START_TEST(items_are_added_in_worklists_only)
{
    double x = 1;
    rp_pool *pool = open_pool();
    rp_map_job job = {.n = 1, .in = &x, .in_size = sizeof x, .item = add_in_a_map};
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_TASK);
    ck_assert(strstr(rp_last_error(pool)->text, "rp_worklist()") != NULL);
    close_pool(pool);
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

static rp_status run_job(rp_pool *pool, const void *job)
{
    return rp_worklist(pool, job);
}

START_TEST(bad_worklists_are_refused)
{
    const struct node root = {77, 0};
    struct tree tree = {.children = 1, .deepest = 3};
    struct findings findings;
    rp_pool *pool = open_pool();
    const rp_worklist_job good = tree_job(&tree, &root, 1, &findings);
    rp_worklist_job bad[8];
    for (int i = 0; i < 8; i++)
        bad[i] = good;
    bad[0].n = -1;
    bad[1].item_size = 0;
    bad[2].work = NULL;
    bad[3].result = NULL;
    bad[4].memory = -1;
    bad[5].options.on_failure = RP_ON_FAILURE_CONTINUE;
    bad[6].options.chunk = 3;
    bad[7].options.schedule = RP_SCHEDULE_STATIC;
    for (int i = 0; i < 8; i++)
        check_job_refused(pool, run_job, &good, &bad[i], RP_ERR_ARGUMENT);
    if (world_ranks() > 1) {
        bad[0] = bad[1] = bad[2] = good;
        bad[0].item_size++;
        bad[1].options.seed++;
        bad[2].memory++;
        for (int i = 0; i < 3; i++)
            check_job_refused(pool, run_job, &good, &bad[i], RP_ERR_MISMATCH);
    }
    close_pool(pool);
}
END_TEST

/* On several nodes, another way than where ranks do not survive. */
START_TEST(where_ranks_survive)
{
    const struct node root = {77, 0};
    struct tree tree = {.children = 3, .deepest = 18};
    struct findings findings, again;
    rp_pool *pool = open_configured(&(rp_config){.survive_deaths = true});
    check_tree(pool, tree, &root, 1, 0, &findings);
    check_tree(pool, tree, &root, 1, 1, &again);
    ck_assert(findings.paths[0] == UINT64_C(0xb0c2f1cfd9af65db) &&
              memcmp(findings.paths, again.paths, sizeof again.paths) == 0);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"every item once", &every_item_once},
    {"seeds of any number", &seeds_of_any_number},
    {"a chain", &a_chain},
    {"trees that are hard to divide", &trees_that_are_hard_to_divide},
    {"nodes report progress to the root", &nodes_report_progress_to_the_root},
    {"enough ends a worklist", &enough_ends_a_worklist},
    {"an item that fails", &an_item_that_fails},
    {"an item that is repeated", &an_item_that_is_repeated},
    {"items are added in worklists only", &items_are_added_in_worklists_only},
    {"bad worklists are refused", &bad_worklists_are_refused},
    {"where ranks survive", &where_ranks_survive},
    {NULL, NULL},
};
const struct test_group worklist_tests = {"worklist", cases};
