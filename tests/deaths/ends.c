/* Ways in which ranks end, and the effects on the others. Starts itself; ends.sh has the expected
 * output.
 *
 * usage: ends killer | in_place | needle | again | late | stream | stream_stops | stream_again |
 *        stream_gone | stream_back | stream_root | outside | root | abort | leaves |
 *        leaves_killed | leaves_second | thread | after | grid */
#include "refused.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    ITEMS = 100,
    KILLER = 60, /* in the first share of the third of four ranks */
    MANY = 400000,
    NEEDLE = 240000 /* likewise */
};

static rp_pool *pool;
static int32_t in[MANY], out[MANY];
static uint8_t statuses[MANY];

static bool at_root(void)
{
    return rp_rank(pool) == rp_root(pool);
}

static int kill_or_triple(rp_task *task, const void *input, void *output)
{
    if (rp_task_item(task) == KILLER)
        raise(SIGKILL);
    if (at_root())
        usleep(1000); /* the root must not reach that item: its death would end the launch */
    *(int32_t *)output = 3 * *(const int32_t *)input;
    return 0;
}

static rp_status show(rp_status status, const int32_t *results, int items)
{
    int good = 0, lost = 0;
    for (int i = 0; i < items; i++) {
        good += statuses[i] == RP_OK && results[i] == 3 * i;
        lost += statuses[i] == RP_ERR_LOST;
    }
    if (at_root())
        printf("%s\n%d good, %d lost, %d ranks lost\n", rp_last_error(pool)->text, good, lost,
               rp_ranks_lost(pool));
    return status;
}

/* An item that kills the rank computing it. Chunks of one item, so it is the only suspect. */
static rp_status killer(bool in_place)
{
    rp_map_job job = {.n = ITEMS,
                      .item = kill_or_triple,
                      .in = in,
                      .in_size = sizeof *in,
                      .out = in_place ? in : out,
                      .out_size = sizeof *out,
                      .options = {.schedule =
                                      rp_nodes(pool) > 1 ? RP_SCHEDULE_STATIC : RP_SCHEDULE_DYNAMIC,
                                  .chunk = 1,
                                  .on_failure = RP_ON_FAILURE_CONTINUE,
                                  .item_status = statuses}};
    return show(rp_map(pool, &job), in_place ? in : out, ITEMS);
}

static int kill_or_hurry(rp_task *task, const void *input, void *output)
{
    if (rp_task_item(task) == NEEDLE)
        raise(SIGKILL);
    *(int32_t *)output = 3 * *(const int32_t *)input;
    return 0;
}

/* One chunk per rank, so large that a dying rank has a hundred thousand items in progress. */
static rp_status do_many(rp_item_fn item, rp_place place, rp_on_failure on_failure)
{
    rp_map_job job = {.n = MANY,
                      .item = item,
                      .in = in,
                      .in_size = sizeof *in,
                      .out = out,
                      .out_size = sizeof *out,
                      .out_place = place,
                      .options = {.schedule = RP_SCHEDULE_STATIC,
                                  .on_failure = on_failure,
                                  .item_status = statuses}};
    return show(rp_map(pool, &job), out, MANY);
}

static const char second_death[] = "second_death"; /* a file that tells of it */

/* The ranks that live leave the items of the dead to the rank that is to die of them. */
static int die_or_triple(rp_task *task, const void *input, void *output)
{
    static int64_t calls;
    bool second = rp_rank(pool) == 2;
    (void)task;
    calls++;
    if (rp_rank(pool) == 3 && calls == 1000)
        raise(SIGKILL);
    if (second && calls == MANY / 4 + 20000) {
        fclose(fopen(second_death, "w"));
        raise(SIGKILL);
    }
    while (!second && calls > MANY / 4 && access(second_death, F_OK) != 0)
        usleep(1000);
    *(int32_t *)output = 3 * *(const int32_t *)input;
    return 0;
}

/* Another rank dies while the first dead rank's items are tried one by one: the results finished
 * before must still be known. */
static rp_status again(void)
{
    unlink(second_death);
    rp_barrier(pool);
    rp_status status = do_many(die_or_triple, RP_ON_RANKS, RP_ON_FAILURE_STOP);
    unlink(second_death);
    return status;
}

/* The killer's rank dies in it, so its call exceeds the time limit and does not return within twice
 * the limit. */
