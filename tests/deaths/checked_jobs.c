/* Jobs that lose ranks, with checked results. Starts itself on 4 ranks, or is started by srun.
 *
 * usage: checked_jobs SEED [KIND]
 *
 * RANKPOOL_DEATHS_OPEN  a file to create as soon as the pool is open
 *
 * Runs a job undisturbed, the same job with one to three ranks killed at random moments, and then
 * other jobs on the remaining ranks. Prints the milliseconds that the deaths cost. All ranks draw
 * the same random numbers, so they choose the same jobs without communication. */
#include "rankpool.h"
#include "resilience/survival.h"
#include "same_random.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum kind {
    MAP_OF_ROOT,  /* arrays private to the root */
    MAP_ON_NODES, /* in node memory */
    MAP_ON_RANKS, /* results needed on every rank */
    MAP_RANGES,
    MAP_ENOUGH, /* ends when the item in the middle has been computed */
    REDUCE,
    REDUCE_INPUT, /* on a single node, with a result per item as well */
    LOOP,         /* into node memory; on several nodes, into a file */
    STREAM,
    STREAM_UNORDERED,
    STREAM_LARGE, /* inputs and results too large for a slot, among small ones */
    WORKLIST,     /* on one node: item i adds items 2 i + 1 and 2 i + 2 */
    KINDS
};

static const char *const names[KINDS] = {
    "map of the root",  "map on nodes",     "map on ranks",          "map of ranges",
    "map until enough", "reduce",           "reduce of an input",    "loop",
    "stream",           "unordered stream", "stream of large items", "worklist"};

struct checked_job {
    enum kind kind;
    rp_schedule schedule;
    int64_t n;
    unsigned burn; /* rounds of arithmetic per item, some ns each */
};

static rp_pool *pool;
static double *in, *out; /* private */
static double *node_out; /* in node memory */
static int file = -1;    /* shared by all nodes */
static int notes = -1;   /* likewise; each rank's item in progress, */
static bool few;         /* if there are few items */
static bool dies[64];    /* the ranks chosen to die */
static double result, undisturbed;
static int64_t produced, consumed; /* items of a stream */
static int64_t calls_to_death;     /* of this rank; 0: it does not die in a task */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void require(bool holds, const char *what, int64_t item)
{
    if (holds)
        return;
    fprintf(stderr, "FAILED: %s (item %" PRId64 ") on rank %d: %s\n", what, item, rp_rank(pool),
            rp_last_error(pool)->text);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}

/* ---- computation ----------------------------------------------------------------------------- */

static double value_of(int64_t item, unsigned burn)
{
    uint64_t word = (uint64_t)item;
    for (unsigned i = 0; i <= burn; i++)
        word = mix_word(word + i);
    return (double)(word >> 11);
}

/* With few items, all ranks that die may by chance have the same item in progress, one after the
 * other, and the item is then correctly given up. So on several nodes, where this was seen, each
 * rank writes its item in progress to a file; 0: none. */
static void take_in_hand(int64_t item_and_one)
{
    off_t place = (off_t)sizeof item_and_one * rp_rank(pool);
    require(!few || pwrite(notes, &item_and_one, sizeof item_and_one, place) ==
                        (ssize_t)sizeof item_and_one,
            "a note", item_and_one - 1);
}

/* Whether, as far as the file shows, the item killed enough ranks to be given up. A rank without an
 * item may have been given this one just before it died. The first rank to die may have had
 * another: all items of its chunk are suspected. */
static bool rightly_given_up(int64_t item)
{
    uint32_t died = 0;
    for (int rank = 0; few && rank < rp_ranks(pool); rank++) {
        int64_t noted = 0;
        ssize_t bytes = pread(notes, &noted, sizeof noted, (off_t)sizeof noted * rank);
        died += dies[rank] && bytes >= 0 && (noted == item + 1 || noted == 0);
    }
    return died >= DEATHS_IN_A_ROW - 1 && rp_ranks_lost(pool) >= DEATHS_IN_A_ROW;
}

/* Of few items of a worklist, each comes of those that all ranks had in progress. */
static bool rightly_given_up_tree(const struct checked_job *job)
{
    return job->kind == WORKLIST && rp_ranks_lost(pool) >= DEATHS_IN_A_ROW;
}

