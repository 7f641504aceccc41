/* Are we in a batch job, which holds nodes for us that mpirun knows to find? */
#ifndef RANKPOOL_LAUNCH_ALLOCATION_H
#define RANKPOOL_LAUNCH_ALLOCATION_H

#include <stdbool.h>

/* True in the script or shell of a job of Slurm, PBS, LSF or Grid Engine. */
bool rpi_in_allocation(void);

#endif
