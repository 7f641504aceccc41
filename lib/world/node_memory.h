/* Node memory: a segment that all ranks of a node map.
 *
 * Our own and not an MPI window: after the death of a rank a live window makes MPI_Finalize hang,
 * and its base is not aligned. The segment has no name, or none for longer than it takes to map it,
 * so nothing stays behind however the program ends. */
#ifndef RANKPOOL_WORLD_NODE_MEMORY_H
#define RANKPOOL_WORLD_NODE_MEMORY_H

#include "rankpool.h"

struct node_memory {
    void *base; /* page-aligned; NULL: none */
    size_t bytes;
    bool reserved; /* memory is put behind it later: */
    int file;
    size_t filled; /* by this rank */
};

enum {
    INVITATION_MOST = 512
};

/* How the ranks of a node talk while they make one. */
struct company {
    bool leads; /* this rank is the one that makes the segment */
    /* What the leader has in `data`, INVITATION_MOST bytes at the most, becomes everybody's.
     * Between two of these calls all agree on something. */
    rp_status (*tell)(void *closure, void *data, size_t bytes, rp_error *error);
    /* The same status, and error, for all. */
    rp_status (*agree)(void *closure, rp_error *error);
    void *closure;
};

/* Makes and maps a zeroed segment, backed by memory that is really there. Collective on `node`, a
 * communicator of ranks that share a machine; all of them get the same status. */
rp_status rpi_node_memory_make(MPI_Comm node, size_t bytes, struct node_memory *memory,
                               rp_error *error);

/* The same among ranks that talk in their own way. */
rp_status rpi_node_memory_make_among(const struct company *company, size_t bytes,
                                     struct node_memory *memory, rp_error *error);

/* Reserves addresses for a segment, behind which memory is put later. Collective likewise. */
rp_status rpi_node_memory_reserve(MPI_Comm node, size_t bytes, struct node_memory *memory,
                                  rp_error *error);

/* Puts memory behind its first bytes, for all ranks. Local: any rank may do it, and it does not
 * matter if others do, too. */
rp_status rpi_node_memory_fill(struct node_memory *memory, size_t bytes, rp_error *error);

/* Unmaps it. Local. */
void rpi_node_memory_drop(struct node_memory *memory);

#endif
