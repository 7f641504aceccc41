/* Arrays that only the root has, out to the nodes and back: without work, compared with a plain
 * stream of messages between the same two ranks, and with work for every core, compared with the
 * same written by hand. Every rank is a node. */
#include "nodes.h"

#include "resident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCKS = 8192,
    BLOCK = 64 << 10,
    STREAMED = 1 << 20,
    FLYING = 4,
    GROUP = 16 /* blocks in a message written by hand */
};

struct traffic_load {
    char *in, *out;
    int64_t steps; /* of a task */
    rp_schedule schedule;
};

static void compute_block(const struct traffic_load *load, const char *in, char *out)
{
    for (size_t i = 0; i < BLOCK; i += 4096)
        out[i] = in[i];
    compute(load->steps);
}

static int map_block(rp_task *task, const void *in, void *out)
{
    compute_block(rp_task_user(task), in, out);
    return 0;
}

static void run_map(void *argument)
{
    struct traffic_load *load = argument;
    rp_map(nodes_pool, &(rp_map_job){.n = BLOCKS,
                                     .item = map_block,
                                     .in = load->in,
                                     .in_size = BLOCK,
                                     .out = load->out,
                                     .out_size = BLOCK,
                                     .options = {.schedule = load->schedule, .user = load}});
}

/* The bytes that go from the root to one other node, and come back, with equal shares. */
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

/* ---- the map as written by hand -------------------------------------------------------------- */

/* Equal shares of groups. While a rank computes a group, the next one arrives and the results of
 * the last one leave. */
struct share {
    char *in, *out;
    int64_t groups;
    int64_t places; /* of the groups, used in turn */
};

static char *place_of(const struct share *share, char *base, int64_t group)
{
    return base + group % share->places * GROUP * BLOCK;
}

static struct share share_of(const struct traffic_load *load, int rank)
{
    static char in[2 * GROUP * BLOCK], out[2 * GROUP * BLOCK];
    const int64_t all = BLOCKS / GROUP;
    int ranks = rp_ranks(nodes_pool);
    int64_t first = all * rank / ranks, groups = all * (rank + 1) / ranks - first;
    if (load->in == NULL)
        return (struct share){in, out, groups, 2};
    size_t before = (size_t)first * GROUP * BLOCK;
    return (struct share){load->in + before, load->out + before, groups, groups};
}

/* Starts the messages of a step between the root and another rank: that rank's next group, and the
 * results of its last one. `share` is that rank's, and where its groups are on this one. */
static void start_messages(const struct share *share, int64_t step, int peer,
                           MPI_Request requests[2])
{
    const int bytes = GROUP * BLOCK;
    bool root = peer != 0; /* all others have no peer but the root */
    int64_t sent = root ? step + 1 : step - 1, received = root ? step - 1 : step + 1;
    char *from = root ? share->in : share->out, *to = root ? share->out : share->in;
    requests[0] = requests[1] = MPI_REQUEST_NULL;
    if (received >= 0 && received < share->groups)
        MPI_Irecv(place_of(share, to, received), bytes, MPI_BYTE, peer, 0, MPI_COMM_WORLD,
                  &requests[0]);
    if (sent >= 0 && sent < share->groups)
        MPI_Isend(place_of(share, from, sent), bytes, MPI_BYTE, peer, 0, MPI_COMM_WORLD,
                  &requests[1]);
}

/* Progresses the messages meanwhile. */
static void compute_group(const struct traffic_load *load, const struct share *share, int64_t group,
                          MPI_Request *requests, int count)
{
    const char *in = place_of(share, share->in, group);
    char *out = place_of(share, share->out, group);
    int ended;
    for (size_t i = 0; i < GROUP; i++) {
        compute_block(load, in + i * BLOCK, out + i * BLOCK);
        MPI_Testall(count, requests, &ended, MPI_STATUSES_IGNORE);
    }
}

static void run_by_hand(void *argument)
{
    const struct traffic_load *load = argument;
    int rank = rp_rank(nodes_pool), ranks = rp_ranks(nodes_pool);
    int first = rank == 0 ? 1 : 0, end = rank == 0 ? ranks : 1, count = 2 * (end - first);
    struct share own = share_of(load, rank);
    MPI_Request *requests = malloc((size_t)(2 * ranks) * sizeof *requests);
    if (requests == NULL)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    for (int64_t step = -1; step <= BLOCKS / GROUP / ranks + 1; step++) {
        int64_t group = rank == 0 ? step + 1 : step; /* the root has its first one already */
        for (int peer = first; peer < end; peer++) {
            struct share share = rank == 0 ? share_of(load, peer) : own;
            start_messages(&share, step, peer, &requests[2 * (peer - first)]);
        }
        if (group >= 0 && group < own.groups)
            compute_group(load, &own, group, requests, count);
        MPI_Waitall(count, requests, MPI_STATUSES_IGNORE);
    }
    free(requests);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void compare(const char *name, void (*peer)(void *), struct traffic_load *load, double goal)
{
    struct times peers = {.rounds = 0}, maps = {.rounds = 0};
    struct row row = row_beside(name, &maps, &peers, goal);
    struct rounds rounds = rounds_of(&row, 1);
    measure(peer, load);
    while (rounds_next(&rounds)) {
        times_add(&peers, measure(peer, load));
        times_add(&maps, measure(run_map, load));
    }
}

/* Gives up if a block does not come back. */
static void check_by_hand(struct traffic_load *load)
{
    bool root = rp_rank(nodes_pool) == 0;
    if (root)
        memset(load->out, 2, (size_t)BLOCKS * BLOCK);
    measure(run_by_hand, load);
    for (size_t i = 0; root && i < (size_t)BLOCKS * BLOCK; i += BLOCK)
        if (load->out[i] != load->in[i])
            give_up(nodes_pool, "a block is wrong");
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

/* Steps with which all tasks together keep every core busy for as long as the stream takes. */
static int64_t heavy_steps(struct traffic_load *load)
{
    double seconds = measure(run_stream, load);
    return (int64_t)(seconds * steps_per_second() * rp_ranks(nodes_pool) / BLOCKS);
}

void bench_traffic(void)
{
    struct traffic_load load = {.in = NULL, .schedule = RP_SCHEDULE_STATIC};
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
    compare("64 KiB in and out: map, beside plain messages", run_stream, &load, 0.7);
    check_by_hand(&load);
    load.steps = heavy_steps(&load);
    load.schedule = RP_SCHEDULE_ADAPTIVE;
    compare("64 KiB, every core computes: map, beside MPI by hand", run_by_hand, &load, 1);
    free(load.in);
    free(load.out);
    rp_close(&nodes_pool);
}
