/* The process that the user started: it runs mpirun, waits for the job, and ends as the job
 * ends. */
#ifndef RANKPOOL_LAUNCH_SUPERVISOR_H
#define RANKPOOL_LAUNCH_SUPERVISOR_H

#include "launch/mpirun.h"

/* Runs the command, filling in its control socket and session directory, and exits as the job does.
 * Returns only if the command could not be started, with an errno. Everything is then as it was,
 * except that closed standard files are /dev/null. */
int rpi_supervise(struct command *command);

/* The state of the launch, for a caller that explains it when the supervisor exits. */
struct launch_facts {
    int ranks, started; /* expected, and started */
    bool tried, ended_by_signal;
};
struct launch_facts rpi_launch_facts(void);

#endif
