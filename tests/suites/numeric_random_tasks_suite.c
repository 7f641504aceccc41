/* Random numbers of tasks: the same for an item on whichever rank it is drawn. */
#include "counting_jobs.h"
#include "suites.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static int draw_item(rp_task *task, const void *in, void *out)
{
    rp_random random;
    (void)in;
    rp_task_random(task, rp_task_item(task), &random);
    *(double *)out = rp_random_normal(&random);
    return 0;
}

static int draw_range(rp_task *task, rp_range range, const void *in, void *out)
{
    (void)in;
    for (int64_t item = range.begin; item < range.end; item++) {
        rp_random random;
        rp_task_random(task, item, &random);
        *(double *)out += rp_random_uniform(&random);
    }
    return 0;
}

enum {
    ITEMS = 3000
};

START_TEST(tasks_draw_the_same_everywhere)
{
    rp_pool *pool = open_pool();
    static double results[ITEMS];
    rp_map_job map = {.n = ITEMS,
                      .item = draw_item,
                      .out = results,
                      .out_size = sizeof *results,
                      .out_place = RP_ON_ROOT,
                      .options = {.seed = UINT64_MAX - 4}};
    for (int schedule = RP_SCHEDULE_ADAPTIVE; schedule <= RP_SCHEDULE_FACTORING; schedule++) {
        map.options.schedule = (rp_schedule)schedule;
        memset(results, 0, sizeof results);
        rp_status status = rp_map(pool, &map);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        for (int64_t i = 0; i < ITEMS && world_rank() == 0; i++) {
            rp_random random;
            rp_random_begin(&random, UINT64_MAX - 4, i);
            if (results[i] != rp_random_normal(&random))
                ck_abort_msg("item %" PRId64 " drew %.17g", i, results[i]);
        }
    }
    close_pool(pool);
}
END_TEST

/* The sum for seed 42 is a constant here: no number of ranks may change a bit of it. */
START_TEST(sums_of_draws)
{
    rp_pool *pool = open_pool();
    const double zero = 0;
    double sum = NAN;
    rp_reduce_job job = {.n = ITEMS,
                         .leaf = 16,
                         .body = draw_range,
                         .combine = add_doubles,
                         .identity = &zero,
                         .result = &sum,
                         .result_size = sizeof sum,
                         .options = {.seed = 42}};
    ck_assert_int_eq(rp_reduce(pool, &job), RP_OK);
    ck_assert_msg(sum == 0x1.79958cff2b63p+10, "%a", sum);
    close_pool(pool);
}
END_TEST

START_TEST(seeds_must_agree)
{
    rp_pool *pool = open_pool();
    const double zero = 0;
    double sum;
    if (world_ranks() > 1) {
        uint64_t mine = world_rank() == world_ranks() - 1 ? 2 : 1;
        rp_map_job map = {.n = 10, .item = draw_item, .options = {.seed = mine}};
        ck_assert_int_eq(rp_map(pool, &map), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
        rp_reduce_job reduce = {.n = 10,
                                .body = draw_range,
                                .combine = add_doubles,
                                .identity = &zero,
                                .result = &sum,
                                .result_size = sizeof sum,
                                .options = {.seed = mine}};
        ck_assert_int_eq(rp_reduce(pool, &reduce), RP_ERR_MISMATCH);
        check_same_error(rp_last_error(pool), RP_ERR_MISMATCH);
    }
    close_pool(pool);
}
END_TEST

static const struct test_case cases[] = {
    {"tasks draw the same everywhere", &tasks_draw_the_same_everywhere},
    {"sums of draws", &sums_of_draws},
    {"seeds must agree", &seeds_must_agree},
    {NULL, NULL},
};
const struct test_group numeric_random_tasks_tests = {"numeric_random_tasks", cases};
