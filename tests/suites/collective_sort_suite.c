/* Sorting and reductions by key, compared with a serial model; and what they refuse. */
#include "suites.h"

#include "collective/collective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_SIZE = 40,
    SPREADS = 6
};

/* How an array of elements is made and sorted, the same on every rank. An element has its key at
 * `offset`, and its original position wherever there is room: that shows the order of equal
 * ones. */
struct kind {
    size_t size, offset;
    rp_key_type type;
    bool compared; /* by a function, in the order of the keys modulo 100 */
};

static const struct kind kinds[] = {
    {8, 0, RP_KEY_UINT64, false},  {8, 0, RP_KEY_DOUBLE, false}, {16, 0, RP_KEY_INT64, false},
    {16, 8, RP_KEY_UINT64, false}, {13, 2, RP_KEY_INT64, false}, {40, 9, RP_KEY_DOUBLE, false},
    {8, 0, RP_KEY_UINT64, true},   {24, 3, RP_KEY_UINT64, true},
};

static uint64_t key_of(const struct kind *kind, const void *element)
{
    uint64_t key;
    memcpy(&key, (const char *)element + kind->offset, sizeof key);
    return key;
}

/* Another way than the library's to compare keys. */
static int kind_compare(const struct kind *kind, const void *left, const void *right)
{
    uint64_t a = key_of(kind, left), b = key_of(kind, right);
    double x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    if (kind->compared)
        return (a % 100 > b % 100) - (a % 100 < b % 100);
    if (kind->type == RP_KEY_DOUBLE)
        return (x > y) - (x < y);
    if (kind->type == RP_KEY_INT64)
        return ((int64_t)a > (int64_t)b) - ((int64_t)a < (int64_t)b);
    return (a > b) - (a < b);
}

static int compare_given(const void *left, const void *right, void *user)
{
    return kind_compare(user, left, right);
}

/* Keys that spread in several ways: over all numbers, over a few, over the low bits, all equal,
 * rising and falling. */
static uint64_t draw_key(const struct kind *kind, int spread, int64_t item, int64_t n)
{
    rp_random random;
    rp_random_begin(&random, (uint64_t)spread, item);
    uint64_t bits = rp_random_bits(&random);
    const uint64_t keys[SPREADS] = {bits, bits % 5,       (bits >> 40) + (UINT64_C(1) << 50),
                                    7,    (uint64_t)item, (uint64_t)(n - item)};
    uint64_t key = keys[spread];
    double number = (double)(int64_t)key * (bits % 2 == 0 ? 1.0 : -0.5) + 0.5;
    if (kind->type == RP_KEY_DOUBLE && !kind->compared)
        memcpy(&key, &number, sizeof key);
    return key;
}

static char *make_all(const struct kind *kind, int spread, int64_t n)
{
    char *all = calloc((size_t)n + 1, kind->size);
    for (int64_t i = 0; i < n; i++) {
        char *element = all + (size_t)i * kind->size;
        uint64_t key = draw_key(kind, spread, i, n);
        size_t before = kind->offset, behind = kind->size - kind->offset - 8;
        memcpy(element + kind->offset, &key, sizeof key);
        memcpy(element, &i, before < 4 ? before : 4);
        memcpy(element + kind->offset + 8, &i, behind < 4 ? behind : 4);
    }
    return all;
}

static const struct kind *model_kind;

/* By order, then by place in memory, where model_sort() lets qsort() move pointers only. */
static int compare_pointers(const void *left, const void *right)
{
    const char *a = *(char *const *)left, *b = *(char *const *)right;
    int sense = kind_compare(model_kind, a, b);
    return sense != 0 ? sense : (a > b) - (a < b);
}

static char *model_sort(const struct kind *kind, const char *all, int64_t n)
{
    char *sorted = calloc((size_t)n + 1, kind->size);
    const char **places = malloc(((size_t)n + 1) * sizeof *places);
    for (int64_t i = 0; i < n; i++)
        places[i] = all + (size_t)i * kind->size;
    model_kind = kind;
    qsort(places, (size_t)n, sizeof *places, compare_pointers);
    for (int64_t i = 0; i < n; i++)
        memcpy(sorted + (size_t)i * kind->size, places[i], kind->size);
    free(places);
    return sorted;
}

