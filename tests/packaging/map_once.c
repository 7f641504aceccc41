/* A map of items without arrays or options, on one node: for files_of_a_map. */
#include <rankpool.h>

static int compute(rp_task *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return 0;
}

int main(int argc, char **argv)
{
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "map_once");
    rp_map(pool, &(rp_map_job){.n = 1000, .item = compute});
    int code = rp_report(pool, "map_once");
    rp_close(&pool);
    return code;
}
