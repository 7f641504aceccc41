/* Node memory: a shared-memory segment that all ranks of a node map.
 *
 * It is not an MPI window: after the death of a rank a live window makes MPI_Finalize hang, and its
 * base is not aligned. The file has no name, or keeps one only until it is mapped, so nothing stays
 * behind however the program ends. Inaccessible guard pages in front of it and behind it catch
 * accesses beyond its ends before they change other memory. */
#ifndef RANKPOOL_COMM_SHM_SEGMENT_H
#define RANKPOOL_COMM_SHM_SEGMENT_H

#include "rankpool.h"

struct agreement;

enum {
    NODE_MEMORY_DIRECTORIES = 2 /* that are tried, at most */
};

struct node_memory {
    void *base; /* page-aligned; NULL: none */
    size_t bytes;
    /* While it is reserved: files that the ranks of the node share, one in each directory. */
    int file[NODE_MEMORY_DIRECTORIES];
    int files;         /* open files; 0: none */
    int used;          /* index of the file that is mapped, or tried first */
    int part, parts;   /* this rank allocates part `part` of `parts` of the file's space */
    rp_error unopened; /* why there is no file in some directory, or RP_OK */
};

/* Creates and maps a zeroed segment whose pages are allocated, each rank's part by that rank, so
 * that they are in the memory next to it. Collective on `node`, a communicator of ranks on one
 * machine; all of them get the same status. */
rp_status rpi_node_memory_make(MPI_Comm node, size_t bytes, struct node_memory *memory,
                               rp_error *error);

/* The same in two steps, the second without MPI. The first opens empty files. Collective on `node`;
 * RP_OK if at least one was opened. */
rp_status rpi_node_memory_reserve(MPI_Comm node, struct node_memory *memory, rp_error *error);

/* Maps the first bytes of one of the files, unless as many are mapped already. The previous
 * contents may be lost. Collective among the ranks of the agreement; each passes the bytes that its
 * node needs, and in *error its own earlier error, if any. All get the same status and error. */
rp_status rpi_node_memory_fill(struct node_memory *memory, size_t bytes,
                               struct agreement *agreement, rp_error *error);

/* Makes huge pages of the part that this rank has allocated, where the kernel can (Linux 6.1), but
 * of as much as it can do within a second. The kernel copies the part once. Local. */
void rpi_node_memory_collapse(const struct node_memory *memory);

/* Unmaps the segment, and closes its files. Local. */
void rpi_node_memory_drop(struct node_memory *memory);

/* Which guard page of the segment contains the address? -1: the front one; 1: the back one; 0:
 * neither. Safe in signal handlers. */
int rpi_node_memory_guard(const struct node_memory *memory, const void *address);

/* Do these bytes overlap the segment or its guard pages? */
bool rpi_node_memory_overlaps(const struct node_memory *memory, const void *address, size_t bytes);

#endif
