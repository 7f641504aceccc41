/* The process that the user started: it runs mpirun, stays, and ends as the job ends. */
#ifndef RANKPOOL_LAUNCH_SUPERVISOR_H
#define RANKPOOL_LAUNCH_SUPERVISOR_H

#include "launch/command.h"

/* Runs the command, whose channel is filled in here, and exits as the job does. Returns only if the
 * command could not be started, with an errno and with everything as it was, except that standard
 * files that were closed are /dev/null. */
int rpi_supervise(struct command *command);

#endif