static int die_or_nap(rp_task *task, const void *input, void *output)
{
    (void)input;
    if (rp_task_item(task) == KILLER && !at_root())
        raise(SIGKILL);
    usleep(30000);
    *(int32_t *)output = 3 * in[rp_task_item(task)];
    return 0;
}

/* The library must not wait for a call that ended with its rank. */
static rp_status late(void)
{
    rp_map_job job = {.n = ITEMS,
                      .item = die_or_nap,
                      .out = out,
                      .out_size = sizeof *out,
                      .options = {.schedule = RP_SCHEDULE_DYNAMIC,
                                  .chunk = 1,
                                  .on_failure = RP_ON_FAILURE_CONTINUE,
                                  .item_seconds = 0.2,
                                  .item_status = statuses}};
    return show(rp_map(pool, &job), out, ITEMS);
}

/* ---- streams --------------------------------------------------------------------------------- */

static int32_t produced;

static int produce(void *user, rp_buffer *item)
{
    (void)user;
    if (produced == ITEMS)
        return RP_ITEM_LAST;
    produced++;
    return rp_buffer_append(item, &in[produced - 1], sizeof *in) == 0 ? RP_ITEM : -1;
}

static int stream_item(rp_task *task, const void *input, size_t bytes, rp_buffer *output)
{
    int32_t tripled;
    (void)bytes;
    return kill_or_triple(task, input, &tripled) +
           rp_buffer_append(output, &tripled, sizeof tripled);
}

/* An item kills its rank at the first attempt. */
static int stream_again(rp_task *task, const void *input, size_t bytes, rp_buffer *output)
{
    bool deadly = rp_task_item(task) == KILLER || rp_task_item(task) == KILLER / 2;
    if (deadly && rp_task_attempt(task) == 0)
        raise(SIGKILL);
    if (deadly && at_root())
        return 1; /* the others compute these */
    int32_t tripled = *(const int32_t *)input * 3 + (deadly ? rp_task_attempt(task) - 1 : 0);
    (void)bytes;
    return rp_buffer_append(output, &tripled, sizeof tripled);
}

enum {
    LARGE = 100000 /* bytes that do not fit a slot */
};

static int repeated; /* items before the deadly ones that the root had to repeat */

/* The first three items have large results; the next three are deadly, at first. */
static int stream_large(rp_task *task, const void *input, size_t bytes, rp_buffer *output)
{
    int64_t item = rp_task_item(task);
    if (item >= 3 && item < 6 && rp_task_attempt(task) == 0 && !at_root())
        raise(SIGKILL);
    repeated += item < 3 && rp_task_attempt(task) > 0;
    char *large = rp_buffer_resize(output, item < 3 ? LARGE : bytes);
    if (large == NULL)
        return 1;
    int32_t tripled = 3 * *(const int32_t *)input;
    memcpy(large, &tripled, sizeof tripled);
    return 0;
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    (void)user;
    if (bytes == LARGE && produced < ITEMS / 2)
        usleep(300000); /* so that others finish and die before the root copies their results */
    if (error == NULL)
        memcpy(&out[item], data, sizeof *out);
    statuses[item] = (uint8_t)(error == NULL ? RP_OK : error->status);
    return 0;
}

/* The root only serves, as long as other ranks can compute. */
static rp_status stream(rp_stream_fn work, int64_t chunk, rp_on_failure on_failure)
{
    memset(statuses, RP_ERR_CANCELLED, sizeof statuses);
    rp_stream_job job = {.produce = produce,
                         .work = work,
                         .consume = consume,
                         .unordered = chunk == 1,
                         .dedicated_root = true,
                         .options = {.chunk = chunk, .on_failure = on_failure}};
    return show(rp_stream(pool, &job), out, ITEMS);
}

static rp_status lose_large_results(void)
{
    rp_status status = stream(stream_large, 1, RP_ON_FAILURE_STOP);
    if (at_root() && repeated == 0)
        printf("no result was gone\n");
    return status;
}

enum {
    STREAM_LINK = 2, /* on nodes of two ranks; its death cuts its node off */
    OTHER = 3,
    EARLY = 500, /* items of 1 ms each, during which it dies */
    MOST = 20000
};

static int64_t numbered;
static bool came_back, root_dies; /* the root dies instead of the stream link */

static int number(void *user, rp_buffer *item)
{
    (void)user;
    if (came_back || numbered == MOST)
        return RP_ITEM_LAST;
    numbered++;
    return rp_buffer_append(item, &numbered, sizeof numbered) == 0 ? RP_ITEM : -1;
}