static void try_sort(rp_pool *pool, const struct kind *kind, int spread, int64_t n)
{
    rp_range block = rp_block(n, world_ranks(), world_rank());
    size_t bytes = (size_t)(block.end - block.begin) * kind->size;
    char *all = make_all(kind, spread, n), *sorted = model_sort(kind, all, n);
    char *mine = malloc(bytes + 1);
    memcpy(mine, all + (size_t)block.begin * kind->size, bytes);
    mine[bytes] = 'x';
    rp_sort_job job = {.n = n,
                       .size = kind->size,
                       .mine = mine,
                       .key_type = kind->type,
                       .key_offset = kind->offset,
                       .compare = kind->compared ? compare_given : NULL,
                       .user = (void *)(uintptr_t)kind};
    ck_assert_msg(rp_sort(pool, &job) == RP_OK, "%s", rp_last_error(pool)->text);
    if (memcmp(mine, sorted + (size_t)block.begin * kind->size, bytes) != 0 || mine[bytes] != 'x')
        ck_abort_msg("%d elements of %d bytes, spread %d: not sorted", (int)n, (int)kind->size,
                     spread);
    free(mine);
    free(all);
    free(sorted);
}

/* A third of all combinations on each shape of nodes. */
START_TEST(sorts)
{
    const int64_t sizes[] = {0, 1, world_ranks() - 1, 20, 333, 5000};
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            for (int spread = ((int)k + node_size) % 3; spread < SPREADS; spread += 3)
                try_sort(pool, &kinds[k], spread, sizes[(k * 5 + (size_t)spread) % 6]);
        close_pool(pool);
    }
}
END_TEST

/* Enough for all levels of the radix sort. */
START_TEST(sorts_many)
{
    rp_pool *pool = open_pool();
    for (int spread = 0; spread < SPREADS; spread++)
        try_sort(pool, &kinds[spread % 3], spread, 300000);
    close_pool(pool);
}
END_TEST

START_TEST(doubles_in_total_order)
{
    static const double all[] = {0.0, 1.0, -0.0, HUGE_VAL, -1.0, -HUGE_VAL};
    static const double sorted[] = {-HUGE_VAL, -1.0, -0.0, 0.0, 1.0, HUGE_VAL};
    rp_pool *pool = open_pool();
    rp_range block = rp_block(6, world_ranks(), world_rank());
    double mine[6];
    memcpy(mine, all + block.begin, (size_t)(block.end - block.begin) * sizeof *mine);
    rp_sort_job job = {.n = 6, .size = 8, .mine = mine, .key_type = RP_KEY_DOUBLE};
    ck_assert_int_eq(rp_sort(pool, &job), RP_OK);
    ck_assert_int_eq(
        memcmp(mine, sorted + block.begin, (size_t)(block.end - block.begin) * sizeof *mine), 0);
    close_pool(pool);
}
END_TEST

/* ---- reductions by key ----------------------------------------------------------------------- */

/* x -> factor * x + offset: composed in order, which is associative and does not commute. */
struct record {
    int64_t key;
    uint32_t factor, offset;
    int64_t count;
};

static int compose(void *left, const void *right, void *user)
{
    struct record *first = left;
    const struct record *second = right;
    ck_assert(user == NULL && first->key == second->key);
    first->factor *= second->factor;
    first->offset = first->offset * second->factor + second->offset;
    first->count += second->count;
    return 0;
}

static struct record record_of(int64_t item, int64_t keys)
{
    rp_random random;
    rp_random_begin(&random, 3, item);
    return (struct record){(int64_t)rp_random_below(&random, (uint64_t)keys) - keys / 2,
                           (uint32_t)rp_random_bits(&random) | 1, (uint32_t)item, 1};
}

/* The groups of all records, in the order of their keys. Returns their number. */
static int64_t model_groups(struct record *groups, int64_t n, int64_t keys)
{
    int64_t count = 0;
    for (int64_t key = -keys / 2; key < keys; key++) {
        bool found = false;
        for (int64_t i = 0; i < n; i++) {
            struct record record = record_of(i, keys);
            if (record.key != key)
                continue;
            if (found)
                compose(&groups[count - 1], &record, NULL);
            else
                groups[count++] = record;
            found = true;
        }
    }
    return count;
}

