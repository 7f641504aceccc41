/* Prints what the model of cluster_model.h says about jobs on many nodes, and checks it: against
 * figures of the simulator SMPI (tests/simulation/simulate), which knows nothing of the model, and
 * against what the library is to reach. `model large` adds clusters that take longer. */
#include "cluster_model.h"

#include "distrib/node_groups.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The cluster of tests/simulation/simulate: one rank a node, without threads. The simulator charges
 * a microsecond for each probe and for each request that is tested, and nothing for the rest; three
 * probes end a step. Its messages take twice the latency of two links of 20 us. */
static const struct cluster simulated = {
    .ranks = 1, .latency = 81e-6, .bandwidth = 1e9, .test = 1e-6, .receive = 1e-6, .step = 3e-6};

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

/* As in tests/simulation/pools.c; the first broadcast is its report of the job before. `gathered`:
 * in the simulation the partial results of 128 nodes take 105 us longer than a short message. */
static const struct modelled_job jobs[KINDS] = {
    [LOOP] = {.items = 100, .item_seconds = 1e-3, .before = {BROADCAST, AGREE}, .behind = {AGREE}},
    [REDUCE] = {.items = 100,
                .item_seconds = 1e-3,
                .gathered = 800,
                .before = {BROADCAST, AGREE, AGREE},
                .behind = {AGREE, GATHER, AGREE, BROADCAST}},
    [MAP] = {.items = 100,
             .item_seconds = 1e-3,
             .in = 8,
             .out = 8,
             .payloads_in = 1,
             .payloads_out = 1,
             .follows = &jobs[REDUCE],
             .before = {BROADCAST, AGREE, AGREE, BROADCAST, ALLREDUCE, AGREE},
             .behind = {AGREE}},
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

/* What SMPI said, of ideal. `group`: nodes of a group; 0: none; below 0: the library's choice. */
static const struct {
    int nodes, group;
    double used[KINDS];
} figures[] = {
    {64, -1, {0.977, 0.965, 0.957}},  {100, -1, {0.972, 0.961, 0.953}},
    {128, -1, {0.974, 0.962, 0.938}}, {144, -1, {0.969, 0.956, 0.932}},
    {200, -1, {0.969, 0.955, 0.929}}, {256, -1, {0.969, 0.956, 0.931}},
    {512, -1, {0.965, 0.949, 0.931}}, {144, 0, {0.972, 0.953, 0.931}},
    {200, 0, {0.968, 0.950, 0.913}},  {256, 0, {0.973, 0.957, 0.916}},
};

static int cluster_group(int nodes, int group)
{
    return group < 0 ? groups_usual_size(nodes) : group;
}

/* Whether a message arrives before or after an item ends changes a figure by half a point: the mean
 * of runs whose steps take slightly different times. */
static double model_mean(const struct cluster *cluster, const struct modelled_job *job)
{
    const int runs = 9;
    struct outcome outcome;
    double sum = 0;
    for (int i = 0; i < runs; i++) {
        struct cluster varied = *cluster;
        varied.step *= 1 + 0.01 * (i - runs / 2);
        sum += model_used(&varied, job, &outcome);
    }
    return sum / runs;
}

static void compare_with_simulator(void)
{
    const double most = 0.02;
    struct cluster cluster = simulated;
    printf("one rank a node, of ideal: model (simulator)\n%6s %6s %15s %15s %15s\n", "nodes",
           "group", "loop", "reduce", "map");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        cluster.nodes = figures[i].nodes;
        cluster.group = cluster_group(figures[i].nodes, figures[i].group);
        printf("%6d %6d", cluster.nodes, cluster.group);
        for (int kind = 0; kind < KINDS; kind++) {
            double used = model_mean(&cluster, &jobs[kind]);
            double simulated_used = figures[i].used[kind];
            bool close = fabs(used - simulated_used) <= most;
            failures += !close;
            printf("  %.3f (%.3f)%s", used, simulated_used, close ? " " : "!");
        }
        printf("\n");
    }
}

/* ---- large clusters -------------------------------------------------------------------------- */

/* Loops that give each rank this work, in seconds. `group` as above. */
struct row {
    int nodes, group;
    double seconds, spread, least;
};

static void print_row(const struct row *row)
{
    struct cluster cluster = real;
    struct modelled_job job = {.item_seconds = 1e-3, .before = {AGREE}, .behind = {AGREE}};
    struct outcome outcome;
    cluster.nodes = row->nodes;
    cluster.group = cluster_group(row->nodes, row->group);
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
    {64, -1, 0.1, 0, 0.96},   {64, -1, 1, 0, 0.99},     {256, 0, 0.1, 0, 0},
    {256, 0, 1, 0, 0},        {256, -1, 0.1, 0, 0.94},  {256, -1, 1, 0, 0.985},
    {512, 0, 0.1, 0, 0},      {512, -1, 0.1, 0, 0.93},  {1024, 0, 0.1, 0, 0},
    {1024, 0, 1, 0, 0},       {1024, -1, 0.1, 0, 0.93}, {1024, -1, 1, 0, 0.98},
    {1024, -1, 1, 0.5, 0.97}, {1024, 64, 0.1, 0, 0.9},
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
