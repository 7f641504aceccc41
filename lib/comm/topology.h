/* The world: a group of ranks, their nodes, and the memory that each node shares. It does not
 * depend on pools. */
#ifndef RANKPOOL_COMM_TOPOLOGY_H
#define RANKPOOL_COMM_TOPOLOGY_H

#include "comm/agreement.h"
#include "comm/shm_segment.h"

enum {
    HOST_NAME_BYTES = 64
};

struct world {
    MPI_Comm comm; /* a duplicate owned by the world; errors are returned */
    MPI_Comm node_comm;
    MPI_Comm leaders; /* the first rank of each node; MPI_COMM_NULL elsewhere */
    MPI_Comm agents;  /* the root, and the first rank of every other node; numbered as the nodes */
    int rank, ranks, root;
    int node, nodes, node_rank, node_ranks;
    int root_node;
    bool one_machine; /* if there are several nodes, they are simulated */
    /* Tables in `memory`, stored by the first rank of the node before all others read them. */
    int *node_first; /* by node: number of ranks on lower nodes; one more entry: all ranks */
    int *node_of;    /* by rank */
    int *by_node;    /* the ranks of node 0, then those of node 1 ... */
    char (*hosts)[HOST_NAME_BYTES]; /* by node, on agents; owned */
    double crowding;           /* ranks per core of this node, at least 1; above 1, yield at once */
    struct node_memory memory; /* agreement segment, liveness entries, tables, `extra` bytes */
    void *extra;
    struct liveness liveness;
    struct hub hub; /* where ranks of several nodes survive deaths */
    struct agreement agreement;
};

/* Parameters of a new world. They must be the same on every rank, and are compared. */
struct world_request {
    int root;
    int node_size;       /* simulate nodes of that many ranks on a machine; 0: real nodes */
    int thread_level;    /* requested, or to be requested, from MPI; only compared here */
    bool survive_deaths; /* track liveness */
    bool check;          /* only compared here */
    /* Additional node memory: its size, and a function with which the first rank of each node
     * initializes it before any rank uses it. */
    size_t (*extra_bytes)(int node_ranks);
    void (*extra_prepare)(void *extra, int node_ranks);
};

/* Initializes MPI if it is not initialized yet. *initialised: it was done here, so the caller must
 * finalize it. Collective on MPI_COMM_WORLD. `thread_level` 0: MPI_THREAD_MULTIPLE. */
rp_status rpi_world_join_mpi(int thread_level, bool *initialised, rp_error *error);

/* Creates a world of the ranks of `comm`. Collective; every rank gets the same status. *mine: an
 * error in this rank's arguments found before, which all ranks will report. */
rp_status rpi_world_make(struct world *world, MPI_Comm comm, const struct world_request *request,
                         const rp_error *mine, rp_error *error);

/* Returns the number of a rank on this node, or -1 if it is on another node. Local. */
int rpi_world_node_rank(const struct world *world, int rank);

static inline int world_ranks_on(const struct world *world, int node)
{
    return world->node_first[node + 1] - world->node_first[node];
}

/* Frees memory that only this rank uses; MPI may still use the rest. Local. */
void rpi_world_forget(struct world *world);

/* Frees the communicators, before MPI is finalized while the rest stays in use. All ranks call
 * it. */
void rpi_world_leave_mpi(struct world *world);

/* Frees everything that rpi_world_make() created. All ranks call it, without synchronization. */
void rpi_world_drop(struct world *world);

#endif
