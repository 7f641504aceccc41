/* The mpirun that starts the ranks: its command line and its settings. */
#ifndef RANKPOOL_LAUNCH_COMMAND_H
#define RANKPOOL_LAUNCH_COMMAND_H

#include <stdbool.h>

/* What to start. */
struct command {
    const char *mpirun;  /* name or path of the mpirun */
    int ranks;           /* how many; 0: one for each slot of the allocation */
    bool in_allocation;  /* are there perhaps other nodes? */
    bool survives;       /* mpirun lets ranks live when one has died, and the supervisor decides */
    const char *scratch; /* private directory for what they keep in files, or "" */
    const char *channel; /* name of the supervisor's channel, for the ranks to find it */
    char **arguments;    /* the program's, from argv[1] on, up to NULL */
};

/* The mpirun to use, or NULL if there is none. */
const char *rpi_mpirun(void);

/* Can it let ranks live when one has died? */
bool rpi_mpirun_survives(bool in_allocation);

/* What stands in lines that mpirun then prints when one has died, and that tell nobody anything. */
const char *rpi_mpirun_chatter(void);

/* Turns this process into that mpirun, starting the program that this process runs. Returns only if
 * that is not possible, with an errno. */
int rpi_command_execute(const struct command *command);

/* The signal that ended a rank, by the exit code of mpirun when a rank ended so; 0 if it
 * tells none. */
int rpi_signal_of_code(int mpirun_code);

/* An argument that is exactly ":" separates programs on mpirun's command line. So arguments of
 * colons alone travel with one colon more, which this takes away again. For a rank of ours. */
void rpi_restore_colons(int argc, char **argv);

#endif
