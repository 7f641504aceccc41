/* The foreground of the terminal. The shell has put the supervisor there; mpirun puts every rank
 * into a group of its own, from where it may write to the terminal but not read. So the supervisor
 * lends the foreground to rank 0 when that wants to read. */
#ifndef RANKPOOL_LAUNCH_TERMINAL_H
#define RANKPOOL_LAUNCH_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

/* Lends the foreground of our terminal to a process and its group. False if we do not have
 * it, being in the background. */
bool rpi_terminal_lend(pid_t process);

/* Takes it back from the one to whom it was lent. */
void rpi_terminal_take_back(void);

#endif