static double compute(int64_t item, unsigned burn)
{
    take_in_hand(item + 1);
    if (calls_to_death > 0 && --calls_to_death == 0)
        raise(SIGKILL);
    double value = value_of(item, burn);
    take_in_hand(0);
    return value;
}

static int map_item(rp_task *task, const void *input, void *output)
{
    const struct checked_job *job = rp_task_user(task);
    double added = input != NULL ? *(const double *)input : 0;
    *(double *)output = compute(rp_task_item(task), job->burn) + added;
    bool enough = job->kind == MAP_ENOUGH && rp_task_item(task) == job->n / 2;
    return enough ? rp_task_enough(task, rp_task_item(task)) : 0;
}

static int map_range(rp_task *task, rp_range range, const void *input, void *output)
{
    const struct checked_job *job = rp_task_user(task);
    for (int64_t item = range.begin; item < range.end; item++)
        ((double *)output)[item - range.begin] = compute(item, job->burn);
    (void)input;
    return 0;
}

static int reduce_range(rp_task *task, rp_range range, const void *input, void *output)
{
    const struct checked_job *job = rp_task_user(task);
    const double *added = input;
    double *values = rp_task_out(task);
    for (int64_t item = range.begin; item < range.end; item++) {
        double value = compute(item, job->burn);
        *(double *)output +=
            1 / (1 + value) + (added != NULL ? 1e-20 * added[item - range.begin] : 0);
        if (values != NULL)
            values[item - range.begin] = value;
    }
    return 0;
}

