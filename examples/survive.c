#include <rankpool.h>
#include <signal.h>
#include <stdio.h>

/* Computes squares, but where that is deadly. */
static int square(rp_task *task, const void *in, void *out)
{
    int64_t item = rp_task_item(task);
    (void)in;
    if (*(bool *)rp_task_user(task))
        raise(SIGKILL);
    *(int64_t *)out = item * item;
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    int64_t squares[100], sum = 0;
    rp_config config = {.survive_deaths = true};
    rp_launch(&argc, &argv);
    if (rp_open(&config, &pool) != RP_OK)
        return rp_report(NULL, "squares");
    bool deadly = rp_survives(pool) && rp_rank(pool) == 1;
    rp_map_job job = {.n = 100, .item = square, .out = squares, .out_size = sizeof squares[0]};
    job.options.user = &deadly;
    job.options.schedule =
        RP_SCHEDULE_STATIC; /* so that rank 1 has items however fast the others are */
    rp_map(pool, &job);
    for (int i = 0; i < 100; i++)
        sum += rp_rank(pool) == 0 ? squares[i] : 0;
    if (rp_rank(pool) == 0)
        printf("%lld\n", (long long)sum);
    int code = rp_report(pool, "squares");
    rp_close(&pool);
    return code;
}
