/* Checkpoints of loops, in which the program itself saves its results. */
#include "checkpoint_jobs.h"
#include "suites.h"

#include <string.h>

/* Sums the numbers of the items; gives up at the failing item. Returns this rank's sum. */
static int64_t add_up(rp_pool *pool, rp_status expected)
{
    rp_loop *loop;
    rp_range range;
    rp_status mine = RP_OK;
    int64_t sum = 0;
    rp_options options = {.schedule = RP_SCHEDULE_DYNAMIC, .chunk = 11};
    ck_assert_int_eq(rp_loop_open(pool, ITEMS, &options, &loop), RP_OK);
    while (mine == RP_OK && rp_loop_next(loop, &range)) {
        int64_t part = 0;
        size_t bytes;
        const void *saved = rp_loop_saved(loop, &bytes);
        if (saved != NULL) {
            ck_assert_uint_eq(bytes, sizeof part);
            memcpy(&part, saved, bytes);
        } else if (range.begin <= breaks_at && breaks_at < range.end) {
            mine = RP_ERR_TASK;
            break;
        } else {
            for (int64_t item = range.begin; item < range.end; item++)
                part += item;
            computed += range.end - range.begin;
        }
        ck_assert_int_eq(rp_loop_save(loop, &part, sizeof part), RP_OK);
        sum += part;
    }
    ck_assert_int_eq(rp_loop_close(&loop, mine), expected);
    return sum;
}

START_TEST(loops_go_on)
{
    int64_t sum, all;
    begin_place();
    rp_pool *pool = open_saved(RP_RESUME);
    breaks_at = ITEMS - 100;
    add_up(pool, RP_ERR_TASK);
    breaks_at = -1;
    close_pool(pool);
    int64_t before = computed_by_all();
    pool = open_saved(RP_RESUME);
    sum = add_up(pool, RP_OK);
    close_pool(pool);
    MPI_Allreduce(&sum, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    ck_assert_int_eq(all, (int64_t)ITEMS * (ITEMS - 1) / 2);
    ck_assert_int_eq(computed_by_all(), ITEMS - before);
    end_place();
}
END_TEST

START_TEST(without_a_directory_nothing_is_saved)
{
    rp_loop *loop;
    rp_range range;
    size_t bytes;
    rp_pool *pool = open_pool();
    ck_assert_int_eq(rp_loop_open(pool, 10, NULL, &loop), RP_OK);
    while (rp_loop_next(loop, &range)) {
        ck_assert_ptr_null(rp_loop_saved(loop, &bytes));
        ck_assert_int_eq(rp_loop_save(loop, &range, sizeof range), RP_OK);
        ck_assert_int_eq(rp_loop_save(loop, NULL, 1), RP_ERR_ARGUMENT);
    }
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
    ck_assert_int_eq(rp_loop_save(NULL, NULL, 0), RP_ERR_ARGUMENT);
    close_pool(pool);
}
END_TEST

const struct test_group checkpoint_loops_tests = {
    "checkpoint: loops",
    (const struct test_case[]){
        {"loops go on", &loops_go_on},
        {"without a directory nothing is kept", &without_a_directory_nothing_is_saved},
        {NULL, NULL},
    },
};
