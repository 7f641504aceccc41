/* The cost of recording, and of progress reports: the same loop with and without. */
#include "measure.h"
#include "work.h"

#include <stdlib.h>

enum {
    ITEMS = 20000
};

struct contest {
    rp_pool *pool;
    int64_t items;
    int64_t steps; /* of work in an item */
    rp_options options;
};

static void run_loop(void *argument)
{
    const struct contest *contest = argument;
    rp_loop *loop;
    rp_range range;
    rp_loop_open(contest->pool, contest->items, &contest->options, &loop);
    while (rp_loop_next(loop, &range)) {
        for (int64_t item = range.begin; item < range.end; item++)
            compute(contest->steps);
    }
    rp_loop_close(&loop, RP_OK);
}

static void contest_recording(struct contest *contest, const char *name)
{
    struct times off = {.rounds = 0}, on = {.rounds = 0};
    struct row row = row_beside(name, &on, &off, 0.98);
    struct rounds rounds = rounds_of(&row, 1);
    while (rounds_next(&rounds)) {
        times_add(&off, measure(run_loop, contest));
        rp_record_start(contest->pool);
        times_add(&on, measure(run_loop, contest));
        rp_record_stop(contest->pool);
    }
}

static void contest_progress(struct contest *contest, const char *name)
{
    struct times off = {.rounds = 0}, on = {.rounds = 0};
    struct row row = row_beside(name, &on, &off, 0.98);
    struct rounds rounds = rounds_of(&row, 1);
    while (rounds_next(&rounds)) {
        times_add(&off, measure(run_loop, contest));
        rp_show_progress(contest->pool, RP_PROGRESS_ON);
        times_add(&on, measure(run_loop, contest));
        rp_show_progress(contest->pool, RP_PROGRESS_OFF);
    }
}

int main(int argc, char **argv)
{
    measure_arguments(argc, argv, 3);
    struct contest contest = {.items = ITEMS};
    if (rp_open(NULL, &contest.pool) != RP_OK)
        return EXIT_FAILURE;
    contest.steps = (int64_t)(steps_per_second() * 10e-6);
    rp_record_start(contest.pool);
    measure(run_loop, &contest);
    rp_record_stop(contest.pool);
    contest_recording(&contest, "items of 10 us: recorded, beside not");
    contest_progress(&contest, "items of 10 us: progress shown, beside not");
    contest.options = (rp_options){.schedule = RP_SCHEDULE_DYNAMIC, .chunk = 1};
    contest_recording(&contest, "claimed one by one: recorded, beside not");
    return rp_exit_code(rp_close(&contest.pool));
}
