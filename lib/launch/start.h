/* Starting mpirun as a child. */
#ifndef RANKPOOL_LAUNCH_START_H
#define RANKPOOL_LAUNCH_START_H

#include "launch/command.h"
#include "launch/signals.h"

#include <sys/types.h>

/* mpirun, and where to read what it prints. */
struct started {
    pid_t process;
    int output, errors;
};

/* Starts the command with the signals as they were before we took them. It ends when this process
 * dies. Returns 0, or an errno if there is no such command. */
int rpi_start(const struct command *command, const struct signals *signals,
              struct started *started);

#endif
