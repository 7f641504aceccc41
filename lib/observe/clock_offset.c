#include "observe/clock_offset.h"

#include "base/clock.h"
#include "comm/completion.h"

#include <math.h>

enum {
    ROUND_TRIPS = 20,
    CLOCK_TAG = 3
};

/* On the root: measures the offset of one node and sends it there. */
static int offset_measure(MPI_Comm comm, int node, double *offset)
{
    double shortest = INFINITY;
    *offset = 0;
    for (int round = 0; round < ROUND_TRIPS; round++) {
        double theirs, begin = rpi_clock_seconds();
        int code = MPI_Sendrecv(&begin, 1, MPI_DOUBLE, node, CLOCK_TAG, &theirs, 1, MPI_DOUBLE,
                                node, CLOCK_TAG, comm, MPI_STATUS_IGNORE);
        double end = rpi_clock_seconds();
        if (code != MPI_SUCCESS)
            return code;
        if (end - begin < shortest) {
            shortest = end - begin;
            *offset = theirs - (begin + end) / 2;
        }
    }
    return MPI_Send(offset, 1, MPI_DOUBLE, node, CLOCK_TAG, comm);
}

/* On the first rank of another node. It may sleep until the root's first message; after that a
 * wake-up would delay the answers. */
static int offset_answer(const struct world *world, double *offset)
{
    double asked;
    MPI_Request request;
    MPI_Comm comm = world->agents;
    int root = world->root_node;
    int code = MPI_Irecv(&asked, 1, MPI_DOUBLE, root, CLOCK_TAG, comm, &request);
    if (code == MPI_SUCCESS)
        code = rpi_complete(1, &request, world->crowding <= 1);
    for (int round = 0; round < ROUND_TRIPS && code == MPI_SUCCESS; round++) {
        double mine = rpi_clock_seconds();
        code = MPI_Send(&mine, 1, MPI_DOUBLE, root, CLOCK_TAG, comm);
        /* The root's last message carries the result. */
        if (code == MPI_SUCCESS)
            code = MPI_Recv(offset, 1, MPI_DOUBLE, root, CLOCK_TAG, comm, MPI_STATUS_IGNORE);
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
                code = offset_measure(world->agents, node, &theirs);
        }
        return code;
    }
    if (world->node == world->root_node)
        return code;
    if (world->node_rank == 0)
        code = offset_answer(world, &offset->seconds);
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
