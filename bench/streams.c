/* The cost of a stream per item: a million items of 8 bytes in and out, with a task that does
 * almost nothing. On one node, and over several. */
#include "measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ITEMS = 1000000
};

static rp_pool *pool;

/* The numbers 0, 1, 2 ..., and the sum of their results. */
struct numbers {
    int64_t next, sum;
};

static int produce(void *user, rp_buffer *item)
{
    struct numbers *numbers = user;
    if (numbers->next == ITEMS)
        return RP_ITEM_LAST;
    int64_t *number = rp_buffer_resize(item, sizeof *number);
    if (number == NULL)
        return -1;
    *number = numbers->next++;
    return RP_ITEM;
}

static int twice(rp_task *task, const void *in, size_t bytes, rp_buffer *result)
{
    (void)task;
    (void)bytes;
    int64_t *number = rp_buffer_resize(result, sizeof *number);
    if (number == NULL)
        return 1;
    *number = 2 * *(const int64_t *)in;
    return 0;
}

static int add(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    (void)item;
    (void)bytes;
    if (error != NULL)
        return -1;
    ((struct numbers *)user)->sum += *(const int64_t *)data;
    return 0;
}

static void run_stream(void *unordered)
{
    struct numbers numbers = {0, 0};
    rp_stream_job job = {.produce = produce,
                         .work = twice,
                         .consume = add,
                         .unordered = unordered != NULL,
                         .options = {.user = &numbers}};
    bool right = rp_stream(pool, &job) == RP_OK;
    if (speaks() && (!right || numbers.sum != (int64_t)ITEMS * (ITEMS - 1))) {
        fprintf(stderr, "streams: a wrong sum: %s\n", rp_last_error(pool)->text);
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    struct times ordered = {.rounds = 0}, unordered = {.rounds = 0};
    measure_arguments(argc, argv, 1);
    if (rp_open(NULL, &pool) != RP_OK)
        return EXIT_FAILURE;
    bool apart = rp_nodes(pool) > 1;
    run_stream(NULL);
    struct row rows[] = {
        row_of(apart ? "stream over nodes: an item in order" : "stream on a node: an item in order",
               &ordered, apart ? 5000 : 1000, "ns", 1e9 / ITEMS),
        row_of(apart ? "stream over nodes: an item as it is done"
                     : "stream on a node: an item as it is done",
               &unordered, 0, "ns", 1e9 / ITEMS),
    };
    struct rounds rounds = rounds_of(rows, 2);
    while (rounds_next(&rounds)) {
        times_add(&ordered, measure(run_stream, NULL));
        times_add(&unordered, measure(run_stream, &pool));
    }
    return rp_exit_code(rp_close(&pool));
}
