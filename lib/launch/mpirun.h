/* The mpirun that starts the ranks: its command line, its settings, and its start as a child
 * process. */
#ifndef RANKPOOL_LAUNCH_MPIRUN_H
#define RANKPOOL_LAUNCH_MPIRUN_H

#include "launch/signals.h"

#include <stdbool.h>
#include <sys/types.h>

/* What to start. */
struct command {
    const char *mpirun; /* name or path of the mpirun */
    int ranks;          /* how many; 0: one for each slot of the allocation */
    bool in_allocation; /* there may be other nodes */
    bool survives;      /* mpirun lets ranks live when one has died, and the supervisor decides */
    const char *session_dir; /* private directory for the files of mpirun and MPI, or "" */
    const char *channel;     /* name of the supervisor's control socket, for the ranks */
    char **arguments;        /* the program's, from argv[1] to NULL */
};

/* The mpirun to use, or NULL if there is none. */
const char *rpi_mpirun(void);

/* Can mpirun let ranks live when one has died? */
bool rpi_mpirun_survives(bool in_allocation);

/* Text that marks useless lines which mpirun prints after a death. */
const char *rpi_mpirun_chatter(void);

/* The signal that ended a rank, derived from mpirun's exit code; 0 if the code shows none. */
int rpi_signal_of_code(int mpirun_code);

/* On mpirun's command line, the argument ":" separates programs. So arguments that consist of
 * colons travel with one extra colon, which this function removes. For a rank that we launched. */
void rpi_restore_colons(int argc, char **argv);

/* Makes settings of MPI for a rank of any launcher. Does nothing once MPI is initialised. */
void rpi_prepare_mpi(void);

/* Removes the hwloc settings, which are only meant for the start of MPI, from the environment of a
 * rank that we launched: the program may use hwloc itself. Call it after MPI is initialised. */
void rpi_restore_topology(void);

/* mpirun, and the pipes that its output comes from. */
struct started {
    pid_t process;
    int output, errors;
};

/* Starts the command with the signal mask and actions from before rpi_signals_take(). The child
 * gets SIGTERM when this process dies. Returns 0, or an errno if the command cannot be executed:
 * E2BIG if it is too long, ENOSYS if the system does not reveal the program's file. */
int rpi_start(const struct command *command, const struct signals *signals,
              struct started *started);

/* Does a parameter file contradict a setting? `variable` is the environment variable of the
 * setting, such as OMPI_MCA_btl, which would override the file. A file that excludes components
 * ("^ucx") contradicts only a value that names one of them. */
bool rpi_parameter_is_set(const char *variable, const char *value);

#endif
