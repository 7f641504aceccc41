/* The number of messages between nodes during a loop: it grows with the nodes and with the
 * logarithm of the items. Every rank is a node. */
#include "nodes.h"

#include "pool/pool.h"

#include <stdio.h>

enum {
    FEWEST = 2,
    MOST = 4
};

struct count {
    int64_t messages, batches;
};

/* Loops of one second and very different numbers of items. */
static void count_loop(MPI_Comm comm, double steps, int64_t items)
{
    struct load load = {.items = items, .steps = (int64_t)(steps / (double)items)};
    struct count mine, all;
    load.steps_of_first = load.steps;
    mine = (struct count){-nodes_pool->traffic.messages, -nodes_pool->traffic.batches};
    run_loop(&load);
    mine.messages += nodes_pool->traffic.messages;
    mine.batches += nodes_pool->traffic.batches;
    MPI_Allreduce(&mine, &all, 2, MPI_INT64_T, MPI_SUM, comm);
    int nodes = rp_nodes(nodes_pool);
    char name[64];
    snprintf(name, sizeof name, "%lld items on %d nodes: messages of a node", (long long)items,
             nodes);
    print_figure(name, (double)all.messages / nodes, "messages", 0);
    snprintf(name, sizeof name, "%lld items on %d nodes: batches of a node", (long long)items,
             nodes);
    print_figure(name, (double)all.batches / nodes, "batches", 0);
}

void bench_messages(void)
{
    int rank, ranks;
    double steps = steps_per_second();
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int nodes = FEWEST; nodes <= MOST && nodes <= ranks; nodes++) {
        MPI_Comm some;
        MPI_Comm_split(MPI_COMM_WORLD, rank < nodes ? 0 : MPI_UNDEFINED, rank, &some);
        if (some != MPI_COMM_NULL) {
            open_pool(some, true);
            for (int64_t items = 10000; items <= 100000000; items *= 100)
                count_loop(some, steps, items);
            rp_close(&nodes_pool);
            MPI_Comm_free(&some);
        }
        MPI_Barrier(MPI_COMM_WORLD);
    }
}
