/* Ways in which ranks go, and what becomes of the others. Started by itself; ends.sh says what is right.
 *
 * usage: ends killer | in_place | outside | root | abort | leaves | after */
#include <rankpool.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ITEMS = 100,
    KILLER = 60 /* in the first share of the third of four ranks */
};

static rp_pool *pool;
static int32_t in[ITEMS], out[ITEMS];
static uint8_t statuses[ITEMS];

static bool at_root(void)
{
    return rp_rank(pool) == rp_root(pool);
}

static int kill_or_triple(rp_task *task, const void *input, void *output)
{
    if (rp_task_item(task) == KILLER)
        raise(SIGKILL);
    if (at_root())
        usleep(1000); /* it is not to come to that item, for its death would be the end */
    *(int32_t *)output = 3 * *(const int32_t *)input;
    return 0;
}

static rp_status show(rp_status status, const int32_t *results)
{
    int good = 0, lost = 0;
    for (int i = 0; i < ITEMS; i++) {
        good += statuses[i] == RP_OK && results[i] == 3 * i;
        lost += statuses[i] == RP_ERR_LOST;
    }
    if (at_root())
        printf("%s\n%d good, %d lost, %d ranks lost\n", rp_last_error(pool)->text, good, lost,
               rp_ranks_lost(pool));
    return status;
}

/* An item that ends whoever computes it. One at a time, so that it is in hand alone. */
static rp_status killer(bool in_place)
{
    rp_map_job job = {.n = ITEMS,
                      .item = kill_or_triple,
                      .in = in,
                      .in_size = sizeof *in,
                      .out = in_place ? in : out,
                      .out_size = sizeof *out,
                      .options = {.schedule = RP_DYNAMIC,
                                  .slice = 1,
                                  .on_failure = RP_KEEP_GOING,
                                  .item_status = statuses}};
    return show(rp_map(pool, &job), in_place ? in : out);
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

/* What works with a rank less, and what does not. */
static rp_status after(void)
{
    rp_loop *loop;
    rp_range range;
    rp_loop_open(pool, ITEMS, NULL, &loop);
    while (rp_loop_next(loop, &range)) {
        if (rp_rank(pool) == 1)
            raise(SIGKILL);
        usleep(1000);
    }
    rp_status status = rp_loop_close(&loop, RP_OK), worst;
    double sum = 1;
    void *memory;
    rp_status barrier = rp_barrier(pool), agreement = rp_agree(pool, RP_OK, &worst);
    rp_status collective = rp_allreduce_ranks(pool, &sum, 1, MPI_DOUBLE, MPI_SUM, &sum);
    if (at_root())
        printf("%d %d %d %d: %s\n", status, barrier, agreement, collective,
               rp_last_error(pool)->text);
    collective = rp_alloc(pool, 1, &memory);
    if (at_root())
        printf("%d: %s\n", collective, rp_last_error(pool)->text);
    return RP_OK;
}

static rp_status run(const char *what)
{
    rp_map_job aborting = {.n = ITEMS, .item = abort_job};
    if (strcmp(what, "killer") == 0 || strcmp(what, "in_place") == 0)
        return killer(strcmp(what, "in_place") == 0);
    if (strcmp(what, "abort") == 0)
        return rp_map(pool, &aborting);
    if (strcmp(what, "after") == 0)
        return after();
    if (strcmp(what, "root") == 0 && at_root())
        raise(SIGKILL);
    if (strcmp(what, "root") == 0)
        return rp_barrier(pool);
    if (strcmp(what, "leaves") == 0 && rp_rank(pool) == 2)
        exit(3);
    if (strcmp(what, "outside") == 0 && rp_rank(pool) == 2)
        raise(SIGKILL);
    MPI_Barrier(MPI_COMM_WORLD); /* the program's own: nobody notices there */
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
        return 77; /* cannot be tested here */
    }
    for (int i = 0; i < ITEMS; i++)
        in[i] = i;
    rp_status status = run(argv[1]);
    rp_close(&pool);
    return rp_exit_code(status);
}
