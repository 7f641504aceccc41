/* What the environment says about how this process was started.
 *
 * The room launch/ makes `./program` run on every core: see rp_launch() in rankpool.h. It knows
 * base/ and the environment, nothing of pools, and of MPI only whether it is initialised.
 *
 *   launched     was this process started by a launcher, as which rank of how many?
 *   allocation   are we in a batch job that holds nodes for us?
 *   options      the number of ranks that the user asks for
 *   command      the command line and settings of mpirun
 *   supervisor   the process that stays: starts mpirun, watches, ends, and exits with the verdict
 *   crew         the supervisor's connections to its ranks
 *   standing     what a rank's death would mean
 *   line         the connection to Slurm, kept beyond a rank's death
 *   losses       ranks that died, and the others went on
 *   verdict      what the ranks said at their end, and what the supervisor makes of it
 *   pump         copies what mpirun prints
 *   signals      which signals the supervisor takes, and how it dies of one
 *   obituary     how a rank ended
 *   scratch      a private directory for the files of mpirun
 *   orphans      ranks that lost their mpirun
 *   events       waiting for many files at once
 *   start        starting mpirun as a child
 *   terminal     who is in the foreground of the terminal
 *   channel      messages and files between processes of this machine
 *   rank         the rank's end of it: hello, standard files, verdict */
#ifndef RANKPOOL_LAUNCH_LAUNCHED_H
#define RANKPOOL_LAUNCH_LAUNCHED_H

/* The variable that rp_launch() sets for its ranks: the name of the supervisor's channel. */
#define RPI_LAUNCHED_VARIABLE "RANKPOOL_LAUNCHED"

/* How many ranks the launcher started, or -1 if it did not say. */
int rpi_launched_ranks(void);

#endif
