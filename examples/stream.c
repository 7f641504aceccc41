#include <rankpool.h>
#include <stdio.h>

static int produce(void *user, rp_buffer *item)
{
    int *next = user;
    if (*next > 15)
        return RP_ITEM_LAST;
    int failed = rp_buffer_append(item, next, sizeof *next);
    ++*next;
    return failed ? -1 : RP_ITEM;
}

static int name(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    (void)task;
    (void)bytes;
    int i = *(const int *)in;
    char text[16];
    int length = i % 3 != 0 && i % 5 != 0 ? snprintf(text, sizeof text, "%d", i)
                                          : snprintf(text, sizeof text, "%s%s", i % 3 ? "" : "fizz",
                                                     i % 5 ? "" : "buzz");
    return rp_buffer_append(result, text, (size_t)length);
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    (void)user;
    (void)item;
    if (error == NULL)
        printf("%.*s\n", (int)bytes, (const char *)data);
    return 0;
}

int main(int argc, char **argv)
{
    int next = 1;
    rp_pool *pool;
    rp_launch(&argc, &argv);
    if (rp_open(NULL, &pool) != RP_OK)
        return rp_report(NULL, "names");
    rp_stream(pool, &(rp_stream_job){.produce = produce,
                                     .work = name,
                                     .consume = consume,
                                     .options = {.user = &next}});
    int code = rp_report(pool, "names");
    rp_close(&pool);
    return code;
}
