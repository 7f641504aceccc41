/* What rp_open() and rp_close() do for the process besides the pool: warnings about its
 * launcher, and the end of MPI where ranks may die. */
#ifndef RANKPOOL_API_PROCESS_H
#define RANKPOOL_API_PROCESS_H

#include "comm/liveness.h"

/* The launcher of another MPI starts processes that each find themselves alone, and each would do
 * the whole work. If that has happened, one of them prints one line on stderr. MPI must be
 * initialised. */
void rpi_foreign_launcher_warn(void);

/* For a process that no launcher started and that is therefore the only rank: prints one line on
 * stderr if the machine has several cores, unless rp_launch() was called or RANKPOOL_RANKS is
 * set. */
void rpi_single_rank_warn(int cores);

/* Calls MPI_Finalize(), which waits for all ranks. False if a rank that we monitor died meanwhile
 * and the call does not return: then a thread stays in it, MPI must not be used any more, and the
 * process should end without the exit handlers of libraries. */
bool rpi_finalize(struct liveness *liveness);

#endif
