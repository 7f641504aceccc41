/* The line to Slurm: the connection of a rank to the PMIx server of its node, which MPI has opened.
 * Slurm's plugin ends the whole step when such a line breaks off while other ranks of the node
 * live. So where the others are to go on, a process without any other purpose keeps the line as
 * well: when the rank is killed, it does not break off. The process ends with the step. */
#ifndef RANKPOOL_LAUNCH_LINE_H
#define RANKPOOL_LAUNCH_LINE_H

#include <stdbool.h>

/* Was this rank started by srun, with PMIx? */
bool rpi_line_to_slurm(void);

/* Has a process keep the line, for one pool more. False if there is none to keep, or no way to. */
bool rpi_line_keep(void);

/* One pool does not need it any more. */
void rpi_line_let_go(void);

#endif
