#include "doctor/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ROUNDS = 20,
    LONG_BYTES = 1 << 20,
    LONG_MESSAGES = 4
};

static double time_of_day(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The shortest round trip is the most accurate: half of it is the latency, and in its middle the
 * other rank read its clock (Cristian: Probabilistic clock synchronization, 1989). */
static void measure_latency(struct link *link, int peer, MPI_Comm comm)
{
    double shortest = INFINITY, there;
    for (int round = 0; round < ROUNDS; round++) {
        double sent = time_of_day(), begin = MPI_Wtime();
        MPI_Send(&sent, 1, MPI_DOUBLE, peer, 0, comm);
        MPI_Recv(&there, 1, MPI_DOUBLE, peer, 0, comm, MPI_STATUS_IGNORE);
        double took = MPI_Wtime() - begin;
        if (took >= shortest)
            continue;
        shortest = took;
        link->clock_ahead = there - (sent + took / 2);
    }
    link->latency = shortest / 2;
}

static void answer_latency(MPI_Comm comm)
{
    double theirs;
    for (int round = 0; round < ROUNDS; round++) {
        MPI_Recv(&theirs, 1, MPI_DOUBLE, 0, 0, comm, MPI_STATUS_IGNORE);
        double here = time_of_day();
        MPI_Send(&here, 1, MPI_DOUBLE, 0, 0, comm);
    }
}

/* The first one opens the connection, and does not count. */
static void measure_bandwidth(struct link *link, char *bytes, int peer, MPI_Comm comm)
{
    double begin = 0;
    for (int i = 0; i <= LONG_MESSAGES; i++) {
        if (i == 1)
            begin = MPI_Wtime();
        MPI_Send(bytes, LONG_BYTES, MPI_BYTE, peer, 0, comm);
        MPI_Recv(bytes, 1, MPI_BYTE, peer, 0, comm, MPI_STATUS_IGNORE);
    }
    link->bytes_per_second = (double)LONG_MESSAGES * LONG_BYTES / (MPI_Wtime() - begin);
}

static void answer_bandwidth(char *bytes, MPI_Comm comm)
{
    for (int i = 0; i <= LONG_MESSAGES; i++) {
        MPI_Recv(bytes, LONG_BYTES, MPI_BYTE, 0, 0, comm, MPI_STATUS_IGNORE);
        MPI_Send(bytes, 1, MPI_BYTE, 0, 0, comm);
    }
}

/* One node after the other, while the rest sleep: on oversubscribed cores, ranks that wait in MPI
 * would disturb the measurement. */
static void measure_all(rp_pool *pool, MPI_Comm leaders, struct link *links, char *bytes)
{
    for (int node = 1; node < rp_nodes(pool); node++) {
        rp_barrier(pool);
        if (leaders == MPI_COMM_NULL)
            continue;
        if (rp_node(pool) == 0) {
            measure_latency(&links[node], node, leaders);
            measure_bandwidth(&links[node], bytes, node, leaders);
        } else if (rp_node(pool) == node) {
            answer_latency(leaders);
            answer_bandwidth(bytes, leaders);
        }
    }
    rp_barrier(pool);
}

struct link *network_measure(rp_pool *pool)
{
    MPI_Comm leaders;
    struct link *links = calloc((size_t)rp_nodes(pool), sizeof *links);
    char *bytes = calloc(1, LONG_BYTES);
    if (links == NULL || bytes == NULL)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    MPI_Comm_split(MPI_COMM_WORLD, rp_node_rank(pool) == 0 ? 0 : MPI_UNDEFINED, rp_node(pool),
                   &leaders);
    measure_all(pool, leaders, links, bytes);
    if (leaders != MPI_COMM_NULL)
        MPI_Comm_free(&leaders);
    free(bytes);
    if (rp_rank(pool) == 0)
        return links;
    free(links);
    return NULL;
}
