/* Work over several nodes: what the dispatcher, the agents and the network cost.
 *
 * On one machine every rank is taken for a node, and every message is held up by a millisecond, as a
 * slow network would. Under several real or virtual nodes they are taken as they are. */
#include "measure.h"

#include "base/clock.h"
#include "pool/pool.h"

#include <stdio.h>
#include <stdlib.h>

static rp_pool *pool;

/* Steps of a linear congruential generator: work that takes the same time every time. */
static uint64_t compute(uint64_t steps)
{
    uint64_t x = steps;
    for (uint64_t i = 0; i < steps; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        __asm__ volatile("" : "+r"(x));
    }
    return x;
}

static volatile uint64_t kept;

/* How many steps take a second here, now; the slowest rank's. */
static double steps_per_second(void)
{
    const uint64_t probe = 50000000;
    double begun = rpi_clock_seconds();
    kept = compute(probe);
    double rate = (double)probe / (rpi_clock_seconds() - begun), slowest;
    MPI_Allreduce(&rate, &slowest, 1, MPI_DOUBLE, MPI_MIN, MPI_COMM_WORLD);
    return slowest;
}

/* ---- balance ---------------------------------------------------------------------------------- */

struct load {
    const char *name;
    int64_t items;
    double seconds;     /* of an item */
    int64_t first_long; /* the first item takes so many times as long */
    double goal;
    uint64_t steps;
};

static uint64_t steps_of(const struct load *load, int64_t item)
{
    return item == 0 ? load->steps * (uint64_t)load->first_long : load->steps;
}

/* An even split, made by hand from what every item costs; the long item counts as so many. */
static void run_by_hand(void *argument)
{
    const struct load *load = argument;
    int64_t units = load->items - 1 + load->first_long;
    rp_range mine = rp_block(units, rp_ranks(pool), rp_rank(pool));
    if (mine.begin == 0 && mine.end < load->first_long)
        mine.end = load->first_long;
    kept = compute(load->steps * (uint64_t)(mine.end - mine.begin));
}

static void run_loop(void *argument)
{
    const struct load *load = argument;
    rp_loop *loop;
    rp_range range;
    rp_loop_open(pool, load->items, NULL, &loop);
    while (rp_loop_next(loop, &range)) {
        for (int64_t item = range.begin; item < range.end; item++)
            kept = compute(steps_of(load, item));
    }
    rp_loop_close(&loop, RP_OK);
}

static void compare_loads(int rounds)
{
    static struct load loads[] = {
        {"20000 items of 1 ms, ideal / loop", 20000, 1e-3, 1, 0.97, 0},
        {"10^6 items of 10 us, ideal / loop", 1000000, 10e-6, 1, 0.97, 0},
        {"one of 2 s among 3000 of 1 ms, ideal / loop", 3000, 1e-3, 2000, 1 / 1.08, 0},
    };
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        struct times by_hand = {.rounds = 0}, loop = {.rounds = 0};
        loads[i].steps = (uint64_t)(loads[i].seconds * steps_per_second());
        for (int round = 0; round < rounds; round++) {
            times_add(&by_hand, measure(run_by_hand, &loads[i]));
            times_add(&loop, measure(run_loop, &loads[i]));
        }
        print_ratio(loads[i].name, &by_hand, &loop, false, loads[i].goal);
    }
}

/* ---- bandwidth -------------------------------------------------------------------------------- */

enum {
    BLOCKS = 8192,
    BLOCK = 64 << 10,
    STREAMED = 1 << 20,
    FLYING = 4
};

struct traffic_load {
    char *in, *out;
    int task_steps;
};

static int copy_block(rp_task *task, const void *in, void *out)
{
    const struct traffic_load *load = rp_task_user(task);
    for (size_t i = 0; i < BLOCK; i += 4096)
        ((char *)out)[i] = ((const char *)in)[i];
    kept = compute((uint64_t)load->task_steps);
    return 0;
}

/* In shares, so that what every node but the root's gets is known. */
static void run_map(void *argument)
{
    struct traffic_load *load = argument;
    rp_map(pool, &(rp_map_job){.n = BLOCKS,
                               .item = copy_block,
                               .in = load->in,
                               .in_size = BLOCK,
                               .out = load->out,
                               .out_size = BLOCK,
                               .options = {.schedule = RP_STATIC, .user = load}});
}

/* The bytes that leave the root for one other node, and come back. */
static int64_t bytes_each_way(void)
{
    return (int64_t)BLOCKS * BLOCK / rp_ranks(pool);
}

/* The same bytes as a plain stream, out and back at once, some messages of it always under way. */
static void run_stream(void *argument)
{
    struct traffic_load *load = argument;
    static char sent[FLYING][STREAMED], received[FLYING][STREAMED];
    MPI_Request requests[2 * FLYING];
    int rank = rp_rank(pool), peer = rank == 0 ? rp_ranks(pool) - 1 : 0;
    if (rank != 0 && rank != rp_ranks(pool) - 1)
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

static void compare_bandwidth(int rounds)
{
    struct traffic_load load = {NULL, NULL, 0};
    if (rp_rank(pool) == 0) {
        load.in = calloc(BLOCKS, BLOCK);
        load.out = calloc(BLOCKS, BLOCK);
    }
    struct times stream = {.rounds = 0}, map = {.rounds = 0};
    for (int round = 0; round < rounds; round++) {
        times_add(&stream, measure(run_stream, &load));
        times_add(&map, measure(run_map, &load));
    }
    print_ratio("64 KiB in and out, MPI_Isend stream / map", &stream, &map, false, 0.7);
    free(load.in);
    free(load.out);
}

/* ---- letters ---------------------------------------------------------------------------------- */

static void count_letters(int64_t items)
{
    static struct load load = {.seconds = 0, .first_long = 1};
    int64_t before = pool->traffic.letters, mine, all;
    load.items = items;
    run_loop(&load);
    mine = pool->traffic.letters - before;
    MPI_Allreduce(&mine, &all, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
    if (speaks())
        printf("  letters of a loop of %lld items on %d nodes: %lld\n", (long long)items,
               rp_nodes(pool), (long long)all);
}

int main(int argc, char **argv)
{
    int rounds = rounds_wanted(argc, argv, 3), provided;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    setenv("RANKPOOL_TEST_LATENCY", "0.001", 0);
    rp_status status = rp_create(MPI_COMM_WORLD, NULL, &pool);
    if (status == RP_OK && rp_nodes(pool) == 1) {
        rp_close(&pool);
        status = rp_create(MPI_COMM_WORLD, &(rp_config){.node_size = 1}, &pool);
    }
    if (status != RP_OK) {
        fprintf(stderr, "nodes: %s\n", rp_last_error(NULL)->text);
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
    compare_loads(rounds);
    count_letters(1000000);
    count_letters(100000000);
    rp_close(&pool);
    unsetenv("RANKPOOL_TEST_LATENCY");
    rp_create(MPI_COMM_WORLD, &(rp_config){.node_size = 1}, &pool);
    compare_bandwidth(rounds);
    rp_close(&pool);
    MPI_Finalize();
    return EXIT_SUCCESS;
}
