/* The world: a group of ranks, the nodes they live on, and the memory each node shares. It knows
 * nothing of pools. */
#ifndef RANKPOOL_WORLD_WORLD_H
#define RANKPOOL_WORLD_WORLD_H

#include "world/meeting.h"
#include "world/node_memory.h"

enum {
    HOST_NAME_BYTES = 64
};

struct world {
    MPI_Comm comm; /* our own duplicate; errors are returned */
    MPI_Comm node_comm;
    MPI_Comm leaders; /* the first rank of each node; MPI_COMM_NULL elsewhere */
    MPI_Comm agents;  /* the root, and the first rank of every other node; numbered as the nodes */
    int rank, ranks, root;
    int node, nodes, node_rank, node_ranks;
    int root_node;
    bool one_machine; /* nodes, if there are several, are pretended */
    int *node_first;  /* ranks on nodes with a lower number, for each node, and all ranks behind */
    int *node_of;     /* by rank; owned */
    int *by_node;     /* the ranks of node 0, then those of node 1 ...; owned */
    char (*hosts)[HOST_NAME_BYTES]; /* by node, where an agent is; owned */
    double crowding; /* ranks per core on this node, at least 1; above 1 waiting must give its core
                        away at once */
    struct node_memory memory; /* meeting place, who lives, then `extra` bytes */
    void *extra;
    struct living living;
    struct star star; /* where ranks of several nodes survive others */
    struct meeting meeting;
};

/* What a world needs to know before it is made. The same on every rank: they compare. */
struct world_request {
    int root;
    int node_size;       /* pretend that so many ranks of a machine are a node; 0: no pretence */
    int thread_level;    /* what MPI was, or would have been, asked for; only compared here */
    bool survive_deaths; /* look after who lives */
    /* Node memory wanted beside the meeting place: its size, and what the first rank of each node
     * puts into it before anybody sees it. */
    size_t (*extra_bytes)(int node_ranks);
    void (*extra_prepare)(void *extra, int node_ranks);
};

/* Joins MPI if nobody has initialised it. *initialised: we did, and have to finalise it. Collective
 * on MPI_COMM_WORLD. `thread_level` 0: MPI_THREAD_MULTIPLE. */
rp_status rpi_world_join_mpi(int thread_level, bool *initialised, rp_error *error);

/* Makes a world of the ranks of `comm`. Collective on it, and every rank gets the same status.
 * *mine: what this rank found wrong with its arguments before, which all will hear of. */
rp_status rpi_world_make(struct world *world, MPI_Comm comm, const struct world_request *request,
                         const rp_error *mine, rp_error *error);

/* Connects the nodes by a star. Collective; *connected is the same everywhere, as is the status. */
rp_status rpi_world_connect(struct world *world, double silence, bool *connected, rp_error *error);

/* Frees what only this rank uses, where MPI may still use the rest. Local. */
void rpi_world_forget(struct world *world);

/* Frees what rpi_world_make made. All ranks call it, without waiting for each other. */
void rpi_world_drop(struct world *world);

#endif