static int tell_rank(rp_task *task, const void *input, size_t bytes, rp_buffer *output)
{
    int rank = rp_rank(pool);
    (void)task;
    (void)input;
    (void)bytes;
    if (rank == STREAM_LINK && !root_dies)
        raise(SIGKILL);
    usleep(1000);
    return rp_buffer_append(output, &rank, sizeof rank);
}

static int see_rank(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    int rank;
    (void)user;
    if (error != NULL || bytes != sizeof rank)
        return -1;
    memcpy(&rank, data, sizeof rank);
    if (root_dies && item == KILLER)
        raise(SIGKILL);
    came_back = came_back || (item >= EARLY && rank == OTHER);
    return 0;
}

/* A stream goes on with the remaining ranks of a node whose stream link died. */
static rp_status come_back(void)
{
    rp_stream_job job = {.produce = number,
                         .work = tell_rank,
                         .consume = see_rank,
                         .window_items = 20,
                         .options = {.chunk = 1}};
    rp_status status = rp_stream(pool, &job);
    if (at_root())
        printf("%s, %d ranks lost\n", came_back ? "came back" : "stayed away", rp_ranks_lost(pool));
    return status;
}

static int abort_job(rp_task *task, const void *input, void *output)
{
    (void)input;
    (void)output;
    if (rp_task_item(task) == KILLER)
        MPI_Abort(MPI_COMM_WORLD, 42);
    usleep(1000);
    return 0;
}

/* The job has failed by then but has not returned. */
static int die_later(rp_task *task, const void *input, void *output)
{
    (void)task;
    (void)input;
    (void)output;
    sleep(1);
    return rp_rank(pool) == 1 ? raise(SIGKILL) : 0;
}

/* Which calls work with a rank less, and which do not. */
static rp_status lose_rank_1(void)
{
    rp_loop *loop;
    rp_range range;
    rp_loop_open(pool, ITEMS, NULL, &loop);
    while (rp_loop_next(loop, &range)) {
        if (rp_rank(pool) == 1)
            raise(SIGKILL);
        usleep(1000);
    }
    return rp_loop_close(&loop, RP_OK);
}

/* Small data, which between nodes travel over TCP here. */
static bool small_data_right(void)
{
    int ranks = rp_ranks(pool);
    double mine = rp_rank(pool), sum = 0, last = mine, before = 0, *all = calloc(64, sizeof *all);
    bool right = all != NULL && ranks <= 64 &&
                 rp_allreduce_ranks(pool, &mine, 1, MPI_DOUBLE, MPI_SUM, &sum) == RP_OK &&
                 rp_exscan_ranks(pool, &mine, 1, MPI_DOUBLE, MPI_SUM, &before) == RP_OK &&
                 rp_broadcast(pool, ranks - 1, &last, 1, rp_datatype(MPI_DOUBLE)) == RP_OK &&
                 rp_allgather(pool, &mine, ranks, rp_datatype(MPI_DOUBLE), all) == RP_OK &&
                 sum == ranks * (ranks - 1) / 2 && before == mine * (mine - 1) / 2 &&
                 last == ranks - 1;
    for (int rank = 0; rank < ranks && right; rank++)
        right = all[rank] == rank;
    free(all);
    return right;
}

static rp_status after(void)
{
    if (!small_data_right())
        return RP_ERR_TASK;
    rp_status status = lose_rank_1(), worst;
    double sum = 1;
    void *memory;
    rp_status barrier = rp_barrier(pool), agreement = rp_agree(pool, RP_OK, &worst);
    rp_stream_job job = {.produce = produce, .work = stream_item, .consume = consume};
    produced = KILLER + 1; /* past the deadly item: the stream numbers its items from 0 again */
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){4096, before.rlim_max};
    if (rp_node(pool) == rp_nodes(pool) - 1)
        setrlimit(RLIMIT_FSIZE, &limit); /* on one node no file has room for a slot queue */
    rp_status nowhere = rp_stream(pool, &job);
    setrlimit(RLIMIT_FSIZE, &before);
    rp_status streamed = rp_stream(pool, &job);
    rp_status collective = rp_allreduce_ranks(pool, &sum, 1, MPI_DOUBLE, MPI_SUM, &sum);
    if (at_root())
        printf("%d %d %d %d %d %d: %s\n", status, barrier, agreement, nowhere, streamed, collective,
               rp_last_error(pool)->text);
    collective = rp_node_alloc(pool, 1, &memory);
    if (at_root())
        printf("%d: %s\n", collective, rp_last_error(pool)->text);
    int refused = refused_collectives(pool);
    if (at_root())
        printf("%d collectives were refused\n", refused);
    return RP_OK;
}

