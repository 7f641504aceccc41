/* Bandwidth between nodes: arrays that only the root has, out and back, compared with a plain
 * stream of messages between the same two ranks. Every rank is a node. */
#include "nodes.h"

#include "resident.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCKS = 8192,
    BLOCK = 64 << 10,
    STREAMED = 1 << 20,
    FLYING = 4
};

struct traffic_load {
    char *in, *out;
    int64_t steps; /* of a task, or of the thread that computes meanwhile */
};

static int copy_block(rp_task *task, const void *in, void *out)
{
    const struct traffic_load *load = rp_task_user(task);
    for (size_t i = 0; i < BLOCK; i += 4096)
        ((char *)out)[i] = ((const char *)in)[i];
    compute(load->steps);
    return 0;
}

/* In equal shares, so that each node's bytes are known. */
static void run_map(void *argument)
{
    struct traffic_load *load = argument;
    rp_map(nodes_pool, &(rp_map_job){.n = BLOCKS,
                                     .item = copy_block,
                                     .in = load->in,
                                     .in_size = BLOCK,
                                     .out = load->out,
                                     .out_size = BLOCK,
                                     .options = {.schedule = RP_SCHEDULE_STATIC, .user = load}});
}

/* The bytes that go from the root to one other node, and come back. */
static int64_t bytes_each_way(void)
{
    return (int64_t)BLOCKS * BLOCK / rp_ranks(nodes_pool);
}

/* The same bytes as a plain stream in both directions, with several messages always in flight. */
static void run_stream(void *argument)
{
    struct traffic_load *load = argument;
    static char sent[FLYING][STREAMED], received[FLYING][STREAMED];
    MPI_Request requests[2 * FLYING];
    int rank = rp_rank(nodes_pool), peer = rank == 0 ? rp_ranks(nodes_pool) - 1 : 0;
    if (rank != 0 && rank != rp_ranks(nodes_pool) - 1)
        return;
    for (int64_t moved = 0; moved < bytes_each_way(); moved += (int64_t)FLYING * STREAMED) {
        for (int i = 0; i < FLYING; i++) {
            char *from = load->in != NULL ? load->in + moved + (int64_t)i * STREAMED : sent[i];
            char *to = load->out != NULL ? load->out + moved + (int64_t)i * STREAMED : received[i];
            MPI_Irecv(to, STREAMED, MPI_BYTE, peer, i, MPI_COMM_WORLD, &requests[2 * i]);
            MPI_Isend(from, STREAMED, MPI_BYTE, peer, i, MPI_COMM_WORLD, &requests[2 * i + 1]);
        }
        MPI_Waitall(2 * FLYING, requests, MPI_STATUSES_IGNORE);
    }
}

static void *compute_on(void *over)
{
    while (!atomic_load((_Atomic bool *)over))
        compute(10000);
    return NULL;
}

/* The plain stream, with a computation on every core. */
static void run_busy_stream(void *argument)
{
    _Atomic bool over = false;
    pthread_t computing;
    if (pthread_create(&computing, NULL, compute_on, &over) != 0)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    run_stream(argument);
    MPI_Request end;
    int ended = 0;
    for (MPI_Ibarrier(MPI_COMM_WORLD, &end); !ended;)
        MPI_Test(&end, &ended, MPI_STATUS_IGNORE);
    atomic_store(&over, true);
    pthread_join(computing, NULL);
}

static void compare(const char *name, void (*stream)(void *), struct traffic_load *load,
                    double goal)
{
    struct times streams = {.rounds = 0}, maps = {.rounds = 0};
    struct row row = row_beside(name, &maps, &streams, goal);
    struct rounds rounds = rounds_of(&row, 1);
    measure(stream, load);
    while (rounds_next(&rounds)) {
        times_add(&streams, measure(stream, load));
        times_add(&maps, measure(run_map, load));
    }
}

/* The first job: it allocates the stage and MPI's buffers. */
static void show_growth(struct traffic_load *load)
{
    const double mebibyte = 1 << 20, goal = 64;
    struct resident gain;
    if (!resident_gain(run_map, load, &gain)) {
        fprintf(stderr, "nodes: cannot watch the memory of this process\n");
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
    double grown = (double)(gain.private_bytes + gain.shared_bytes) / mebibyte;
    print_figure("64 KiB in and out: the root's memory beside arrays", grown, "MiB", goal);
}

/* Steps with which all tasks together keep every core busy for as long as the stream takes with
 * computation. */
static int64_t heavy_steps(struct traffic_load *load)
{
    double seconds = measure(run_busy_stream, load);
    return (int64_t)(seconds * steps_per_second() * rp_ranks(nodes_pool) / BLOCKS);
}

void bench_traffic(void)
{
    struct traffic_load load = {NULL, NULL, 0};
    open_pool(MPI_COMM_WORLD, true);
    if (rp_rank(nodes_pool) == 0) {
        load.in = malloc((size_t)BLOCKS * BLOCK);
        load.out = malloc((size_t)BLOCKS * BLOCK);
        if (load.in == NULL || load.out == NULL)
            MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
        memset(load.in, 1, (size_t)BLOCKS * BLOCK);
        memset(load.out, 2, (size_t)BLOCKS * BLOCK);
    }
    show_growth(&load);
    compare("64 KiB in and out: map, beside MPI_Isend", run_stream, &load, 0.7);
    load.steps = heavy_steps(&load);
    compare("64 KiB, every core computes: map, beside MPI_Isend", run_busy_stream, &load, 0.4);
    free(load.in);
    free(load.out);
    rp_close(&nodes_pool);
}
