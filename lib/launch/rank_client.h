/* The rank's end of the control socket to its supervisor. */
#ifndef RANKPOOL_LAUNCH_RANK_CLIENT_H
#define RANKPOOL_LAUNCH_RANK_CLIENT_H

#include <stdbool.h>

/* Registers with the supervisor if one started this process, takes over the files that it sends to
 * rank 0, and will report the exit code to it at the end. Where the compiler supports constructors
 * this runs before main(), so that the supervisor knows every rank that has started. On another
 * node there is no supervisor, and mpirun does what it can. */
void rpi_rank_join(void);

/* The program has called rp_launch(). */
void rpi_rank_launched(void);

/* MPI cannot be finalised any more: a thread waits in it for a rank that has died. The process then
 * ends by _exit(), without the exit handlers of libraries. */
void rpi_rank_leave_abruptly(void);

/* Does this process have a supervisor? */
bool rpi_rank_supervised(void);

/* Tells the supervisor, if there is one, whether SIGUSR1 makes this rank end its work in good
 * order. */
void rpi_rank_interruptible(bool can);

#endif
