/* Checkpoints of calls, whose results the root saves as they arrive. */
#include "checkpoint_jobs.h"
#include "suites.h"

#include <math.h>
#include <string.h>

enum {
    LARGE = 100000
};

static size_t bytes_of(int64_t number)
{
    return number % 100 == 99 ? LARGE : sizeof number;
}

/* Its number, plus what it depends on, in as many bytes as the input has. */
static int add_number(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    int64_t number = *(const int64_t *)in;
    size_t size;
    if (number == breaks_at)
        return 5;
    computed++;
    const int64_t *before = rp_task_after(task, 0, &size);
    number += before != NULL ? *before : 0;
    char *bytes = rp_buffer_resize(result, in_bytes);
    memset(bytes, (int)in_bytes, in_bytes);
    memcpy(bytes, &number, sizeof number);
    return 0;
}

struct plan {
    int64_t shift; /* of the inputs from ITEMS / 2 on */
    bool ends;     /* the controller fails at the first failure */
};

/* Every tenth call depends on the one before. */
static int control_numbers(rp_control *control, void *user)
{
    static rp_future *futures[ITEMS];
    static char input[LARGE];
    const struct plan *plan = user;
    for (int64_t i = 0; i < ITEMS; i++) {
        int64_t number = i < ITEMS / 2 ? i : i + plan->shift;
        rp_call_options options = {.priority = (int)(i % 3),
                                   .after = i % 10 == 9 ? &futures[i - 1] : NULL,
                                   .after_count = i % 10 == 9};
        memcpy(input, &number, sizeof number);
        ck_assert_int_eq(rp_submit(control, 0, input, bytes_of(i), &options, &futures[i]), RP_OK);
    }
    for (int64_t i = 0; i < ITEMS; i++) {
        const void *data;
        size_t bytes;
        int64_t expected = i + (i % 10 == 9 ? i - 1 : 0);
        expected += i < ITEMS / 2 ? 0 : plan->shift + (i % 10 == 9 ? plan->shift : 0);
        ck_assert_int_eq(rp_wait(futures[i], INFINITY), RP_OK);
        if (rp_future_result(futures[i], &data, &bytes) != RP_OK) {
            ck_assert(plan->ends);
            return 3;
        }
        ck_assert_uint_eq(bytes, bytes_of(i));
        ck_assert_mem_eq(data, &expected, sizeof expected);
    }
    return 0;
}

static rp_status run_numbers(rp_pool *pool, struct plan plan)
{
    static const rp_call_fn calls[] = {add_number};
    return rp_control_run(pool, &(rp_control_job){.controller = control_numbers,
                                                  .calls = calls,
                                                  .call_count = 1,
                                                  .options.user = &plan});
}

/* Runs it in a new pool. Returns the number of calls computed. */
static int64_t run_saved(struct plan plan, rp_status expected)
{
    rp_pool *pool = open_saved(RP_RESUME);
    ck_assert_int_eq(run_numbers(pool, plan), expected);
    close_pool(pool);
    return computed_by_all();
}

START_TEST(calls_go_on)
{
    begin_place();
    breaks_at = ITEMS - 77;
    int64_t before = run_saved((struct plan){.ends = true}, RP_ERR_TASK);
    ck_assert_int_ge(before, ITEMS / 2);
    breaks_at = ITEMS - 77;
    int64_t again = run_saved((struct plan){.ends = true}, RP_ERR_TASK);
    ck_assert_int_le(again, ITEMS / 2);
    /* A controller that submits other inputs has only those computed. */
    breaks_at = -1;
    int64_t other = run_saved((struct plan){.shift = ITEMS}, RP_OK);
    ck_assert_int_ge(other, ITEMS / 2);
    ck_assert_int_le(other, ITEMS / 2 + again + 100);
    end_place();
}
END_TEST

const struct test_group checkpoint_calls_tests = {
    "checkpoint: calls",
    (const struct test_case[]){
        {"calls go on", &calls_go_on},
        {NULL, NULL},
    },
};
