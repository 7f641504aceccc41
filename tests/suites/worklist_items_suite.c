/* Items of a worklist: of any size, in any memory, with the same paths, also if tasks fail after
 * they have added some of their children and are called again. */
#include "suites.h"

#include "numeric/path.h"

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

enum {
    LARGEST = 100,
    DEEPEST = 11,
    MOST_CHILDREN = 4
};

struct findings {
    int64_t items, wrong; /* wrong: with bytes that are not those of the item, or not aligned */
    uint64_t bytes, paths[2];
};

struct shape {
    size_t size;
    bool fails; /* each fifth item, at its first call */
};

/* The first byte tells the level and the number among its siblings; the others follow from it. */
static void fill(unsigned char *item, size_t size, int level, int number)
{
    for (size_t i = 0; i < size; i++)
        item[i] = (unsigned char)(level * MOST_CHILDREN + number + 37 * (int)i);
}

static bool filled(const unsigned char *item, size_t size)
{
    unsigned char same[LARGEST];
    fill(same, size, item[0] / MOST_CHILDREN, item[0] % MOST_CHILDREN);
    return memcmp(item, same, size) == 0;
}

/* Many leaves, and items with one child or with all. */
static int children(int level, int number)
{
    static const int most[MOST_CHILDREN] = {0, MOST_CHILDREN, 1, 3};
    return level < DEEPEST ? most[number] : 0;
}

static void find(struct findings *findings, size_t size, const unsigned char *item,
                 const uint64_t path[2])
{
    findings->items++;
    findings->wrong += !filled(item, size);
    findings->bytes += item[0] + (uint64_t)item[size - 1] * 1000;
    findings->paths[0] += path[0];
    findings->paths[1] += path[1];
}

static int visit(rp_task *task, const void *item, void *result)
{
    const struct shape *shape = rp_task_user(task);
    const unsigned char *bytes = item;
    int level = bytes[0] / MOST_CHILDREN, number = bytes[0] % MOST_CHILDREN;
    int most = children(level, number), code = 0;
    uint64_t path[2];
    for (int i = 0; i < most && code == 0; i++) {
        alignas(max_align_t) unsigned char room[LARGEST + MOST_CHILDREN];
        unsigned char *child = room + i; /* an item may be given from anywhere */
        fill(child, shape->size, level + 1, i);
        code = rp_task_add(task, child);
        memset(room, 255, sizeof room);
        rp_task_path(task, path);
        if (code == 0 && i > most / 2 && shape->fails && rp_task_attempt(task) == 0 &&
            path[0] % 5 == 0)
            return 1;
    }
    rp_task_path(task, path);
    if (code != 0)
        return code;
    find(result, shape->size, bytes, path);
    struct findings *findings = result;
    findings->wrong += (uintptr_t)item % 16 != 0;
    return 0;
}

static int combine(void *left, const void *right, void *user)
{
    struct findings *all = left;
    const struct findings *others = right;
    (void)user;
    all->items += others->items;
    all->wrong += others->wrong;
    all->bytes += others->bytes;
    all->paths[0] += others->paths[0];
    all->paths[1] += others->paths[1];
    return 0;
}

static void visit_serially(size_t size, int level, int number, const uint64_t path[2],
                           struct findings *findings)
{
    unsigned char item[LARGEST];
    fill(item, size, level, number);
    find(findings, size, item, path);
    for (int i = 0; i < children(level, number); i++) {
        uint64_t child[2];
        path_child(path, (uint64_t)i, child);
        visit_serially(size, level + 1, i, child, findings);
    }
}

static void check_items(rp_pool *pool, struct shape shape, int64_t memory)
{
    const uint64_t none[2] = {0, 0};
    const struct findings identity = {0};
    struct findings findings, expected = {0};
    unsigned char seeds[2 * LARGEST];
    for (int i = 0; i < 2; i++) {
        uint64_t path[2];
        path_child(none, (uint64_t)i, path);
        fill(seeds + (size_t)i * shape.size, shape.size, 0, 1);
        visit_serially(shape.size, 0, 1, path, &expected);
    }
    rp_worklist_job job = {.seeds = seeds,
                           .n = 2,
                           .item_size = shape.size,
                           .work = visit,
                           .combine = combine,
                           .identity = &identity,
                           .result = &findings,
                           .result_size = sizeof findings,
                           .memory = memory,
                           .options = {.user = &shape, .retries = shape.fails}};
    ck_assert_msg(rp_worklist(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    ck_assert_msg(memcmp(&findings, &expected, sizeof expected) == 0,
                  "%zu bytes, memory %d: %d items instead of %d, %d wrong", shape.size, (int)memory,
                  (int)findings.items, (int)expected.items, (int)findings.wrong);
}

static void check_sizes(bool fails)
{
    static const size_t sizes[] = {1, 7, 8, 15, 16, 24, 31, 32, 33, LARGEST};
    static const int64_t memory[] = {0, 1, 20000};
    rp_pool *pool = open_pool();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int j = 0; j < 3; j++)
            check_items(pool, (struct shape){sizes[i], fails}, memory[j]);
    }
    close_pool(pool);
}

START_TEST(items_of_any_size)
{
    check_sizes(false);
}
END_TEST

START_TEST(items_that_fail_at_first)
{
    check_sizes(true);
}
END_TEST

static const struct test_case cases[] = {
    {"items of any size", &items_of_any_size},
    {"items that fail at first", &items_that_fail_at_first},
    {NULL, NULL},
};
const struct test_group worklist_items_tests = {"worklist_items", cases};
