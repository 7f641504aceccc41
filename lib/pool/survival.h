/* Survival: a pool whose other ranks go on when one dies.
 *
 * In its loops, maps, reductions and streams no rank calls MPI, which would wait for the dead. What
 * ranks have to tell each other is in their notes, in node memory; what they have to give each
 * other is read from the other's memory by the kernel, which says so if the other is gone. */
#ifndef RANKPOOL_POOL_SURVIVAL_H
#define RANKPOOL_POOL_SURVIVAL_H

#include "pool/job.h"
#include "world/node_memory.h"

enum {
    DEATHS_IN_A_ROW = 3 /* at so many an item that was at hand is given up */
};

/* Does the program, or RANKPOOL_SURVIVE, ask for it? */
bool rpi_survival_wanted(const rp_config *config, rp_error *mine);

/* Finds out whether ranks can survive here; *Collective* on a world that has just been made. */
rp_status rpi_survival_begin(rp_pool *pool, rp_error *error);

/* Between these two calls the others do without this rank if it dies. They nest. */
void rpi_survival_enter(rp_pool *pool);
void rpi_survival_leave(rp_pool *pool);

/* The note of a rank, by its place on the node: NOTE_BYTES that it writes before a meeting and
 * others read after it. */
void *rpi_note(const rp_pool *pool, int node_rank);

/* The root's note, as it was when the last meeting was decided; on its own node as it is. */
void *rpi_root_note(const rp_pool *pool);

/* Looks who has died, and tells the board. For rpi_claim_attend(). */
double rpi_survival_attend(void *pool);

/* Is this rank known to have died? */
bool rpi_rank_lost(const rp_pool *pool, int node_rank);

/* Makes all ranks of the pool have the same status in pool->last, by MPI where they do not survive:
 * an error if one of them has one there. Returns it. */
rp_status rpi_survival_agree(rp_pool *pool);

/* Reserves addresses for node memory when the pool is opened, while MPI can still be called.
 * Collective; *reserved is the same everywhere. */
rp_status rpi_survival_reserve(rp_pool *pool, size_t bytes, struct node_memory *memory,
                               bool *reserved, rp_error *error);

/* Makes node memory without MPI, in a pool that survives on one node. As rpi_node_memory_make()
 * otherwise. */
rp_status rpi_survival_memory(rp_pool *pool, size_t bytes, struct node_memory *memory,
                              rp_error *error);

/* The error of an item that is given up after so many deaths. */
rp_status rpi_survival_accuse(rp_error *error, int64_t item, uint32_t deaths);

/* Has the job given up units, or failed to find out what was lost? Then fills in the error, unless
 * there is one already. */
void rpi_survival_report(const rp_pool *pool, const struct units *units, rp_error *error);

#endif
