/* Jobs to run while links are cut and nodes stop: writes, in a file for each rank, how each job
 * ended.
 *
 * usage: jobs DIRECTORY moved          a map whose arrays cross the network all the time
 *        jobs DIRECTORY lost           a loop that never ends by itself
 *        jobs DIRECTORY stopped NODE   the same, on which a node stops */
#include "rankpool.h"

#include <mpi.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ITEMS = 6000,
    WORDS = 4096 /* of an item: 32 KiB */
};

static rp_pool *pool;
static const char *directory;

/* Appears complete or not at all. */
__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    char name[2][4096];
    va_list arguments;
    snprintf(name[0], sizeof name[0], "%s/part.%d", directory, rp_rank(pool));
    snprintf(name[1], sizeof name[1], "%s/rank.%d", directory, rp_rank(pool));
    FILE *file = fopen(name[0], "w");
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fclose(file);
    rename(name[0], name[1]);
}

static void ready(void)
{
    static bool told;
    if (rp_rank(pool) == 0 && !told) {
        puts("ready");
        fflush(stdout);
    }
    told = true;
}

/* The longest time between two items of this rank. */
static double longest_pause, last_item;

static int take_item(rp_task *task, const void *in, void *out)
{
    double now = MPI_Wtime();
    (void)task;
    ready();
    if (last_item > 0 && now - last_item > longest_pause)
        longest_pause = now - last_item;
    for (int i = 0; i < WORDS; i++)
        ((uint64_t *)out)[i] = 3 * ((const uint64_t *)in)[i] + 1;
    usleep(1000);
    last_item = MPI_Wtime();
    return 0;
}

static bool all_right(const uint64_t *out)
{
    for (uint64_t i = 0; i < (uint64_t)ITEMS * WORDS; i++) {
        if (out[i] != 3 * i + 1)
            return false;
    }
    return true;
}

/* In equal shares, so that every node needs inputs that come over its link. */
static int move(void)
{
    uint64_t *in = NULL, *out = NULL;
    if (rp_rank(pool) == 0) {
        in = malloc((size_t)ITEMS * WORDS * sizeof *in);
        out = calloc((size_t)ITEMS * WORDS, sizeof *out);
        for (uint64_t i = 0; i < (uint64_t)ITEMS * WORDS; i++)
            in[i] = i;
    }
    rp_status status = rp_map(pool, &(rp_map_job){.n = ITEMS,
                                                  .item = take_item,
                                                  .in = in,
                                                  .in_size = WORDS * sizeof *in,
                                                  .out = out,
                                                  .out_size = WORDS * sizeof *out,
                                                  .options = {.schedule = RP_SCHEDULE_STATIC}});
    bool right = rp_rank(pool) != 0 || all_right(out);
    tell("%s, %s, %s pause\n", rp_strerror(status), right ? "right" : "wrong",
         longest_pause >= 1 ? "with a" : "without a");
    free(in);
    free(out);
    return rp_exit_code(rp_close(&pool));
}

/* No surviving rank calls MPI_Finalize: mpirun would wait for the others. */
static int lose(int stopping_node)
{
    rp_loop *loop;
    rp_range range;
    double begin = MPI_Wtime();
    rp_status status = rp_loop_open(pool, INT64_C(1) << 40, NULL, &loop);
    for (int done = 0; status == RP_OK && rp_loop_next(loop, &range); done++) {
        if (done == 100)
            ready();
        if (MPI_Wtime() - begin > 1 && rp_node(pool) == stopping_node)
            raise(SIGSTOP);
        usleep(1000);
    }
    if (status == RP_OK)
        status = rp_loop_close(&loop, RP_OK);
    tell("%s: %s\n", rp_strerror(status), rp_last_error(pool)->text);
    pause();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3 || rp_open(NULL, &pool) != RP_OK)
        return 2;
    directory = argv[1];
    if (strcmp(argv[2], "moved") == 0)
        return move();
    return lose(argc > 3 ? atoi(argv[3]) : -1);
}
