/* Clocks of nodes beside that of the root: each counts from a moment of its own. */
#ifndef RANKPOOL_POOL_CLOCKS_H
#define RANKPOOL_POOL_CLOCKS_H

#include "world/world.h"

/* A node's clock minus the root's, measured when the node's showed `at`. */
struct clock_offset {
    double at, seconds;
};

/* Measures. Collective. Returns MPI's error code. Only the shortest of several round trips counts,
 * and half of it is how far off the result can be (Cristian, "Probabilistic clock synchronization",
 * Distributed Computing 3, 1989). */
int rpi_clocks_measure(const struct world *world, struct clock_offset *offset);

/* What the root's clock showed when this node's showed `time`: two measurements tell how clocks
 * drift. */
double rpi_clocks_of_root(const struct clock_offset *before, const struct clock_offset *after,
                          double time);

#endif
