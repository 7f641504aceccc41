/* Node memory: a shared-memory segment that all ranks of a node map.
 *
 * It is not an MPI window: after the death of a rank a live window makes MPI_Finalize hang, and its
 * base is not aligned. The file has no name, or keeps one only until it is mapped, so nothing stays
 * behind however the program ends. Inaccessible guard pages in front of it and behind it catch
 * accesses beyond its ends before they change other memory. */
#ifndef RANKPOOL_COMM_SHM_SEGMENT_H
#define RANKPOOL_COMM_SHM_SEGMENT_H

#include "rankpool.h"

enum {
    NODE_MEMORY_DIRECTORIES = 2 /* that are tried, at most */
};

struct node_memory {
    void *base; /* page-aligned; NULL: none */
    size_t bytes;
};

/* Creates and maps a zeroed segment whose pages are allocated. Collective on `node`, a communicator
 * of ranks on one machine; all of them get the same status. */
rp_status rpi_node_memory_make(MPI_Comm node, size_t bytes, struct node_memory *memory,
                               rp_error *error);

/* Unmaps the segment. Local. */
void rpi_node_memory_drop(struct node_memory *memory);

/* Which guard page of the segment contains the address? -1: the front one; 1: the back one; 0:
 * neither. Safe in signal handlers. */
int rpi_node_memory_guard(const struct node_memory *memory, const void *address);

/* Do these bytes overlap the segment or its guard pages? */
bool rpi_node_memory_overlaps(const struct node_memory *memory, const void *address, size_t bytes);

/* ---- without MPI -----------------------------------------------------------------------------
 * Empty files that the ranks of a node share, one in each directory, so that they can create node
 * memory later without messages. All ranks of the node use the same file. */
struct node_files {
    int file[NODE_MEMORY_DIRECTORIES];
    int count; /* open files; 0: none */
    int used;  /* index of the current file */
};

/* Opens the files. Collective on `node`; RP_OK if at least one was opened. */
rp_status rpi_node_files_open(MPI_Comm node, struct node_files *files, rp_error *error);

/* Maps the first bytes of the current file, replacing a smaller mapping. Local; every rank that
 * needs the memory calls it, and then all must agree that it succeeded everywhere. The previous
 * contents may be lost. */
rp_status rpi_node_files_map(const struct node_files *files, size_t bytes,
                             struct node_memory *memory, rp_error *error);

/* Call on all ranks of the node once they agree that mapping failed on one of them: unmaps, frees
 * the space, and selects the next file. */
void rpi_node_files_turn(struct node_files *files, struct node_memory *memory);

void rpi_node_files_close(struct node_files *files);

/* Appends the reason of a later failure to the error of the first one, if it differs. */
void rpi_node_memory_add_reason(rp_error *first, const rp_error *later, size_t bytes);

#endif
