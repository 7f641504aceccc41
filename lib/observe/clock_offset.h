/* Offsets between the clocks of the nodes and the root's: each clock has its own epoch. */
#ifndef RANKPOOL_OBSERVE_CLOCK_OFFSET_H
#define RANKPOOL_OBSERVE_CLOCK_OFFSET_H

#include "comm/topology.h"

/* A node's clock minus the root's, measured when the node's clock read `at`. */
struct clock_offset {
    double at, seconds;
};

/* Measures the offset of this node. Collective. Returns MPI's error code. Uses the shortest of
 * several round trips; the error is at most half of it (Cristian, "Probabilistic clock
 * synchronization", Distributed Computing 3, 1989). */
int rpi_clocks_measure(const struct world *world, struct clock_offset *offset);

/* Converts a time of this node's clock to the root's; the two measurements give the drift. */
double rpi_clocks_of_root(const struct clock_offset *before, const struct clock_offset *after,
                          double time);

#endif
