/* The network: latency from the first node to each other one, bandwidth for a long message, and
 * clock offset. */
#ifndef RANKPOOL_APPS_DOCTOR_NETWORK_H
#define RANKPOOL_APPS_DOCTOR_NETWORK_H

#include <rankpool.h>

/* Measured from the first rank of the first node to that of another. */
struct link {
    double latency; /* seconds, one way, the minimum of several */
    double bytes_per_second;
    double clock_ahead; /* seconds by which the clock there is ahead */
};

/* The links to all nodes, by node, on rank 0; NULL elsewhere. Collective. Freed by the caller. Each
 * takes some milliseconds, or the time of 4 MiB. */
struct link *network_measure(rp_pool *pool);

#endif
