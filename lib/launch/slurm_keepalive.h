/* Keeps the connection between a rank and the PMIx server of its node open, which MPI has opened.
 * Slurm's plugin ends the whole step when such a connection breaks while other ranks of the node
 * live. Where those should go on, a separate process holds the connection as well, so that it does
 * not break when the rank is killed. That process ends with the step. */
#ifndef RANKPOOL_LAUNCH_SLURM_KEEPALIVE_H
#define RANKPOOL_LAUNCH_SLURM_KEEPALIVE_H

#include <stdbool.h>

/* Was this rank started by srun, with PMIx? */
bool rpi_started_by_slurm(void);

/* Starts the process, or counts one more pool that needs it. False if there is no connection to
 * keep, or the process cannot be started. */
bool rpi_slurm_keepalive_hold(void);

/* One pool does not need the process any more. */
void rpi_slurm_keepalive_release(void);

#endif
