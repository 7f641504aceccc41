#include <rankpool.h>
#include <stdio.h>

/* Appends to a log what the library would print on stderr. */
static void keep(const char *text, size_t bytes, void *log)
{
    fprintf(log, "log: %.*s", (int)bytes, text);
}

static int nothing(rp_task *task, const void *in, void *out)
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
    rp_set_message_function(keep, stdout);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "messages");
    rp_map(pool, &(rp_map_job){.n = -1, .item = nothing}); /* a mistake */
    int code = rp_report(pool, "messages");
    rp_close(&pool);
    return code == 2 ? 0 : 1;
}
