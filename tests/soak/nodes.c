/* A soak test of the engine over nodes: jobs of random kinds and shapes, on pools over random
 * pretended nodes, with failures and with ranks that give up at any moment; all results are
 * checked.
 *
 * usage: tests/soak/nodes [SECONDS [SEED]]
 *
 * All ranks draw the same random numbers, so they choose the same jobs without communication. Where
 * ranks must differ, the rank is mixed into the number. */
#include "rankpool.h"
#include "same_random.h"

#include <inttypes.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_ITEMS = 30000,
    MOST_BYTES = 8 << 20 /* of an array */
};

static int rank, ranks;
static char what[512]; /* description of the current job, for messages */

static void require(bool holds, const char *property, int64_t item)
{
    if (holds)
        return;
    fprintf(stderr, "FAILED: %s: item %" PRId64 " on rank %d of %d: %s\n", property, item, rank,
            ranks, what);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}

/* A round that takes this long hangs. */
static const unsigned hanging_seconds = 60;

static void on_alarm(int signal)
{
    static const char hang[] = "HANG: ";
    (void)signal;
    if (write(STDERR_FILENO, hang, sizeof hang - 1) > 0 &&
        write(STDERR_FILENO, what, strlen(what)) >= 0 && write(STDERR_FILENO, "\n", 1) > 0)
        sleep(2); /* the other ranks print theirs */
    _exit(EXIT_FAILURE);
}

static int64_t random_n(void)
{
    switch (random_below(6)) {
    case 0:
        return (int64_t)random_below(2);
    case 1:
        return (int64_t)random_below((uint64_t)ranks + 2);
    case 2:
        return (int64_t)random_below(100);
    default:
        return (int64_t)random_below(MOST_ITEMS);
    }
}

/* Some items take longer, on some ranks. */
static uint64_t slowness; /* one item in this many sleeps; 0: none */

static void take_time(int64_t item)
{
    if (slowness > 0 && mix_word((uint64_t)item * 31 + (uint64_t)rank) % slowness == 0)
        usleep(300);
}

static rp_options random_options(void)
{
    rp_options options = {.schedule = (rp_schedule)random_below(5)};
    options.chunk = one_in(3) ? (int64_t)random_below(200) : 0;
    options.call_overhead = one_in(4) ? 1e-5 : 0;
    slowness = one_in(2) ? 0 : 50 + random_below(500);
    return options;
}

/* ---- loops ----------------------------------------------------------------------------------- */

static int times_done[MOST_ITEMS];

/* Which rank gives up, after how many chunks; -1: none does. */
static int patience_of(int who, uint64_t draw)
{
    uint64_t mine = mix_word(draw + (uint64_t)who);
    return mine % 4 == 0 ? (int)(mine / 4 % 6) : -1;
}

