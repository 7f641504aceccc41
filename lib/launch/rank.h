/* The rank's end of the channel to its supervisor. */
#ifndef RANKPOOL_LAUNCH_RANK_H
#define RANKPOOL_LAUNCH_RANK_H

#include <stdbool.h>

/* Says hello to the supervisor of that name, takes over the standard files it hands to rank 0,
 * and will tell it the exit code at the end. On another node there is none, and mpirun does
 * what it can. */
void rpi_rank_join(const char *channel_name, int rank);

/* Has this process a supervisor? */
bool rpi_rank_supervised(void);

/* Tells the supervisor, if there is one, whether SIGUSR1 makes this rank end its work in good
 * order. */
void rpi_rank_interruptible(bool can);

#endif
