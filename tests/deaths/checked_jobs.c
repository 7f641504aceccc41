/* Jobs that lose ranks, with checked results. Starts itself on 4 ranks, or is started by srun.
 *
 * usage: checked_jobs SEED [KIND]
 *
 * KIND                  a name in kind_names[], as "worklist"; if not given, the seed chooses
 * RANKPOOL_DEATHS_OPEN  a file to create as soon as the pool is open
 *
 * Runs a job undisturbed, the same job with one to three ranks killed at random moments, and then
 * other jobs on the remaining ranks. Prints the milliseconds that the deaths cost. All ranks draw
 * the same random numbers, so they choose the same jobs without communication. */
#include "resilience/survival.h"

#include "checked_kinds.h"
#include "same_random.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static double undisturbed;
static uint64_t undisturbed_paths[2];

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- results --------------------------------------------------------------------------------- */

static void check_array(const struct checked_job *job, const double *array)
{
    bool added = job->kind == MAP_OF_ROOT;
    for (int64_t item = 0; item < job->n; item++)
        require(array[item] == value_of(item, job->burn) + (added ? in[item] : 0),
                kind_names[job->kind], item);
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
    if (job->kind >= STREAM && job->kind <= CONTROLLED_CALLS && root) {
        require(consumed == job->n, "lost", consumed);
        check_array(job, out);
    }
    if (job->kind != REDUCE && job->kind != REDUCE_INPUT && job->kind != WORKLIST)
        return;
    undisturbed = first ? result : undisturbed;
    if (first)
        memcpy(undisturbed_paths, paths, sizeof paths);
    require(memcmp(&result, &undisturbed, sizeof result) == 0, "other bits", -1);
    require(memcmp(paths, undisturbed_paths, sizeof paths) == 0, "another sum of paths", -1);
}

/* Returns its duration in seconds. */
static double do_job(const struct checked_job *job, bool first)
{
    memset(out, 0, (size_t)job->n * sizeof *out);
    result = -1;
    given_up = 0;
    memset(paths, 0, sizeof paths);
    memset(node_out, 0, (size_t)job->n * sizeof *node_out); /* on each node */
    if (rp_rank(pool) == rp_root(pool)) {
        memset(notes, 0, MOST_RANKS * sizeof *notes);
        require(file < 0 || ftruncate(file, 0) == 0, "an empty file", -1);
    }
    require(rp_barrier(pool) == RP_OK, "a barrier", -1);
    double begun = seconds();
    rp_status status = do_kind(job);
    double took = seconds() - begun;
    /* Of few items of a worklist, each comes of those that all ranks had in progress. */
    bool lost = status == RP_ERR_LOST &&
                (rightly_given_up(rp_last_error(pool)->item) || job->kind == WORKLIST);
    require(status == RP_OK || lost, "a job", -1);
    require((!lost && given_up == 0) || rp_ranks_lost(pool) >= DEATHS_IN_A_ROW,
            "an item given up after too few deaths", -1);
    if (!lost)
        check_results(job, first);
    require(rp_barrier(pool) == RP_OK, "a barrier", -1); /* all have checked the shared results */
    return took;
}

/* The number of the kind; ends the program if there is none of that name. */
static int kind_named(const char *name)
{
    for (int kind = 0; kind < KINDS; kind++) {
        if (strcmp(kind_names[kind], name) == 0)
            return kind;
    }
    fprintf(stderr, "checked_jobs: there is no kind '%s'\n", name);
    exit(2);
}

static struct checked_job random_job(int kind)
{
    const double usual = 60e6; /* ns of work in total */
    struct checked_job job = {.kind = kind >= 0 ? (enum kind)kind : (enum kind)random_below(KINDS),
                              .schedule = (rp_schedule)random_below(5),
                              .n = 1 + (int64_t)random_below(random_below(2) == 0 ? 100 : 100000)};
    if (job.kind == STREAM_LARGE)
        job.n = 1 + job.n % 1000;
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

/* Memory of all nodes, which here are on one machine. */
static int64_t *map_notes(void)
{
    const size_t bytes = MOST_RANKS * sizeof *notes;
    int descriptor = open_file("notes");
    require(ftruncate(descriptor, (off_t)bytes) == 0, "a file for notes", -1);
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    require(mapped != MAP_FAILED, "notes", -1);
    close(descriptor);
    return mapped;
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
    int node = rp_node(pool);
    require(rp_allgather(pool, &node, rp_ranks(pool), rp_bytes(sizeof node), node_of) == RP_OK,
            "nodes", -1);
    if (rp_rank(pool) == 0 && getenv("RANKPOOL_DEATHS_OPEN") != NULL)
        require(close(creat(getenv("RANKPOOL_DEATHS_OPEN"), 0600)) == 0, "a mark", -1);
    if (rp_nodes(pool) > 1)
        file = open_file("file");
    notes = map_notes();
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
    struct checked_job job = random_job(argc > 2 ? kind_named(argv[2]) : -1);
    double usual = do_job(&job, true);
    double took = lose_ranks(&job, usual);
    if (rp_rank(pool) == 0)
        printf("%.1f ms more than %.1f: %s, schedule %d, n = %" PRId64
               ", lost %d, whole nodes: %d\n",
               1e3 * (took - usual), 1e3 * usual, kind_names[job.kind], (int)job.schedule, job.n,
               rp_ranks_lost(pool), whole_nodes_lost());
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
