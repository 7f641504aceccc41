/* Survival: a pool whose other ranks go on when one dies.
 *
 * In its loops, maps, reductions and streams no rank calls MPI, which would wait for the dead. What
 * ranks have to tell each other is in their notes, in node memory; what they have to give each
 * other is read from the other's memory by the kernel, which says so if the other is gone. */
#ifndef RANKPOOL_RESILIENCE_SURVIVAL_H
#define RANKPOOL_RESILIENCE_SURVIVAL_H

#include "comm/shm_segment.h"
#include "engine/job.h"

enum {
    DEATHS_IN_A_ROW = 3 /* at so many an item that was at hand is given up */
};

/* Does the program, or RANKPOOL_SURVIVE, ask for it? */
bool rpi_survival_wanted(const rp_config *config, rp_error *mine);

/* Finds out whether ranks can survive here; *Collective* on a world that has just been made. */
rp_status rpi_survival_begin(rp_pool *pool, rp_error *error);

/* Says on stderr, once, why survival was asked for and is not to be had. Called by all ranks. */
void rpi_survival_explain(const rp_pool *pool, const char *why);

/* Undoes what rpi_survival_begin() did, but for the lock that tells of this rank's death. Local. */
void rpi_survival_end(rp_pool *pool);

/* Between these two calls the others do without this rank if it dies. They nest. */
void rpi_survival_enter(rp_pool *pool);
void rpi_survival_leave(rp_pool *pool);

/* The note of a rank, by its place on the node: MAILBOX_BYTES that it writes before a agreement and
 * others read after it. */
void *rpi_mailbox(const rp_pool *pool, int node_rank);

/* The root's note, as it was when the last agreement was decided; on its own node as it is. */
void *rpi_root_mailbox(const rp_pool *pool);

/* Looks who has died, and tells the work queue. For rpi_claim_attend(). */
double rpi_survival_attend(void *pool);

/* Is this rank known to have died? */
bool rpi_rank_lost(const rp_pool *pool, int node_rank);

/* Makes all ranks of the pool have the same status in pool->last, by MPI where they do not survive:
 * an error if one of them has one there. Returns it. */
rp_status rpi_survival_agree(rp_pool *pool);

/* Provides node memory without MPI, in a pool that survives: the first bytes of one of `files`,
 * unless there are as many in `memory` already. Every rank of the pool calls it, with the bytes that
 * its node needs, and an error of its own in *error if something has gone wrong before; the same
 * status, and error, for all. */
rp_status rpi_survival_memory(rp_pool *pool, struct node_files *files, size_t bytes,
                              struct node_memory *memory, rp_error *error);

/* The error of an item that is given up after so many deaths. */
rp_status rpi_survival_accuse(rp_error *error, int64_t item, uint32_t deaths);

/* Has the job given up units, or failed to find out what was lost? Then fills in the error, unless
 * there is one already. */
void rpi_survival_report(const rp_pool *pool, const struct units *units, rp_error *error);

#endif
