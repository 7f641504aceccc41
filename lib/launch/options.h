/* The number of ranks that the user asks for. */
#ifndef RANKPOOL_LAUNCH_OPTIONS_H
#define RANKPOOL_LAUNCH_OPTIONS_H

/* Takes every `--ranks N` and `--ranks=N` out of the arguments, up to a "--", and returns the last
 * N, or 0 if there was none. A bad number ends the program with status 2, after one line on stderr
 * from the first rank. */
int rpi_take_ranks_option(int *argc, char **argv);

/* The number in RANKPOOL_RANKS, or 0 if it is unset. A bad one ends the program as above. */
int rpi_ranks_of_environment(void);

#endif
