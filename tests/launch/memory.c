/* A program that uses node memory in all ways: for its own data, for the arrays of a map with input
 * and output at the root, for a stream. With known results.
 *
 * usage: memory [MEBIBYTES [FILE]]: size for rp_node_alloc(); a file with which to fill a file
 * system between allocating and writing */
#include <rankpool.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ITEMS = 400000,
    STREAMED = 3000
};

static rp_pool *pool;
static int64_t in[ITEMS], out[ITEMS], produced, consumed;

static bool at_root(void)
{
    return rp_rank(pool) == rp_root(pool);
}

static int triple(rp_task *task, const void *input, void *output)
{
    (void)task;
    *(int64_t *)output = 3 * *(const int64_t *)input;
    return 0;
}

static rp_status map(void)
{
    for (int i = 0; i < ITEMS; i++)
        in[i] = i;
    rp_status status = rp_map(pool, &(rp_map_job){.n = ITEMS,
                                                  .item = triple,
                                                  .in = in,
                                                  .in_size = sizeof *in,
                                                  .out = out,
                                                  .out_size = sizeof *out});
    for (int i = 0; i < ITEMS && status == RP_OK && at_root(); i++)
        status = out[i] == 3 * (int64_t)i ? RP_OK : RP_ERR_TASK;
    return status;
}

static int produce(void *user, rp_buffer *item)
{
    (void)user;
    return produced == STREAMED                                      ? RP_ITEM_LAST
           : rp_buffer_append(item, &produced, sizeof produced) == 0 ? (produced++, RP_ITEM)
                                                                     : -1;
}

static int add_one(rp_task *task, const void *input, size_t bytes, rp_buffer *result)
{
    int64_t number;
    (void)task;
    memcpy(&number, input, bytes);
    number++;
    return rp_buffer_append(result, &number, sizeof number);
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    int64_t number = 0;
    (void)user;
    memcpy(&number, data, bytes);
    consumed += error == NULL && number == item + 1;
    return 0;
}

static rp_status stream(void)
{
    rp_status status =
        rp_stream(pool, &(rp_stream_job){.produce = produce, .work = add_one, .consume = consume});
    return status != RP_OK || !at_root() || consumed == STREAMED ? status : RP_ERR_TASK;
}

/* Until the file system is full. */
static void fill(const char *path)
{
    static char block[1 << 20];
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    while (file >= 0 && write(file, block, sizeof block) > 0)
        continue;
    if (file >= 0)
        close(file);
}

/* All ranks of the node write all of it. */
static rp_status allocate(size_t bytes, const char *file)
{
    void *memory;
    rp_status status = rp_node_alloc(pool, bytes, &memory);
    if (status != RP_OK)
        return status;
    if (file != NULL && at_root())
        fill(file);
    rp_barrier(pool);
    memset(memory, 1, bytes);
    return rp_node_free(pool, &memory);
}

int main(int argc, char **argv)
{
    rp_config config = {.survive_deaths = true};
    rp_launch(&argc, &argv);
    if (rp_open(&config, &pool) != RP_OK) {
        if (rp_launched_rank() <= 0)
            printf("open: %s\n", rp_last_error(NULL)->text);
        return 1;
    }
    size_t bytes = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1) << 20;
    bool survives = rp_survives(pool);
    rp_status status = map();
    if (status == RP_OK)
        status = stream();
    if (status == RP_OK)
        status = allocate(bytes, argc > 2 ? argv[2] : NULL);
    if (at_root())
        printf("%s: %s\n", survives ? "survives" : "does not survive",
               status == RP_OK ? "right" : rp_last_error(pool)->text);
    rp_close(&pool);
    return rp_exit_code(status);
}
