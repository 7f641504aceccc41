#include <rankpool.h>
#include <stdio.h>

static int square(rp_task *task, const void *in, void *out)
{
    int64_t item = rp_task_item(task);
    (void)in;
    *(int64_t *)out = item * item;
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    int64_t squares[1000], sum = 0;
    rp_config config = {.handle_signals = true,       /* USR1 and Ctrl-C end it in good order */
                        .checkpoint = "squares.kept", /* a directory; made if it is not there */
                        .resume = RP_RESUME};         /* go on with what is there */
    rp_launch(&argc, &argv);
    if (rp_open(&config, &pool) != RP_OK)
        return rp_report(NULL, "squares");
    rp_status status = rp_map(
        pool,
        &(rp_map_job){.n = 1000, .item = square, .out = squares, .out_size = sizeof squares[0]});
    if (status == RP_OK && rp_rank(pool) == 0) {
        for (int i = 0; i < 1000; i++)
            sum += squares[i];
        printf("%lld\n", (long long)sum);
    }
    int code = rp_report(pool, "squares");
    rp_close(&pool);
    return code;
}
