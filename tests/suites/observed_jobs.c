#include "observed_jobs.h"

#include "suites.h"

#include <inttypes.h>
#include <unistd.h>

static volatile double spent;

int work_a_little(rp_task *task, const void *in, void *out)
{
    (void)in;
    spent = 0;
    for (int i = 0; i < 2000; i++)
        spent += i;
    *(int64_t *)out = rp_task_item(task);
    return 0;
}

void run_observed_map(rp_pool *pool, rp_schedule schedule)
{
    static int64_t out[OBSERVED_ITEMS];
    rp_map_job job = {.n = OBSERVED_ITEMS,
                      .item = work_a_little,
                      .out = out,
                      .out_size = sizeof out[0],
                      .options = {.schedule = schedule, .name = "a \"map\" <of> & 'many'"}};
    rp_status status = rp_map(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
}

void run_observed_loop(rp_pool *pool, int64_t n)
{
    rp_loop *loop;
    rp_range range;
    ck_assert_int_eq(rp_loop_open(pool, n, &(rp_options){.name = "loop"}, &loop), RP_OK);
    while (rp_loop_next(loop, &range))
        usleep(100);
    ck_assert_int_eq(rp_loop_close(&loop, RP_OK), RP_OK);
}

static int produce(void *user, rp_buffer *item)
{
    int64_t *made = user;
    return *made < 500 && rp_buffer_append(item, made, sizeof *made) == 0 && ++*made > 0;
}

static int work(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    int64_t out;
    work_a_little(task, NULL, &out);
    return rp_buffer_append(result, in, bytes);
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    (void)user, (void)data, (void)bytes;
    ck_assert_msg(error == NULL, "item %" PRId64, item);
    return 0;
}

void run_observed_stream(rp_pool *pool)
{
    int64_t made = 0;
    rp_stream_job job = {.produce = produce,
                         .work = work,
                         .consume = consume,
                         .options = {.user = &made, .name = "stream"}};
    rp_status status = rp_stream(pool, &job);
    ck_assert_msg(status == RP_OK, "%s", rp_last_error(pool)->text);
}
