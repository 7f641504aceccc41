/* Shared by the parts of bench/nodes: a pool over several nodes, and a loop to run on it. */
#ifndef RANKPOOL_BENCH_NODES_H
#define RANKPOOL_BENCH_NODES_H

#include "measure.h"
#include "work.h"

#include <stdint.h>

extern rp_pool *nodes_pool;

/* A loop of items with equal costs in steps, except that the first item's cost may differ. */
struct load {
    int64_t items, steps, steps_of_first;
};
void run_loop(void *load);

/* Makes the pool: each rank is a node if `apart`, or if there is only one node. Ends the program if
 * that fails. The caller closes it. */
void open_pool(MPI_Comm comm, bool apart);

/* The parts: balance and speed of nodes, number of messages between them, and bandwidth. */
void bench_balance(void);
void bench_messages(void);
void bench_traffic(void);

#endif
