/* Detects a launcher that belongs to another MPI, and a missing one. */
#ifndef RANKPOOL_API_LAUNCHER_CHECK_H
#define RANKPOOL_API_LAUNCHER_CHECK_H

/* The launcher of another MPI starts processes that each find themselves alone, and each would do
 * the whole work. If that has happened, one of them prints one line on stderr. MPI must be
 * initialised. */
void rpi_foreign_launcher_warn(void);

/* For a process that no launcher started and that is therefore the only rank: prints one line on
 * stderr if the machine has several cores, unless rp_launch() was called or RANKPOOL_RANKS is
 * set. */
void rpi_single_rank_warn(int cores);

#endif
