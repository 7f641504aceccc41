/* rp_launch(): becomes the supervisor of a new job, or continues as one of its ranks. */
#ifndef RANKPOOL_LAUNCH_LAUNCH_H
#define RANKPOOL_LAUNCH_LAUNCH_H

#include <stdbool.h>

/* Has this process called rp_launch()? */
bool rpi_launch_called(void);

/* Removes every `--ranks N` and `--ranks=N` before "--" from the arguments, and returns the last N,
 * or 0 if there is none. A bad number ends the program with exit code 2; the first rank prints one
 * line on stderr. */
int rpi_take_ranks_option(int *argc, char **argv);

/* The number in RANKPOOL_RANKS, or 0 if it is unset. A bad number ends the program as above. */
int rpi_ranks_of_environment(void);

#endif
