#include "pool/clocks.h"

#include "base/clock.h"
#include "world/completion.h"

#include <math.h>

enum {
    ROUNDS = 20,
    TAG = 3
};

/* The root's side, for one node. */
static int ask(MPI_Comm comm, int node, double *offset)
{
    double shortest = INFINITY;
    *offset = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double theirs, begin = rpi_clock_seconds();
        int code = MPI_Sendrecv(&begin, 1, MPI_DOUBLE, node, TAG, &theirs, 1, MPI_DOUBLE, node, TAG,
                                comm, MPI_STATUS_IGNORE);
        double end = rpi_clock_seconds();
        if (code != MPI_SUCCESS)
            return code;
        if (end - begin < shortest) {
            shortest = end - begin;
            *offset = theirs - (begin + end) / 2;
        }
    }
    return MPI_Send(offset, 1, MPI_DOUBLE, node, TAG, comm);
}

/* A node's side. It sleeps until it is asked; after that the answers must not wait for a waking. */
static int answer(const struct world *world, double *offset)
{
    double asked;
    MPI_Request request;
    MPI_Comm comm = world->agents;
    int root = world->root_node;
    int code = MPI_Irecv(&asked, 1, MPI_DOUBLE, root, TAG, comm, &request);
    if (code == MPI_SUCCESS)
        code = rpi_complete(1, &request, world->crowding <= 1);
    for (int round = 0; round < ROUNDS && code == MPI_SUCCESS; round++) {
        double mine = rpi_clock_seconds();
        code = MPI_Send(&mine, 1, MPI_DOUBLE, root, TAG, comm);
        /* The last message is the result. */
        if (code == MPI_SUCCESS)
            code = MPI_Recv(offset, 1, MPI_DOUBLE, root, TAG, comm, MPI_STATUS_IGNORE);
    }
    return code;
}

int rpi_clocks_measure(const struct world *world, struct clock_offset *offset)
{
    int code = MPI_SUCCESS;
    *offset = (struct clock_offset){rpi_clock_seconds(), 0};
    if (world->rank == world->root) {
        for (int node = 0; node < world->nodes && code == MPI_SUCCESS; node++) {
            double theirs;
            if (node != world->node)
                code = ask(world->agents, node, &theirs);
        }
        return code;
    }
    if (world->node == world->root_node)
        return code;
    if (world->node_rank == 0)
        code = answer(world, &offset->seconds);
    int shared = MPI_Bcast(&offset->seconds, 1, MPI_DOUBLE, 0, world->node_comm);
    offset->at = rpi_clock_seconds();
    return code != MPI_SUCCESS ? code : shared;
}

double rpi_clocks_of_root(const struct clock_offset *before, const struct clock_offset *after,
                          double time)
{
    double between = after->at - before->at;
    double share = between > 0 ? (time - before->at) / between : 1;
    return time - before->seconds - share * (after->seconds - before->seconds);
}