static int join(void *left, const void *right, void *user)
{
    (void)user;
    *(double *)left += *(const double *)right;
    return 0;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static rp_status do_map(const struct checked_job *job)
{
    bool on_nodes = job->kind == MAP_ON_NODES, of_root = job->kind == MAP_OF_ROOT;
    rp_map_job map = {
        .n = job->n,
        .item = job->kind == MAP_RANGES ? NULL : map_item,
        .range = job->kind == MAP_RANGES ? map_range : NULL,
        .in = of_root ? in : NULL,
        .in_size = of_root ? sizeof *in : 0,
        .out = on_nodes ? node_out : out,
        .out_size = sizeof *out,
        .out_place = on_nodes                    ? RP_ON_NODES
                     : job->kind == MAP_ON_RANKS ? RP_ON_RANKS
                                                 : RP_ON_ROOT,
        .options = {.user = (void *)(uintptr_t)job, .schedule = job->schedule},
    };
    return rp_map(pool, &map);
}

static bool reduces_with_results(const struct checked_job *job)
{
    return job->kind == REDUCE_INPUT && rp_nodes(pool) == 1;
}

static rp_status do_reduce(const struct checked_job *job)
{
    static const double zero;
    bool results = reduces_with_results(job);
    rp_reduce_job reduce = {
        .n = job->n,
        .body = reduce_range,
        .combine = join,
        .identity = &zero,
        .in = job->kind == REDUCE_INPUT ? in : NULL,
        .in_size = job->kind == REDUCE_INPUT ? sizeof *in : 0,
        .out = results ? out : NULL,
        .out_size = results ? sizeof *out : 0,
        .out_place = job->n % 2 == 0 ? RP_ON_ROOT : RP_ON_RANKS,
        .result = &result,
        .result_size = sizeof result,
        .options = {.user = (void *)(uintptr_t)job, .schedule = job->schedule},
    };
    return rp_reduce(pool, &reduce);
}

static rp_status do_loop(const struct checked_job *job)
{
    rp_loop *loop;
    rp_range range;
    rp_options options = {.schedule = job->schedule};
    rp_status status = rp_loop_open(pool, job->n, &options, &loop);
    if (status != RP_OK)
        return status;
    while (rp_loop_next(loop, &range)) {
        for (int64_t item = range.begin; item < range.end; item++)
            node_out[item] = compute(item, job->burn);
        size_t first = (size_t)range.begin * sizeof *node_out;
        size_t bytes = (size_t)(range.end - range.begin) * sizeof *node_out;
        if (file >= 0)
            require(pwrite(file, node_out + range.begin, bytes, (off_t)first) == (ssize_t)bytes,
                    "a file", range.begin);
    }
    return rp_loop_close(&loop, RP_OK);
}

/* ---- streams --------------------------------------------------------------------------------- */

enum {
    LARGE = 50000, /* doubles */
    LARGE_EVERY = 7
};

static size_t length_of(const struct checked_job *job, int64_t item)
{
    return job->kind == STREAM_LARGE && item % LARGE_EVERY == 0 ? LARGE : 1 + (size_t)item % 3;
}

/* The number of an item, repeated. */
static int produce(void *user, rp_buffer *item)
{
    const struct checked_job *job = user;
    if (produced == job->n)
        return RP_ITEM_LAST;
    size_t length = length_of(job, produced);
    double *numbers = rp_buffer_resize(item, length * sizeof *numbers);
    require(numbers != NULL, "memory", produced);
    for (size_t i = 0; i < length; i++)
        numbers[i] = (double)produced;
    produced++;
    return RP_ITEM;
}

static int stream_item(rp_task *task, const void *input, size_t bytes, rp_buffer *output)
{
    const struct checked_job *job = rp_task_user(task);
    const double *numbers = input;
    int64_t item = rp_task_item(task);
    size_t length = length_of(job, item);
    require(bytes == length * sizeof *numbers, "an input of another length", item);
    double *values = rp_buffer_resize(output, bytes);
    require(values != NULL, "memory", item);
    double value = compute(item, job->burn);
    for (size_t i = 0; i < length; i++) {
        require(numbers[i] == (double)item, "a spoilt input", item);
        values[i] = value;
    }
    return 0;
}

static int consume(void *user, int64_t item, const rp_error *error, const void *data, size_t bytes)
{
    const struct checked_job *job = user;
    const double *values = data;
    if (error != NULL) {
        require(error->status == RP_ERR_LOST && rightly_given_up(item), "an error", item);
        return 0;
    }
    require(job->kind == STREAM_UNORDERED || item == consumed, "out of order", item);
    require(out[item] == 0, "consumed twice", item);
    require(bytes == length_of(job, item) * sizeof *values, "a result of another length", item);
    for (size_t i = 1; i < length_of(job, item); i++)
        require(values[i] == values[0], "a spoilt result", item);
    out[item] = values[0];
    consumed++;
    return 0;
}

static rp_status do_stream(const struct checked_job *job)
{
    produced = consumed = 0;
    rp_stream_job stream = {
        .produce = produce,
        .work = stream_item,
        .consume = consume,
        .unordered = job->kind == STREAM_UNORDERED,
        .dedicated_root = job->n % 3 == 0,
        .window_items = job->n % 2 == 0 ? 0 : 1 + job->n % 500,
        .options = {.user = (void *)(uintptr_t)job,
                    .schedule = job->schedule == RP_SCHEDULE_DYNAMIC ? RP_SCHEDULE_DYNAMIC
                                                                     : RP_SCHEDULE_ADAPTIVE,
                    .chunk = job->schedule == RP_SCHEDULE_STATIC ? 20 : 0},
    };
    return rp_stream(pool, &stream);
}

/* ---- worklists ------------------------------------------------------------------------------- */

struct tree_sum {
    rp_exact values;
    int64_t items;
};

static int tree_item(rp_task *task, const void *input, void *output)
{
    const struct checked_job *job = rp_task_user(task);
    struct tree_sum *sum = output;
    int64_t item = *(const int64_t *)input;
    for (int64_t child = 2 * item + 1; child <= 2 * item + 2 && child < job->n; child++)
        require(rp_task_add(task, &child) == 0, "a child", child);
    rp_exact_add(&sum->values, 1 / (1 + compute(item, job->burn)));
    sum->items++;
    return 0;
}

static int tree_join(void *left, const void *right, void *user)
{
    struct tree_sum *sum = left;
    const struct tree_sum *other = right;
    sum->items += other->items;
    return rp_exact_combine(&sum->values, &other->values, user);
}

static rp_status do_worklist(const struct checked_job *job)
{
    const struct tree_sum none = {.items = 0};
    const int64_t root = 0;
    struct tree_sum sum;
    rp_worklist_job worklist = {.seeds = &root,
                                .n = 1,
                                .item_size = sizeof root,
                                .work = tree_item,
                                .combine = tree_join,
                                .identity = &none,
                                .result = &sum,
                                .result_size = sizeof sum,
                                .memory = job->n % 2 == 0 ? 0 : 5000,
                                .options = {.user = (void *)(uintptr_t)job}};
    rp_status status = rp_worklist(pool, &worklist);
    require(status != RP_OK || sum.items == job->n, "another number of items", sum.items);
    result = rp_exact_value(&sum.values);
    return status;
}

/* ---- results --------------------------------------------------------------------------------- */

static void check_array(const struct checked_job *job, const double *array)
{
    bool added = job->kind == MAP_OF_ROOT;
    for (int64_t item = 0; item < job->n; item++)
        require(array[item] == value_of(item, job->burn) + (added ? in[item] : 0), names[job->kind],
                item);
}

static void read_file(const struct checked_job *job)
{
    size_t bytes = (size_t)job->n * sizeof *node_out;
    require(pread(file, node_out, bytes, 0) == (ssize_t)bytes, "a file that is whole", -1);
}

static void check_results(const struct checked_job *job, bool first)
{
    bool root = rp_rank(pool) == rp_root(pool);
    if (root && job->kind == LOOP && file >= 0)
        read_file(job);
    if (reduces_with_results(job) && (root || job->n % 2 != 0))
        check_array(job, out);
    if (job->kind == MAP_ON_RANKS || (job->kind <= MAP_RANGES && root && job->kind != MAP_ON_NODES))
        check_array(job, out);
    if (job->kind == MAP_ENOUGH)
        require(rp_enough_item(pool) == job->n / 2, "another item that is enough",
                rp_enough_item(pool));
    if (job->kind == MAP_ON_NODES || (root && job->kind == LOOP))
        check_array(job, node_out);
    if (job->kind >= STREAM && job->kind <= STREAM_LARGE && root) {
        require(consumed == job->n, "lost", consumed);
        check_array(job, out);
    }
    if (job->kind != REDUCE && job->kind != REDUCE_INPUT && job->kind != WORKLIST)
        return;
    undisturbed = first ? result : undisturbed;
    require(memcmp(&result, &undisturbed, sizeof result) == 0, "other bits", -1);
}

static rp_status do_kind(const struct checked_job *job)
{
    switch (job->kind) {
    case LOOP:
        return do_loop(job);
    case REDUCE:
    case REDUCE_INPUT:
        return do_reduce(job);
    case STREAM:
    case STREAM_UNORDERED:
    case STREAM_LARGE:
        return do_stream(job);
    case WORKLIST:
        return do_worklist(job);
    default:
        return do_map(job);
    }
}

/* Returns its duration in seconds. */
static double do_job(const struct checked_job *job, bool first)
{
    memset(out, 0, (size_t)job->n * sizeof *out);
    result = -1;
    memset(node_out, 0, (size_t)job->n * sizeof *node_out); /* on each node */
    few = notes >= 0 && job->n <= 1000;
    if (rp_rank(pool) == rp_root(pool) && file >= 0)
        require(ftruncate(file, 0) == 0 && ftruncate(notes, 0) == 0, "empty files", -1);
    require(rp_barrier(pool) == RP_OK, "a barrier", -1);
    double begun = seconds();
    rp_status status = do_kind(job);
    double took = seconds() - begun;
    bool given_up = status == RP_ERR_LOST &&
                    (rightly_given_up(rp_last_error(pool)->item) || rightly_given_up_tree(job));
    require(status == RP_OK || given_up, "a job", -1);
    if (!given_up)
        check_results(job, first);
    require(rp_barrier(pool) == RP_OK, "a barrier", -1); /* all have checked the shared results */
    return took;
}

static struct checked_job random_job(int kind)
{
    const double usual = 60e6; /* ns of work in total */
    struct checked_job job = {.kind = kind >= 0 ? (enum kind)kind : (enum kind)random_below(KINDS),
                              .schedule = (rp_schedule)random_below(5),
                              .n = 1 + (int64_t)random_below(random_below(2) == 0 ? 100 : 100000)};
    if (job.kind == STREAM_LARGE)
        job.n = 1 + job.n % 1000;
    if (job.kind == WORKLIST && rp_nodes(pool) > 1)
        job.kind = REDUCE;
    job.burn = (unsigned)(usual / (double)job.n / 2.5);
    return job;
}

/* ---- deaths ---------------------------------------------------------------------------------- */

/* This rank is killed after this time, wherever it is then. */
static void arm(double delay)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    time_t whole = (time_t)delay;
    struct itimerspec time = {.it_value = {whole, 1 + (long)(999999998 * (delay - (double)whole))}};
    timer_t timer;
    require(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
                timer_settime(timer, 0, &time, NULL) == 0,
            "a timer", -1);
}

