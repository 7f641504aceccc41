/* Checkpoints: those of other work are refused unless the caller forces their use. */
#include "checkpoint_jobs.h"
#include "suites.h"

#include <string.h>

static void check_not_opened(rp_config config, const char *why)
{
    rp_pool *pool;
    ck_assert_int_eq(try_open(config, &pool), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(NULL), RP_ERR_ARGUMENT);
    ck_assert_msg(strstr(rp_last_error(NULL)->text, why) != NULL, "%s", rp_last_error(NULL)->text);
}

START_TEST(other_work_is_refused)
{
    begin_place();
    rp_map_job job = map_job();
    break_off(&job);
    check_not_opened((rp_config){.resume = RP_RESUME_NOTHING}, "holds unfinished work");
    check_not_opened((rp_config){.resume = RP_RESUME, .fingerprint = 1}, "other arguments");
    check_not_opened((rp_config){.resume = (rp_resume)9}, "config.resume");
    check_not_opened((rp_config){.checkpoint_seconds = -1}, "checkpoint_seconds");
    rp_pool *pool = open_saved(RP_RESUME);
    check_not_opened((rp_config){.resume = RP_RESUME}, "is in use");
    rp_map_job other = job;
    other.n = ITEMS - 1;
    ck_assert_int_eq(rp_map(pool, &other), RP_ERR_ARGUMENT);
    check_same_error(rp_last_error(pool), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(pool)->text, "another number of items") != NULL);
    close_pool(pool);
    /* No work was done, so no file is removed. */
    pool = open_saved(RP_RESUME);
    close_pool(pool);
    computed = 0;
    /* A forced resume uses every entry that fits, whatever work wrote it. */
    ck_assert_int_eq(try_open((rp_config){.resume = RP_RESUME_FORCED, .fingerprint = 1}, &pool),
                     RP_OK);
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    check_results(pool, RP_ON_ROOT);
    close_pool(pool);
    ck_assert_int_lt(computed_by_all(), ITEMS);
    end_place();
}
END_TEST

START_TEST(forced_jobs_of_other_sizes_begin_anew)
{
    begin_place();
    rp_map_job job = map_job();
    break_off(&job);
    rp_pool *pool = open_saved(RP_RESUME_FORCED);
    job.n = ITEMS - 1;
    ck_assert_int_eq(rp_map(pool, &job), RP_OK);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), ITEMS - 1);
    end_place();
}
END_TEST

static int add_one(rp_task *task, const void *in, void *result)
{
    if (rp_task_item(task) == breaks_at)
        return 5;
    computed++;
    *(double *)result = *(const double *)in + 1;
    return 0;
}

START_TEST(other_inputs_are_refused)
{
    static double in[ITEMS];
    begin_place();
    rp_map_job job = map_job();
    job.item = add_one;
    job.in = in;
    job.in_size = sizeof *in;
    for (int i = 0; i < ITEMS; i++)
        in[i] = i;
    int64_t before = break_off(&job);
    rp_pool *pool = open_saved(RP_RESUME);
    in[ITEMS - 1] = 0.5;
    ck_assert_int_eq(rp_map(pool, &job), RP_ERR_ARGUMENT);
    ck_assert(strstr(rp_last_error(pool)->text, "other inputs") != NULL);
    close_pool(pool);
    in[ITEMS - 1] = ITEMS - 1;
    pool = open_saved(RP_RESUME);
    rp_status status = rp_map(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
    for (int i = 0; i < ITEMS && world_rank() == 0; i++)
        ck_assert_double_eq(map_results[i], i + 1);
    close_pool(pool);
    ck_assert_int_eq(computed_by_all(), ITEMS - before);
    end_place();
}
END_TEST

const struct test_group checkpoint_refusal_tests = {
    "checkpoint: refusal",
    (const struct test_case[]){
        {"other work is refused", &other_work_is_refused},
        {"forced jobs of other sizes begin anew", &forced_jobs_of_other_sizes_begin_anew},
        {"other inputs are refused", &other_inputs_are_refused},
        {NULL, NULL},
    },
};