/* One grid is closed by the program, another by rp_close(); neither waits for the dead
 * neighbour. */
static rp_status grid(void)
{
    rp_grid_shape shape = {.rows = 64, .columns = 64, .cell_size = 8, .halo = 1};
    rp_grid *closed, *left;
    void *field;
    rp_grid_open(pool, &shape, &closed);
    rp_grid_open(pool, &shape, &left);
    rp_grid_alloc(closed, &field);
    rp_grid_exchange_begin(closed, field);
    rp_grid_exchange_end(closed);
    lose_rank_1();
    rp_status status = rp_grid_close(&closed);
    if (at_root())
        printf("%d: %s\n", status, rp_last_error(pool)->text);
    return RP_OK;
}

/* And closes it, so that one is left. */
static void open_second_pool(void)
{
    rp_pool *second;
    if (rp_open_comm(MPI_COMM_WORLD, NULL, &second) != RP_OK)
        abort();
    rp_close(&second);
}

/* Another rank than the root ends its thread, which is main's. */
static int end_thread(rp_task *task, const void *input, void *output)
{
    (void)input;
    (void)output;
    if (rp_task_item(task) == KILLER)
        pthread_exit(NULL);
    return 0;
}

static rp_status run(const char *what)
{
    rp_map_job ending = {.n = ITEMS,
                         .item = end_thread,
                         .options = {.schedule = RP_SCHEDULE_STATIC}};
    rp_map_job aborting = {.n = ITEMS, .item = abort_job}, dying = {.n = ITEMS, .item = die_later};
    if (strcmp(what, "killer") == 0 || strcmp(what, "in_place") == 0)
        return killer(strcmp(what, "in_place") == 0);
    if (strcmp(what, "needle") == 0)
        return do_many(kill_or_hurry, RP_ON_ROOT, RP_ON_FAILURE_CONTINUE);
    if (strcmp(what, "again") == 0)
        return again();
    if (strcmp(what, "late") == 0)
        return late();
    if (strcmp(what, "stream") == 0 || strcmp(what, "stream_stops") == 0)
        return stream(stream_item, 20,
                      what[6] == '\0' ? RP_ON_FAILURE_CONTINUE : RP_ON_FAILURE_STOP);
    if (strcmp(what, "stream_again") == 0)
        return stream(stream_again, 20, RP_ON_FAILURE_STOP);
    if (strcmp(what, "stream_gone") == 0)
        return lose_large_results();
    root_dies = strcmp(what, "stream_root") == 0;
    if (root_dies || strcmp(what, "stream_back") == 0)
        return come_back();
    if (strcmp(what, "abort") == 0)
        return rp_map(pool, &aborting);
    if (strcmp(what, "thread") == 0)
        return rp_map(pool, &ending);
    if (strcmp(what, "grid") == 0)
        return grid();
    if (strcmp(what, "after") == 0)
        return after();
    if (strcmp(what, "root") == 0 && at_root())
        raise(SIGKILL);
    if (strcmp(what, "root") == 0)
        return rp_barrier(pool);
    if (strcmp(what, "leaves_second") == 0)
        open_second_pool();
    if (strncmp(what, "leaves", 6) == 0 && rp_rank(pool) == 2)
        exit(3);
    if (strcmp(what, "leaves_killed") == 0)
        return rp_map(pool, &dying);
    if (strcmp(what, "outside") == 0 && rp_rank(pool) == 2)
        raise(SIGKILL);
    MPI_Barrier(MPI_COMM_WORLD); /* the library cannot detect deaths here */
    return RP_OK;
}

int main(int argc, char **argv)
{
    rp_config config = {.survive_deaths = true};
    rp_launch(&argc, &argv);
    if (argc != 2 || rp_open(&config, &pool) != RP_OK)
        return 2;
    if (!rp_survives(pool)) {
        rp_close(&pool);
        return 77; /* not testable here */
    }
    for (int i = 0; i < MANY; i++)
        in[i] = i;
    rp_status status = run(argv[1]);
    rp_close(&pool);
    return rp_exit_code(status);
}