/* All ranks agree on who dies; how a rank dies is known to that rank only. */
static int doom(const struct checked_job *job, double usual)
{
    int others = rp_ranks(pool) - 1, most = others < 3 ? others : 3;
    int doomed = 1 + (int)random_below((uint64_t)most);
    for (int chosen = 0; chosen < doomed;) {
        int rank = 1 + (int)random_below((uint64_t)others);
        chosen += !dies[rank];
        dies[rank] = true;
    }
    for (int rank = 1; rank <= others; rank++) {
        bool in_task = random_below(3) == 0;
        double part = (double)random_below(1000) / 1000;
        if (!dies[rank] || rank != rp_rank(pool))
            continue;
        if (in_task)
            calls_to_death = 1 + (int64_t)(part * (double)job->n / (others + 1));
        else
            arm(usual * 1.1 * part);
    }
    return doomed;
}

/* Runs the job again while ranks die. A rank that should have died and has not dies after the
 * job. */
static double lose_ranks(const struct checked_job *job, double usual)
{
    rpi_survival_enter(pool); /* a timer may fire before or after the job */
    int doomed = doom(job, usual);
    double took = do_job(job, false);
    if (dies[rp_rank(pool)])
        raise(SIGKILL);
    rpi_survival_leave(pool);
    while (rp_ranks_lost(pool) < doomed)
        require(rp_barrier(pool) == RP_OK, "a barrier", -1);
    require(rp_ranks_lost(pool) == doomed, "too many are lost", -1);
    return took;
}

