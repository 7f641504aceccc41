/* Prints what the model of cluster_model.h says about jobs on many nodes, and checks it: against
 * figures of the simulator SMPI (tests/simulation/simulate), which knows nothing of the model, and
 * against what the library is to reach. `model large` adds clusters that take longer. */
#include "cluster_model.h"

#include "distrib/node_groups.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The cluster of tests/simulation/simulate: one rank a node, without threads. The simulator charges
 * a microsecond for each probe and each test, and nothing for the rest; its messages take twice
 * the latency of two links of 20 us. */
static const struct cluster simulated = {
    .ranks = 1, .latency = 81e-6, .bandwidth = 1e9, .receive = 1e-6, .step = 4e-6};

/* Nodes of 16 ranks with threads. Costs are processor time as measured with Open MPI 4.1 over TCP:
 * 3 us to send a message of 128 bytes, 5 us to find and receive one. A choice takes 130
 * instructions. */
static const struct cluster real = {.ranks = 16,
                                    .threads = true,
                                    .latency = 20e-6,
                                    .bandwidth = 1.25e9,
                                    .send = 3e-6,
                                    .receive = 5e-6,
                                    .payload = 5e-6,
                                    .choice = 0.1e-6,
                                    .step = 2e-6};

enum {
    LOOP,
    REDUCE,
    MAP,
    KINDS
};

/* As in tests/simulation/pools.c. */
static const struct modelled_job jobs[KINDS] = {
    [LOOP] = {.items = 100, .item_seconds = 1e-3, .agreements_before = 1, .agreements_behind = 1},
    [REDUCE] = {.items = 100,
                .item_seconds = 1e-3,
                .agreements_before = 2,
                .agreements_behind = 2,
                .broadcasts = 2},
    [MAP] = {.items = 100,
             .item_seconds = 1e-3,
             .in = 8,
             .out = 9,
             .messages_in = 1,
             .messages_out = 3,
             .agreements_before = 3,
             .agreements_behind = 1,
             .broadcasts = 3},
};

static int failures;

static double model_used(const struct cluster *cluster, const struct modelled_job *job,
                         struct outcome *outcome)
{
    if (!model_job(cluster, job, outcome)) {
        printf("FAILED: no memory\n");
        failures++;
        return 0;
    }
    return outcome->used;
}

/* ---- beside the simulator -------------------------------------------------------------------- */

/* What SMPI said, of ideal; on 256 nodes with groups. */
static const struct {
    int nodes;
    double used[KINDS];
} figures[] = {
    {64, {0.978, 0.954, 0.946}},
    {128, {0.968, 0.942, 0.932}},
    {256, {0.968, 0.949, 0.920}},
};

static void compare_with_simulator(void)
{
    struct cluster cluster = simulated;
    struct outcome outcome;
    printf("one rank a node, of ideal: model (simulator)\n%6s %15s %15s %15s\n", "nodes", "loop",
           "reduce", "map");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        cluster.nodes = figures[i].nodes;
        cluster.group = groups_usual_size(cluster.nodes);
        const double most = cluster.group > 0 ? 0.03 : 0.02;
        printf("%6d", cluster.nodes);
        for (int kind = 0; kind < KINDS; kind++) {
            double used = model_used(&cluster, &jobs[kind], &outcome);
            double simulated_used = figures[i].used[kind];
            bool close = fabs(used - simulated_used) <= most;
            failures += !close;
            printf("  %.3f (%.3f)%s", used, simulated_used, close ? " " : "!");
        }
        printf("\n");
    }
}

/* ---- large clusters -------------------------------------------------------------------------- */

/* Loops of so many seconds for each rank. `group`: nodes of a group; 0: none; below 0: as the
 * library has them. */
struct row {
    int nodes, group;
    double seconds, spread, least;
};

static void print_row(const struct row *row)
{
    struct cluster cluster = real;
    struct modelled_job job = jobs[LOOP];
    struct outcome outcome;
    cluster.nodes = row->nodes;
    cluster.group = row->group < 0 ? groups_usual_size(row->nodes) : row->group;
    job.items = row->seconds / job.item_seconds;
    job.spread = row->spread;
    double used = model_used(&cluster, &job, &outcome);
    failures += used < row->least;
    printf("%6d %6d %8g %7g %9.3f%s %8.1f %9lld %9.1f\n", row->nodes, cluster.group, row->seconds,
           row->spread, used, used < row->least ? "!" : " ", outcome.batches,
           (long long)outcome.messages, (double)outcome.bytes / 1e6);
    fflush(stdout);
}

static void print_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        print_row(&rows[i]);
}

/* `least`: that is accepted. Rows without groups show what the root alone would give. */
static const struct row small_rows[] = {
    {64, -1, 0.1, 0, 0.96}, {64, -1, 1, 0, 0.99},     {256, -1, 0.1, 0, 0.94},
    {256, -1, 1, 0, 0.985}, {512, 0, 0.1, 0, 0},      {512, -1, 0.1, 0, 0.93},
    {1024, 0, 0.1, 0, 0},   {1024, 0, 1, 0, 0},       {1024, -1, 0.1, 0, 0.93},
    {1024, -1, 1, 0, 0.98}, {1024, -1, 1, 0.5, 0.97}, {1024, 64, 0.1, 0, 0.9},
};
static const struct row large_rows[] = {
    {4096, 0, 1, 0, 0},  {4096, -1, 0.1, 0, 0.92}, {4096, -1, 1, 0, 0.97},
    {16384, 0, 5, 0, 0}, {16384, -1, 5, 0, 0.95},
};

int main(int argc, char **argv)
{
    bool large = argc > 1 && strcmp(argv[1], "large") == 0;
    compare_with_simulator();
    printf(
        "\n16 ranks a node, items of 1 ms: of ideal; batches of a node; messages and megabytes of "
        "the root\n%6s %6s %8s %7s %9s %9s %9s %9s\n",
        "nodes", "group", "seconds", "spread", "of ideal", "batches", "messages", "megabytes");
    print_rows(small_rows, sizeof small_rows / sizeof small_rows[0]);
    if (large)
        print_rows(large_rows, sizeof large_rows / sizeof large_rows[0]);
    return failures > 0;
}
