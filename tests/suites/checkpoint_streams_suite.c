/* Checkpoints of streams, whose results the root saves as they arrive. */
#include "checkpoint_jobs.h"
#include "suites.h"

#include <string.h>

/* A stream of numbers; every hundredth input has 100 KB, and so has its result. */
struct numbers {
    int64_t next, consumed;
    bool in_order;
};

enum {
    LARGE = 100000
};

static size_t bytes_of(int64_t number)
{
    return number % 100 == 99 ? LARGE : sizeof number;
}

static int make_number(void *user, rp_buffer *item)
{
    struct numbers *numbers = user;
    if (numbers->next == ITEMS)
        return RP_ITEM_LAST;
    char *bytes = rp_buffer_resize(item, bytes_of(numbers->next));
    memset(bytes, (int)numbers->next, bytes_of(numbers->next));
    memcpy(bytes, &numbers->next, sizeof numbers->next);
    numbers->next++;
    return RP_ITEM;
}

static int square_number(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    int64_t number;
    (void)task;
    memcpy(&number, in, sizeof number);
    if (number == breaks_at)
        return 5;
    computed++;
    char *bytes = rp_buffer_resize(result, in_bytes);
    memset(bytes, (int)number + 1, in_bytes);
    number *= number;
    memcpy(bytes, &number, sizeof number);
    return 0;
}

static int check_square(void *user, int64_t item, const rp_error *error, const void *data,
                        size_t bytes)
{
    struct numbers *numbers = user;
    const unsigned char *square = data;
    int64_t number = item * item;
    if (error != NULL)
        return 0;
    ck_assert(!numbers->in_order || item == numbers->consumed);
    ck_assert_uint_eq(bytes, bytes_of(item));
    ck_assert_mem_eq(square, &number, sizeof number);
    if (bytes > sizeof number)
        ck_assert_uint_eq(square[bytes - 1], (unsigned char)(item + 1));
    numbers->consumed++;
    return 0;
}

static rp_status stream_numbers(rp_pool *pool, bool unordered)
{
    struct numbers numbers = {.in_order = !unordered};
    rp_stream_job job = {
        .produce = make_number,
        .work = square_number,
        .consume = check_square,
        .unordered = unordered,
        .options = {.user = &numbers, .schedule = RP_SCHEDULE_DYNAMIC, .chunk = 7}};
    rp_status status = rp_stream(pool, &job);
    if (status == RP_OK && world_rank() == 0)
        ck_assert_int_eq(numbers.consumed, ITEMS);
    return status;
}

START_TEST(streams_go_on)
{
    begin_place();
    for (int unordered = 0; unordered <= 1; unordered++) {
        rp_pool *pool = open_saved(RP_RESUME);
        breaks_at = ITEMS - 77;
        ck_assert_int_eq(stream_numbers(pool, unordered), RP_ERR_TASK);
        breaks_at = -1;
        close_pool(pool);
        int64_t before = computed_by_all();
        pool = open_saved(RP_RESUME);
        rp_status status = stream_numbers(pool, unordered);
        ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
        close_pool(pool);
        int64_t after = computed_by_all();
        /* Results that reach the root after the failure are not saved, nor is any other result in
         * their packet. */
        ck_assert_int_ge(after, ITEMS - before);
        ck_assert_int_lt(after, ITEMS / 2);
    }
    end_place();
}
END_TEST

const struct test_group checkpoint_streams_tests = {
    "checkpoint: streams",
    (const struct test_case[]){
        {"streams go on", &streams_go_on},
        {NULL, NULL},
    },
};