/* The file is unlinked as soon as all ranks have opened it. Other runs with the same seed may use
 * this directory. */
static int open_file(const char *what)
{
    char name[64];
    int64_t launch = getpid();
    require(rp_broadcast(pool, 0, &launch, 1, rp_bytes(sizeof launch)) == RP_OK,
            "a number of this launch", -1);
    snprintf(name, sizeof name, "deaths.%" PRId64 ".%s", launch, what);
    int opened = open(name, O_RDWR | O_CREAT, 0600);
    require(opened >= 0 && rp_barrier(pool) == RP_OK, "a file", -1);
    if (rp_rank(pool) == 0)
        unlink(name);
    return opened;
}

static void open_pool(void)
{
    const size_t most = 200000;
    void *memory = NULL;
    rp_config config = {.survive_deaths = true};
    if (rp_open(&config, &pool) != RP_OK)
        exit(EXIT_FAILURE);
    if (!rp_survives(pool)) {
        rp_close(&pool);
        exit(77); /* not testable here */
    }
    in = malloc(most * sizeof *in);
    out = malloc(most * sizeof *out);
    require(in != NULL && out != NULL && rp_node_alloc(pool, most * sizeof *out, &memory) == RP_OK,
            "memory", -1);
    node_out = memory;
    if (rp_rank(pool) == 0 && getenv("RANKPOOL_DEATHS_OPEN") != NULL)
        require(close(creat(getenv("RANKPOOL_DEATHS_OPEN"), 0600)) == 0, "a mark", -1);
    if (rp_nodes(pool) > 1) {
        file = open_file("file");
        notes = open_file("notes");
    }
    for (size_t i = 0; i < most; i++)
        in[i] = (double)mix_word(i) / 3;
}

int main(int argc, char **argv)
{
    setenv("RANKPOOL_RANKS", "4", 0);
    rp_launch(&argc, &argv);
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    seed_random(seed);
    open_pool();
    struct checked_job job = random_job(argc > 2 ? atoi(argv[2]) : -1);
    double usual = do_job(&job, true);
    double took = lose_ranks(&job, usual);
    if (rp_rank(pool) == 0)
        printf("%.1f ms more than %.1f: %s, schedule %d, n = %" PRId64 ", lost %d\n",
               1e3 * (took - usual), 1e3 * usual, names[job.kind], (int)job.schedule, job.n,
               rp_ranks_lost(pool));
    do_job(&job, false);
    for (int i = 0; i < 3; i++) {
        struct checked_job other = random_job(-1);
        do_job(&other, true);
    }
    rp_status worst;
    require(rp_agree(pool, RP_OK, &worst) == RP_OK && worst == RP_OK, "an agreement", -1);
    rp_close(&pool);
    free(in);
    free(out);
    return EXIT_SUCCESS;
}
