/* Items that cost little, one by one, for bench/instructions.sh, which counts the instructions of
 * the functions named count_...: a loop's, a map's and a worklist's items, and those of a loop by
 * OpenMP. On one rank, and with one thread.
 *
 *     instructions ITEMS */
#include "measure.h"
#include "work.h"

#include <stdio.h>
#include <stdlib.h>

static rp_pool *pool;

static void check_sum(int64_t sum, int64_t n)
{
    if (sum != n * (n - 1) / 2)
        give_up(pool, "a wrong sum");
}

__attribute__((noinline)) static int64_t count_loop(int64_t n)
{
    struct additions additions = {pool, n, {.schedule = RP_SCHEDULE_DYNAMIC}, 0};
    add_in_loop(&additions);
    return additions.sum;
}

static int add_one(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    add_item(rp_task_user(task), rp_task_item(task));
    return 0;
}

__attribute__((noinline)) static int64_t count_map(int64_t n)
{
    int64_t sum = 0;
    rp_map_job job = {.n = n,
                      .item = add_one,
                      .options = {.schedule = RP_SCHEDULE_DYNAMIC, .user = &sum}};
    if (rp_map(pool, &job) != RP_OK)
        give_up(pool, "rp_map");
    return sum;
}

/* Item i of a binary tree has the children 2 i + 1 and 2 i + 2. */
static int add_children(rp_task *task, const void *item, void *result)
{
    int64_t number = *(const int64_t *)item, n = *(const int64_t *)rp_task_user(task);
    *(int64_t *)result += number;
    for (int64_t child = 2 * number + 1; child <= 2 * number + 2 && child < n; child++)
        if (rp_task_add(task, &child) != 0)
            return 1;
    return 0;
}

static int add_sums(void *left, const void *right, void *user)
{
    (void)user;
    *(int64_t *)left += *(const int64_t *)right;
    return 0;
}

__attribute__((noinline)) static int64_t count_worklist(int64_t n)
{
    const int64_t zero = 0;
    int64_t sum;
    rp_worklist_job job = {.seeds = &zero,
                           .n = 1,
                           .item_size = sizeof zero,
                           .work = add_children,
                           .combine = add_sums,
                           .identity = &zero,
                           .result = &sum,
                           .result_size = sizeof sum,
                           .options = {.user = &n}};
    if (rp_worklist(pool, &job) != RP_OK)
        give_up(pool, "rp_worklist");
    return sum;
}

#ifdef _OPENMP
__attribute__((noinline)) static int64_t count_openmp(int64_t n)
{
    int64_t sum = 0;
#pragma omp parallel for schedule(dynamic, 1) reduction(+ : sum) num_threads(1)
    for (int64_t item = 0; item < n; item++)
        add_item(&sum, item);
    return sum;
}
#endif

int main(int argc, char **argv)
{
    int64_t n = argc == 2 ? strtoll(argv[1], NULL, 10) : 0;
    if (n < 1 || rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    if (rp_ranks(pool) > 1)
        give_up(pool, "start it on one rank");
    check_sum(count_loop(n), n);
    check_sum(count_map(n), n);
    check_sum(count_worklist(n), n);
#ifdef _OPENMP
    check_sum(count_openmp(n), n);
#endif
    return rp_exit_code(rp_close(&pool));
}