static void try_groups(rp_pool *pool, int64_t n, int64_t keys)
{
    rp_range block = rp_block(n, world_ranks(), world_rank());
    struct record *groups = malloc(((size_t)n + 1) * sizeof *groups);
    struct record *mine = malloc(((size_t)(block.end - block.begin) + 1) * sizeof *mine);
    int64_t expected = model_groups(groups, n, keys), count = -1;
    for (int64_t i = block.begin; i < block.end; i++)
        mine[i - block.begin] = record_of(i, keys);
    rp_sort_job job = {.n = n, .size = sizeof *mine, .mine = mine, .key_type = RP_KEY_INT64};
    ck_assert_msg(rp_reduce_by_key(pool, &job, compose, &count) == RP_OK, "%s",
                  rp_last_error(pool)->text);
    ck_assert_int_eq(count, expected);
    rp_range part = rp_block(count, world_ranks(), world_rank());
    ck_assert(memcmp(mine, groups + part.begin, (size_t)(part.end - part.begin) * sizeof *mine) ==
              0);
    free(groups);
    free(mine);
}

START_TEST(groups_of_records)
{
    static const int64_t sizes[] = {0, 1, 2, 19, 100, 600}, keys[] = {1, 2, 7, 50, 1000};
    for (int node_size = 0; node_size <= 2; node_size++) {
        rp_pool *pool = open_nodes(node_size);
        for (int i = 10 * node_size; i < 10 * node_size + 10; i++)
            try_groups(pool, sizes[i % 6], keys[i % 5]);
        close_pool(pool);
    }
}
END_TEST

static int refuse(void *left, const void *right, void *user)
{
    (void)left, (void)right, (void)user;
    return world_rank() == world_ranks() - 1 ? 42 : 0;
}

START_TEST(combine_fails)
{
    int64_t mine[4] = {1, 1, 1, 1}, groups = -1;
    rp_pool *pool = open_pool();
    rp_sort_job job = {.n = 4 * world_ranks(), .size = 8, .mine = mine};
    ck_assert_int_eq(rp_reduce_by_key(pool, &job, refuse, &groups), RP_ERR_TASK);
    check_same_error(rp_last_error(pool), RP_ERR_TASK);
    ck_assert_int_eq(rp_last_error(pool)->task_code, 42);
    ck_assert_int_eq(groups, -1);
    ck_assert_int_eq(rp_sort(pool, &job), RP_OK);
    close_pool(pool);
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

static rp_status sort_given(rp_pool *pool, const void *job)
{
    return rp_sort(pool, job);
}

static rp_status reduce_given(rp_pool *pool, const void *job)
{
    int64_t groups;
    return rp_reduce_by_key(pool, job, compose, &groups);
}

START_TEST(bad_jobs)
{
    struct record mine[8] = {{0}};
    rp_pool *pool = open_pool();
    const rp_sort_job good = {.n = 8, .size = sizeof *mine, .mine = mine};
    rp_sort_job bad[6] = {good, good, good, good, good, good};
    bad[0].n = -1;
    bad[1].size = 0;
    bad[2].key_offset = sizeof *mine - 7;
    bad[3].key_type = (rp_key_type)3;
    bad[4].size = 7;
    bad[5].key_offset = SIZE_MAX;
    for (int i = 0; i < 6; i++) {
        check_job_refused(pool, sort_given, &good, &bad[i], RP_ERR_ARGUMENT);
        check_job_refused(pool, reduce_given, &good, &bad[i], RP_ERR_ARGUMENT);
    }
    check_job_refused(pool, sort_given, &good, NULL, RP_ERR_ARGUMENT);
    bad[5] = good;
    bad[5].reserved[3] = 1;
    check_job_refused(pool, sort_given, &good, &bad[5], RP_ERR_VERSION);
    if (world_ranks() > 1) {
        bad[0].n = 9;
        bad[1].size = sizeof *mine + 8;
        bad[2].key_offset = 8;
        bad[3].key_type = RP_KEY_INT64;
        bad[4] = good;
        bad[4].compare = compare_given;
        for (int i = 0; i < 5; i++)
            check_job_refused(pool, sort_given, &good, &bad[i], RP_ERR_MISMATCH);
    }
    int64_t groups;
    ck_assert_int_eq(rp_reduce_by_key(pool, &good, NULL, &groups), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_reduce_by_key(pool, &good, compose, NULL), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_sort(NULL, &good), RP_ERR_ARGUMENT);
    ck_assert_int_eq(rp_reduce_by_key(NULL, &good, compose, &groups), RP_ERR_ARGUMENT);
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"sorts arrays of every kind", &sorts},
    {"sorts many elements", &sorts_many},
    {"sorts doubles in total order", &doubles_in_total_order},
    {"records with equal keys are combined in order", &groups_of_records},
    {"combining fails", &combine_fails},
    {"bad sort jobs are refused by all", &bad_jobs},
    {NULL, NULL},
};
const struct test_group collective_sort_tests = {"collective_sort", cases};
