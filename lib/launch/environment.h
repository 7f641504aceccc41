/* What the environment says about how this process was started.
 *
 * The module launch/ makes `./program` run on every core: see rp_launch() in rankpool.h. It depends
 * on base/ and the environment, not on pools; of MPI it only asks whether it is initialised.
 *
 * On every process:
 *   environment      was this process started by a launcher, as which rank of how many? Are we in a
 *                    batch job?
 *   launch           rp_launch(): chooses the number of ranks; supervises a job, or goes on as a
 *                    rank
 * The supervisor, which is the process that the user started:
 *   supervisor       starts mpirun, serves the ranks' connections, and exits as the job ends
 *   job              decides when to end or stop the ranks, and derives the exit code
 *   rank_table       the connections to the ranks
 *   exit_status      the ways in which a rank ends, and what each means for the job
 *   startup          have all ranks started?
 *   mpirun           the command line, the settings and the start of mpirun
 *   program          how to run this program again
 *   parameters       Open MPI's parameter files
 *   inherited        files that the user opened for the program
 *   output_relay     copies mpirun's output
 *   signals          the signals that the supervisor takes, and dying by one
 *   session_dir      a private directory for mpirun's files
 *   processes        queries of /proc, orphaned ranks, and the foreground of the terminal
 * Both ends:
 *   control_socket   messages and file descriptors between processes of this machine
 *   rank_state       what a rank's death would mean, in memory shared with the supervisor
 * A rank:
 *   rank_client      its end of the control socket: hello, standard files, exit code
 *   slurm_keepalive  keeps the connection to Slurm open beyond a rank's death */
#ifndef RANKPOOL_LAUNCH_ENVIRONMENT_H
#define RANKPOOL_LAUNCH_ENVIRONMENT_H

#include <stdbool.h>

/* rp_launch() sets this variable for its ranks: the name of the supervisor's control socket. */
#define RPI_LAUNCHED_VARIABLE "RANKPOOL_LAUNCHED"

/* The names of the variables that rp_launch() and rp_open() set for MPI and mpirun, each followed
 * by a space: for programs that start others, for which these are wrong. */
#define RPI_SETTINGS_VARIABLE "RANKPOOL_SETTINGS"

/* The number of ranks that the launcher started, or -1 if unknown. */
int rpi_launched_ranks(void);

/* True in the script or shell of a Slurm, PBS, LSF or Grid Engine job, whose nodes mpirun finds by
 * itself. */
bool rpi_in_allocation(void);

#endif
