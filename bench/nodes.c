/* Work over several nodes: the cost of the dispatcher, the agents and the network.
 *
 * On one machine every rank is a pretended node, and every message is delayed by a millisecond, as
 * by a slow network, except when bandwidth is measured. Real or virtual nodes are used as they are.
 * `nodes PART`: only balance, traffic or messages; messages are the same on any machine. */
#include "nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rp_pool *nodes_pool;

void run_loop(void *argument)
{
    const struct load *load = argument;
    rp_loop *loop;
    rp_range range;
    rp_loop_open(nodes_pool, load->items, NULL, &loop);
    while (rp_loop_next(loop, &range)) {
        for (int64_t item = range.begin; item < range.end; item++)
            compute(item == 0 ? load->steps_of_first : load->steps);
    }
    rp_loop_close(&loop, RP_OK);
}

void open_pool(MPI_Comm comm, bool apart)
{
    rp_status status = rp_open_comm(comm, &(rp_config){.node_size = apart}, &nodes_pool);
    if (status == RP_OK && !apart && rp_nodes(nodes_pool) == 1) {
        rp_close(&nodes_pool);
        status = rp_open_comm(comm, &(rp_config){.node_size = 1}, &nodes_pool);
    }
    if (status != RP_OK) {
        fprintf(stderr, "nodes: %s\n", rp_last_error(NULL)->text);
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
}

/* Whether a part is selected. All are if the first argument does not name one. */
static bool wanted(const char *part, int argc, char **argv)
{
    return argc < 2 || strspn(argv[1], "0123456789") > 0 || strcmp(argv[1], part) == 0;
}

int main(int argc, char **argv)
{
    bool balance = wanted("balance", argc, argv), traffic = wanted("traffic", argc, argv),
         messages = wanted("messages", argc, argv);
    int named = balance + traffic + messages == 1, provided;
    measure_arguments(argc - named, argv + named, 3 * balance + 2 * traffic + messages);
    MPI_Init_thread(&argc, &argv, MPI_THREAD_MULTIPLE, &provided);
    if (balance) {
        setenv("RANKPOOL_TEST_LATENCY", "0.001", 0);
        bench_balance();
        unsetenv("RANKPOOL_TEST_LATENCY");
    }
    if (traffic)
        bench_traffic();
    if (messages)
        bench_messages();
    MPI_Finalize();
    return EXIT_SUCCESS;
}
