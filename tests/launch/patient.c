/* A program to interrupt: `patient SECONDS [WALLTIME]` maps items of that duration, more than can
 * be done in a test's time. Rank 0 prints a line when all ranks have begun, and the result at the
 * end. */
#include <rankpool.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct executor {
    double seconds;
    bool speaks;
};

static void sleep_for(double seconds)
{
    struct timespec rest = {.tv_sec = (time_t)seconds};
    rest.tv_nsec = (long)((seconds - (double)rest.tv_sec) * 1e9);
    while (nanosleep(&rest, &rest) != 0)
        continue;
}

static int wait_for_item(rp_task *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    struct executor *work = rp_task_user(task);
    if (work->speaks) {
        puts("at work");
        fflush(stdout);
        work->speaks = false;
    }
    sleep_for(work->seconds);
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    struct executor work = {.seconds = argc > 1 ? atof(argv[1]) : 1};
    rp_config config = {.handle_signals = true, .walltime_seconds = argc > 2 ? atof(argv[2]) : 0};
    if (rp_open(&config, &pool) != RP_OK)
        return EXIT_FAILURE;
    work.speaks = rp_rank(pool) == 0;
    rp_map_job job = {.n = INT64_C(1) << 40, .item = wait_for_item, .options.user = &work};
    rp_status status = rp_map(pool, &job);
    if (rp_rank(pool) == 0)
        fprintf(stderr, "patient: %s\n", rp_last_error(pool)->text);
    rp_close(&pool);
    return rp_exit_code(status);
}
