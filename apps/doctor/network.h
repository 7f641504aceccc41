/* The network: how long a message takes from the first node to each other one, how fast a long
 * one is, and what the time is there. */
#ifndef RANKPOOL_APPS_DOCTOR_NETWORK_H
#define RANKPOOL_APPS_DOCTOR_NETWORK_H

#include <rankpool.h>

/* As seen from the first rank of the first node, to that of another. */
struct link {
    double latency; /* seconds, one way, the shortest of several */
    double bytes_per_second;
    double clock_ahead; /* seconds by which the clock there is ahead */
};

/* The links to all nodes, by node, on rank 0; NULL elsewhere. Collective. Freed by the caller.
 * Each takes some milliseconds, or as long as 4 MiB take. */
struct link *network_measure(rp_pool *pool);

#endif