static void check_loop(int64_t n, bool stopped)
{
    static int all[MOST_ITEMS];
    MPI_Allreduce(times_done, all, (int)n, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    for (int64_t i = 0; i < n; i++)
        require(all[i] == 1 || (stopped && all[i] == 0), "done so often", i);
}

/* Some ranks may never ask for a chunk, or ask and then leave. */
static bool run_loop(rp_loop *loop, int patience)
{
    rp_range range;
    for (int chunks = 0; chunks != patience; chunks++) {
        if (!rp_loop_next(loop, &range))
            return true;
        for (int64_t i = range.begin; i < range.end; i++) {
            take_time(i);
            times_done[i]++;
        }
    }
    return false;
}

static void try_loop(rp_pool *pool)
{
    int64_t n = random_n();
    rp_options options = random_options();
    bool stops = one_in(3), anyone = false;
    uint64_t draw = random_below(1000000);
    snprintf(what, sizeof what, "loop n %" PRId64 " schedule %d chunk %" PRId64 " stops %d", n,
             (int)options.schedule, options.chunk, stops);
    memset(times_done, 0, (size_t)n * sizeof *times_done);
    rp_loop *loop;
    require(rp_loop_open(pool, n, &options, &loop) == RP_OK, "opens", -1);
    bool ended = run_loop(loop, stops ? patience_of(rank, draw) : -1);
    int early = !ended, earlies;
    rp_status status = rp_loop_close(&loop, ended ? RP_OK : RP_ERR_CANCELLED);
    MPI_Allreduce(&early, &earlies, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    anyone = earlies > 0;
    require(status == (anyone ? RP_ERR_CANCELLED : RP_OK), "closes as it should", status);
    check_loop(n, anyone);
}

/* One rank passes an invalid argument; no rank enters the loop. */
static void try_bad_loop(rp_pool *pool)
{
    int who = (int)random_below((uint64_t)ranks);
    rp_loop *loop;
    snprintf(what, sizeof what, "bad loop");
    rp_status status = rp_loop_open(pool, rank == who ? -1 : 100, NULL, &loop);
    require(status == RP_ERR_ARGUMENT && loop == NULL, "refused", status);
}

/* ---- maps ------------------------------------------------------------------------------------ */

struct map_case {
    rp_map_job job;
    uint64_t failing; /* one item in this many fails; 0: none */
    uint64_t salt;
};

static bool fails(const struct map_case *map, int64_t item)
{
    return map->failing > 0 && mix_word(map->salt + (uint64_t)item) % map->failing == 0;
}

static unsigned char byte_of(const struct map_case *map, int64_t item, size_t at)
{
    return (unsigned char)mix_word(map->salt ^ ((uint64_t)item << 8 | (at & 7)));
}

/* Results depend on every byte of the input, if there is one. */
static int compute(rp_task *task, const void *in, void *out)
{
    const struct map_case *map = rp_task_user(task);
    const unsigned char *given = in;
    unsigned char *result = out;
    int64_t item = rp_task_item(task);
    take_time(item);
    for (size_t i = 0; given != NULL && i < map->job.in_size; i++)
        require(given[i] == (unsigned char)(byte_of(map, item, i) + 1), "input arrived", item);
    for (size_t i = 0; out != NULL && i < map->job.out_size; i++)
        result[i] = byte_of(map, item, i);
    return fails(map, item) ? 5 : 0;
}

/* Memory for an array, on the ranks that have it. */
struct memory {
    void *at;
    rp_place place;
    bool of_pool, mine, to_fill; /* mine: accessible on this rank */
};

static struct memory provide(rp_pool *pool, rp_place place, size_t bytes)
{
    bool root = rp_rank(pool) == rp_root(pool);
    struct memory memory = {.place = place, .mine = place != RP_ON_ROOT || root};
    memory.of_pool = place == RP_ON_NODES || one_in(4);
    memory.to_fill = place == RP_ON_NODES ? rp_node_rank(pool) == 0 : memory.mine;
    if (bytes == 0)
        memory = (struct memory){.place = place};
    else if (memory.of_pool && place != RP_ON_RANKS)
        require(rp_node_alloc(pool, bytes, &memory.at) == RP_OK, "allocates", (int64_t)bytes);
    else
        memory.at = memory.mine ? malloc(bytes) : NULL;
    memory.of_pool = memory.of_pool && bytes > 0 && place != RP_ON_RANKS;
    return memory;
}

static void put_away(rp_pool *pool, struct memory *memory)
{
    if (memory->of_pool)
        require(rp_node_free(pool, &memory->at) == RP_OK, "frees", -1);
    else
        free(memory->at);
}

static void fill_in(const struct map_case *map, const struct memory *in)
{
    unsigned char *bytes = in->at;
    for (int64_t i = 0; in->to_fill && i < map->job.n; i++) {
        for (size_t j = 0; j < map->job.in_size; j++)
            bytes[(size_t)i * map->job.in_size + j] = (unsigned char)(byte_of(map, i, j) + 1);
    }
}

static bool right(const struct map_case *map, const unsigned char *out, int64_t item)
{
    for (size_t j = 0; j < map->job.out_size; j++) {
        if (out[(size_t)item * map->job.out_size + j] != byte_of(map, item, j))
            return false;
    }
    return true;
}

static bool untouched(const struct map_case *map, const unsigned char *out, int64_t item)
{
    for (size_t j = 0; j < map->job.out_size; j++) {
        unsigned char before =
            map->job.in == map->job.out ? (unsigned char)(byte_of(map, item, j) + 1) : 0xa5;
        if (out[(size_t)item * map->job.out_size + j] != before)
            return false;
    }
    return true;
}

/* statuses: of all items, on every rank, or NULL. */
static void check_map(const struct map_case *map, const uint8_t *statuses, rp_status status)
{
    const unsigned char *out = map->job.out;
    int64_t failed = 0;
    bool keep = map->job.options.on_failure == RP_ON_FAILURE_CONTINUE;
    for (int64_t i = 0; i < map->job.n; i++) {
        bool fail = fails(map, i);
        failed += fail;
        if (statuses != NULL && (keep || status == RP_OK))
            require(statuses[i] == (fail ? RP_ERR_TASK : RP_OK), "status", i);
        if (statuses != NULL && statuses[i] == RP_ERR_TASK)
            require(fail, "failed", i);
        if (statuses != NULL && statuses[i] == RP_OK)
            require(!fail, "did not fail", i);
        if (out == NULL)
            continue;
        if (!fail && (keep || status == RP_OK || (statuses != NULL && statuses[i] == RP_OK)))
            require(right(map, out, i), "result", i);
        else if (map->job.out_place == RP_ON_ROOT)
            require(right(map, out, i) || untouched(map, out, i), "nothing else", i);
    }
    require(status == (failed > 0 ? RP_ERR_TASK : RP_OK), "ends as it should", status);
}

static struct map_case random_map(void)
{
    struct map_case map = {.salt = random_below(UINT64_C(1) << 40)};
    map.job.n = random_n();
    map.job.options = random_options();
    map.job.options.on_failure = one_in(2) ? RP_ON_FAILURE_CONTINUE : RP_ON_FAILURE_STOP;
    map.job.item = compute;
    map.job.in_size = one_in(4) ? 0 : 1 + random_below(one_in(3) ? 2000 : 40);
    map.job.out_size = one_in(6) ? 0 : 1 + random_below(one_in(3) ? 2000 : 40);
    map.failing = one_in(2) ? 0 : 2 + random_below(one_in(2) ? 5 : 5000);
    size_t larger = map.job.in_size > map.job.out_size ? map.job.in_size : map.job.out_size;
    if (larger > 0 && map.job.n > (int64_t)(MOST_BYTES / larger))
        map.job.n = (int64_t)(MOST_BYTES / larger);
    static const rp_place places[] = {RP_ON_ROOT, RP_ON_ROOT, RP_ON_ROOT, RP_ON_NODES, RP_ON_RANKS};
    map.job.in_place = places[random_below(5)];
    map.job.out_place = places[random_below(5)];
    return map;
}

static void describe_map(rp_pool *pool, const struct map_case *map, bool same, bool with_status)
{
    const rp_options *options = &map->job.options;
    snprintf(what, sizeof what,
             "map n %" PRId64 ", in %zu at %d, out %zu at %d%s, schedule %d, chunk %" PRId64
             ", %s, %s, one in %" PRIu64 " fails, root %d, %d nodes",
             map->job.n, map->job.in_size, (int)map->job.in_place, map->job.out_size,
             (int)map->job.out_place, same ? " (the same)" : "", (int)options->schedule,
             options->chunk, options->on_failure == RP_ON_FAILURE_STOP ? "stops" : "keeps going",
             with_status ? "statuses" : "no statuses", map->failing, rp_root(pool), rp_nodes(pool));
}

static void do_map(rp_pool *pool, struct map_case *map, const struct memory *in,
                   const struct memory *out, bool with_status)
{
    uint8_t *statuses = calloc((size_t)map->job.n + 1, 1);
    fill_in(map, in);
    if (out != in && out->to_fill)
        memset(out->at, 0xa5, (size_t)map->job.n * map->job.out_size);
    map->job.in = in->at;
    map->job.out = out->at;
    map->job.options.user = map;
    bool root = rp_rank(pool) == rp_root(pool);
    map->job.options.item_status = with_status && root ? statuses : NULL;
    rp_status status = rp_map(pool, &map->job);
    MPI_Bcast(statuses, (int)map->job.n, MPI_BYTE, rp_root(pool), MPI_COMM_WORLD);
    if (!out->mine)
        map->job.out = NULL;
    check_map(map, with_status ? statuses : NULL, status);
    free(statuses);
}

static void try_map(rp_pool *pool)
{
    struct map_case map = random_map();
    bool same = map.job.in_size > 0 && one_in(4), with_status = one_in(2);
    if (same) {
        map.job.out_size = map.job.in_size;
        map.job.out_place = map.job.in_place;
    }
    describe_map(pool, &map, same, with_status);
    struct memory in = provide(pool, map.job.in_place, (size_t)map.job.n * map.job.in_size);
    struct memory out = in;
    if (!same)
        out = provide(pool, map.job.out_place, (size_t)map.job.n * map.job.out_size);
    do_map(pool, &map, &in, same ? &in : &out, with_status);
    require(rp_barrier(pool) == RP_OK, "meets", -1);
    put_away(pool, &in);
    if (!same)
        put_away(pool, &out);
}

/* ---- reductions ------------------------------------------------------------------------------ */

static int hash_up(rp_task *task, rp_range range, const void *in, void *out)
{
    const uint64_t *given = in;
    uint64_t *sum = out;
    take_time(range.begin);
    for (int64_t i = range.begin; i < range.end; i++)
        *sum = *sum * 31 + (given != NULL ? given[i - range.begin] : mix_word((uint64_t)i));
    int64_t *bad = rp_task_user(task);
    return range.begin <= *bad && *bad < range.end ? rp_task_fail(task, *bad, 4, "bad") : 0;
}

static int join(void *left, const void *right, void *user)
{
    (void)user;
    *(uint64_t *)left = *(uint64_t *)left * 17 + *(const uint64_t *)right;
    return 0;
}

/* The tree as the header defines it, leaf by leaf. */
static uint64_t expected_of(int64_t n, int64_t leaf)
{
    static uint64_t level[MOST_ITEMS];
    int64_t count = 0;
    for (int64_t begin = 0; begin < n; begin += leaf) {
        uint64_t sum = 7;
        for (int64_t i = begin; i < n && i < begin + leaf; i++)
            sum = sum * 31 + mix_word((uint64_t)i);
        level[count++] = sum;
    }
    while (count > 1) {
        int64_t above = 0;
        for (int64_t i = 0; i < count; i += 2) {
            level[above] = level[i];
            if (i + 1 < count)
                join(&level[above], &level[i + 1], NULL);
            above++;
        }
        count = above;
    }
    return n > 0 ? level[0] : 7;
}

static void try_reduce(rp_pool *pool)
{
    static const uint64_t identity = 7;
    uint64_t result = 0;
    rp_reduce_job job = {.n = random_n(),
                         .leaf = 1 + (int64_t)random_below(one_in(2) ? 5 : 300),
                         .body = hash_up,
                         .combine = join,
                         .identity = &identity,
                         .in_size = one_in(2) ? sizeof(uint64_t) : 0,
                         .in_place = (rp_place)random_below(3),
                         .result = &result,
                         .result_size = sizeof result,
                         .options = random_options()};
    int64_t bad = one_in(3) ? (int64_t)random_below((uint64_t)job.n + 1) : -1;
    snprintf(what, sizeof what,
             "reduce n %" PRId64 ", leaf %" PRId64 ", in %zu at %d, bad %" PRId64, job.n, job.leaf,
             job.in_size, (int)job.in_place, bad);
    struct memory in = provide(pool, job.in_place, (size_t)job.n * job.in_size);
    for (int64_t i = 0; in.to_fill && i < job.n; i++)
        ((uint64_t *)in.at)[i] = mix_word((uint64_t)i);
    job.in = in.at;
    job.options.user = &bad;
    rp_status status = rp_reduce(pool, &job);
    bool failed = 0 <= bad && bad < job.n;
    require(status == (failed ? RP_ERR_TASK : RP_OK), "ends as it should", status);
    require(failed || result == expected_of(job.n, job.leaf), "result", -1);
    put_away(pool, &in);
}

/* ---- main ------------------------------------------------------------------------------------ */

static void set(const char *name, bool wanted, const char *value)
{
    if (wanted)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static rp_pool *open_pool(void)
{
    rp_pool *pool;
    static const char *const latencies[] = {"0.0002", "0.001", "0.004"};
    rp_config config = {.root = (int)random_below((uint64_t)ranks),
                        .node_size = (int)random_below((uint64_t)ranks + 1)};
    set("RANKPOOL_AGENT", one_in(3), "poll");
    set("RANKPOOL_TEST_UNREACHABLE", one_in(3), "1");
    set("RANKPOOL_TEST_LATENCY", one_in(3), latencies[random_below(3)]);
    require(rp_open_comm(MPI_COMM_WORLD, &config, &pool) == RP_OK, "creates", -1);
    return pool;
}

static void try_job(rp_pool *pool)
{
    switch (random_below(8)) {
    case 0:
        try_bad_loop(pool);
        break;
    case 1:
    case 2:
        try_loop(pool);
        break;
    case 3:
        try_reduce(pool);
        break;
    default:
        try_map(pool);
    }
}

/* Leaves a loop open at a random moment and closes the pool. */
static void close_in_loop(rp_pool *pool)
{
    rp_loop *loop;
    uint64_t draw = random_below(1000000);
    snprintf(what, sizeof what, "closing with a loop open");
    int64_t n = random_n();
    rp_options options = random_options();
    memset(times_done, 0, sizeof times_done);
    require(rp_loop_open(pool, n, &options, &loop) == RP_OK, "opens", -1);
    run_loop(loop, patience_of(rank, draw));
    require(rp_close(&pool) == RP_ERR_STATE, "says that a loop was open", -1);
}

static void try_pools(void)
{
    rp_pool *pools[2] = {open_pool(), one_in(3) ? open_pool() : NULL};
    int known = pools[1] != NULL ? 2 : 1;
    for (uint64_t left = 1 + random_below(12); left > 0; left--)
        try_job(pools[random_below((uint64_t)known)]);
    for (int i = 0; i < known; i++) {
        if (one_in(5))
            close_in_loop(pools[i]);
        else
            require(rp_close(&pools[i]) == RP_OK, "closes", -1);
    }
}

int main(int argc, char **argv)
{
    int provided, rounds = 0, more = 1;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    double seconds = argc > 1 ? atof(argv[1]) : 4, begun = MPI_Wtime();
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    signal(SIGALRM, on_alarm);
    while (more) {
        alarm(hanging_seconds);
        seed_random(mix_word(seed + (uint64_t)rounds));
        try_pools();
        rounds++;
        more = MPI_Wtime() - begun < seconds;
        MPI_Bcast(&more, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    if (rank == 0)
        printf("%d rounds from seed %" PRIu64 " on %d ranks: all as it should be\n", rounds, seed,
               ranks);
    MPI_Finalize();
    return EXIT_SUCCESS;
}
