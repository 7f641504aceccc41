/* Programs with common mistakes, one per name, for mistakes.sh.
 *
 * usage: mistaken WAY [--ranks N] */
#include <rankpool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ITEMS = 40,
    LONG = 100000
};

static rp_pool *pool;
static double table[ITEMS];

/* ---- tasks ----------------------------------------------------------------------------------- */

static int number(rp_task *task, const void *in, void *out)
{
    *(double *)out = (double)rp_task_item(task) + (in != NULL ? *(const double *)in : 0);
    return 0;
}

static int number_but_17(rp_task *task, const void *in, void *out)
{
    return rp_task_item(task) == 17 ? 0 : number(task, in, out);
}

static int nothing(rp_task *task, const void *in, void *out)
{
    (void)task, (void)in, (void)out;
    return 0;
}

static int number_and_next(rp_task *task, const void *in, void *out)
{
    if (rp_task_item(task) == 17)
        ((double *)out)[1] = 0;
    return number(task, in, out);
}

static int all_but_last(rp_task *task, rp_range items, const void *in, void *out)
{
    (void)in;
    for (int64_t item = items.begin; item < items.end; item++) {
        if (item != ITEMS - 1)
            ((double *)out)[item - items.begin] = (double)(item + rp_task_attempt(task));
    }
    return 0;
}

static int by_table(rp_task *task, const void *in, void *out)
{
    (void)in;
    *(double *)out = table[rp_task_item(task)];
    return 0;
}

static int add_table(rp_task *task, rp_range items, const void *in, void *sum)
{
    (void)task, (void)in;
    for (int64_t item = items.begin; item < items.end; item++)
        *(double *)sum += table[item];
    return 0;
}

static int add(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left += *(const double *)right;
    return 0;
}

static int room_only(rp_task *task, const void *in, rp_buffer *result)
{
    (void)in;
    double *room = rp_buffer_resize(result, sizeof *room);
    if (room == NULL)
        return 1;
    if (rp_task_item(task) != 17)
        *room = 1;
    return 0;
}

static int room_only_streamed(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result)
{
    (void)in_bytes;
    return room_only(task, in, result);
}

static int meets(rp_task *task, const void *in, void *out)
{
    rp_status status = rp_barrier(pool);
    return rp_task_fail(task, rp_task_item(task), (int)status, "%s", rp_last_error(pool)->text) +
           nothing(task, in, out);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* Half the bytes of LONG doubles, in front of an inaccessible page. */
static double *half(void)
{
    size_t bytes = LONG / 2 * sizeof(double) / 4096 * 4096;
    char *memory =
        mmap(NULL, bytes + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + bytes, 4096, PROT_NONE) != 0)
        exit(99);
    return (double *)(void *)memory;
}

static rp_status map(rp_item_fn item, const double *in, double *out, int64_t n)
{
    return rp_map(pool, &(rp_map_job){.n = n,
                                      .item = item,
                                      .in = in,
                                      .in_size = in != NULL ? sizeof *in : 0,
                                      .out = out,
                                      .out_size = sizeof *out,
                                      .options = {.name = "numbers"}});
}

static rp_status map_bytes(void)
{
    static char bytes[ITEMS];
    return rp_map(pool, &(rp_map_job){.n = ITEMS, .item = nothing, .out = bytes, .out_size = 1});
}

static rp_status map_ranges(double *out)
{
    return rp_map(
        pool,
        &(rp_map_job){.n = ITEMS, .range = all_but_last, .out = out, .out_size = sizeof *out});
}

static rp_status map_short_statuses(double *out)
{
    return rp_map(pool, &(rp_map_job){.n = LONG,
                                      .item = number,
                                      .out = out,
                                      .out_size = sizeof *out,
                                      .options = {.on_failure = RP_ON_FAILURE_CONTINUE,
                                                  .item_status = (uint8_t *)half() + 380000}});
}

static rp_status collect(void)
{
    rp_results *results;
    rp_status status =
        rp_map_varlen(pool, &(rp_map_varlen_job){.n = ITEMS, .item = room_only}, &results);
    rp_results_free(&results);
    return status;
}

static int produce(void *user, rp_buffer *item)
{
    (void)user, (void)item;
    static int produced;
    return produced++ < ITEMS ? RP_ITEM : RP_ITEM_LAST;
}

static rp_status stream(void)
{
    return rp_stream(pool, &(rp_stream_job){.produce = produce, .work = room_only_streamed});
}

