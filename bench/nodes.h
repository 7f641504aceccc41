/* What the parts of bench/nodes share: a pool whose nodes are of interest, and a loop
 * to give it. */
#ifndef RANKPOOL_BENCH_NODES_H
#define RANKPOOL_BENCH_NODES_H

#include "measure.h"
#include "work.h"

#include <stdint.h>

extern rp_pool *pool;

/* A loop of items that cost so many steps each; the first item's cost may differ. */
struct load {
    int64_t items, steps, steps_of_first;
};
void run_loop(void *load);

/* Makes the pool: each rank a node if `apart`, or if there is one node only. Ends the program if
 * that fails. Close it. */
void open_pool(MPI_Comm comm, bool apart);

/* The parts: how evenly and how fast nodes work, what they write each other, and what they move. */
void bench_balance(int rounds);
void bench_messages(void);
void bench_traffic(int rounds);

#endif