/* A table that only the root fills. */
static rp_status tabulate(bool reduce)
{
    double sum = 0, zero = 0, out[ITEMS];
    rp_status status;
    for (int i = 0; i < ITEMS && rp_rank(pool) == rp_root(pool); i++)
        table[i] = i + 1;
    if (reduce)
        status = rp_reduce(pool, &(rp_reduce_job){.n = ITEMS,
                                                  .body = add_table,
                                                  .combine = add,
                                                  .identity = &zero,
                                                  .result = &sum,
                                                  .result_size = sizeof sum});
    else
        status = map(by_table, NULL, out, ITEMS);
    for (int i = 0; i < ITEMS && !reduce && rp_rank(pool) == rp_root(pool); i++)
        sum += out[i];
    if (rp_rank(pool) == rp_root(pool))
        printf("%g\n", sum);
    return status;
}

/* Adds the item's number to its state. */
static int step_state(rp_task *task, const void *in, void *out)
{
    double *state = rp_task_user(task);
    if (out != NULL)
        *(double *)out = *(const double *)in + (double)rp_task_item(task);
    else
        state[rp_task_item(task)] += (double)rp_task_item(task);
    return 0;
}

/* Several steps with a state per item in node memory, which tasks store there by themselves, or as
 * the output of the job. */
static rp_status keep_state(bool as_output)
{
    void *memory;
    rp_status status = rp_node_alloc(pool, LONG * sizeof(double), &memory);
    const size_t size = as_output ? sizeof(double) : 0;
    void *array = as_output ? memory : NULL;
    for (int step = 0; step < 3 && status == RP_OK; step++)
        status = rp_map(pool, &(rp_map_job){.n = LONG,
                                            .item = step_state,
                                            .in = array,
                                            .in_size = size,
                                            .in_place = RP_ON_NODES,
                                            .out = array,
                                            .out_size = size,
                                            .out_place = RP_ON_NODES,
                                            .options = {.user = memory}});
    const double *state = memory;
    int wrong = 0;
    for (int i = 0; i < LONG; i++)
        wrong += state[i] != 3.0 * i;
    if (rp_rank(pool) == rp_root(pool))
        printf("%d\n", wrong);
    return status;
}

static rp_status scatter(const double *all)
{
    static double mine[LONG];
    return rp_scatter(pool, rp_root(pool), all, LONG, rp_datatype(MPI_DOUBLE), mine);
}

static rp_status correct(void)
{
    static double in[LONG], out[LONG];
    for (int i = 0; i < LONG && rp_rank(pool) == rp_root(pool); i++)
        in[i] = i;
    rp_status status = map(number, in, out, LONG);
    for (int i = 0; i < LONG && rp_rank(pool) == rp_root(pool); i++) {
        if (out[i] != 2.0 * i)
            exit(98);
    }
    status = status != RP_OK ? status : scatter(in);
    return status;
}

static rp_status make(const char *way)
{
    static double out[LONG];
    if (strcmp(way, "correct") == 0)
        return correct();
    if (strcmp(way, "short-out") == 0)
        return map(number, NULL, half(), LONG);
    if (strcmp(way, "short-in") == 0)
        return map(number, half(), out, LONG);
    if (strcmp(way, "short-status") == 0)
        return map_short_statuses(out);
    if (strcmp(way, "short-scatter") == 0)
        return scatter(half());
    if (strcmp(way, "unwritten") == 0)
        return map(number_but_17, NULL, out, ITEMS);
    if (strcmp(way, "unwritten-bytes") == 0)
        return map_bytes();
    if (strcmp(way, "unwritten-range") == 0)
        return map_ranges(out);
    if (strcmp(way, "unwritten-result") == 0)
        return collect();
    if (strcmp(way, "unwritten-streamed") == 0)
        return stream();
    if (strcmp(way, "beyond") == 0)
        return map(number_and_next, NULL, out, ITEMS);
    if (strcmp(way, "table") == 0)
        return tabulate(false);
    if (strcmp(way, "table-reduced") == 0)
        return tabulate(true);
    if (strcmp(way, "state") == 0)
        return keep_state(false);
    if (strcmp(way, "state-out") == 0)
        return keep_state(true);
    if (strcmp(way, "barrier") == 0)
        return map(meets, NULL, out, ITEMS);
    fprintf(stderr, "no way \"%s\"\n", way);
    exit(97);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[2], "unlaunched") == 0)
        argc = 2;
    else
        rp_launch(&argc, &argv);
    if (argc != 2 || rp_open(NULL, &pool) != RP_OK)
        return 1;
    rp_status status = make(argv[1]);
    if (status != RP_OK)
        fprintf(stderr, "rank %d: %s: %s\n", rp_rank(pool), rp_strerror(status),
                rp_last_error(pool)->text);
    rp_close(&pool);
    return rp_exit_code(status);
}
