/**
 * @file rankpool/pool.h
 * @brief Pools: configuration, launching, opening and closing; ranks and nodes.
 */
#ifndef RANKPOOL_POOL_H
#define RANKPOOL_POOL_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

RP_BEGIN_DECLARATIONS

/**
 * Version of the library and of the MPI it was built with: "0.1.0 (Open MPI 4.1.4)". *Local.*
 */
const char *rp_version(void);

/**
 * How the library was built: the commit of its sources and the options of configure, as in "commit
 * 4e401635d1b0, configured with --disable-shared MPICC=mpicc.openmpi". *Local.*
 */
const char *rp_build(void);

/**
 * Gets what the library would write to stderr: one or more whole lines. It may be called by any
 * thread of the process, also by one of the library, but never by two at a time. It must not call
 * the library.
 *
 * @param[in] text   not ended by a null character
 * @param[in] bytes  its length
 * @param[in] user   of rp_set_message_function()
 */
typedef void (*rp_message_fn)(const char *text, size_t bytes, void *user);

/**
 * Has a function get the messages of this process: warnings, reports of the watchdog, and what
 * rp_report() prints. *Local.* Not the progress display (see rp_show_progress()), crash reports
 * (config.handle_signals), or what rp_launch() prints before there are ranks.
 *
 * Call it while no pool is open.
 *
 * @param[in] function  NULL: stderr again
 * @param[in] user      passed to it
 */
void rp_set_message_function(rp_message_fn function, void *user);

/**
 * How to treat an existing checkpoint in the directory config.checkpoint.
 *
 * With such a directory, every rank periodically writes the results that its maps, reductions,
 * loops (rp_loop_save()), streams and calls have finished into a journal there, and again at the
 * end of a job that failed or was interrupted. Reductions with `out`, rp_map_varlen() and
 * rp_worklist() are not saved: they are computed again. A program that was killed, interrupted, or
 * ended by the batch system can be restarted with RP_RESUME on any number of ranks and nodes. It
 * repeats the same calls, and items whose results are in the journals are not recomputed. Inputs
 * must be the same, and the sequence of calls must not depend on time or on the number of ranks.
 * Results are bit-identical to those of an uninterrupted run. Failed items are retried. Corrupt or
 * truncated journal entries are detected, and their items recomputed.
 *
 * rp_close() removes the journals, and the directory if the library created it, when every call on
 * the pool returned RP_OK, no rp_agree() reported an error, the pool was not interrupted, and no
 * earlier run had begun more jobs.
 *
 * A checkpoint is valid for one program: the content of its executable, its arguments
 * (config.fingerprint), and its jobs in order, with their sizes, seeds and inputs. On a mismatch
 * rp_open() or the job returns RP_ERR_ARGUMENT. A directory in use by another pool is also
 * RP_ERR_ARGUMENT.
 *
 * If a journal cannot be written, for example because the disk is full, one rank of each node
 * reports it once on stderr, and the work continues without a journal. The directory must be on a
 * file system that all nodes share, with room for the results of all jobs.
 */
typedef enum rp_resume {
    RP_RESUME_NOTHING, /**< an existing checkpoint is an error: RP_ERR_ARGUMENT from rp_open() */
    RP_RESUME,         /**< resume from it; start from the beginning if there is none */
    RP_RESUME_FORCED   /**< resume even if program, arguments or inputs differ, if you know that its
                            results are still valid. Jobs whose sizes differ start from the
                            beginning. */
} rp_resume;

/** Configuration of a pool. Zero means default; a NULL pointer to it means all defaults. */
typedef struct rp_config {
    int root;         /**< the root: rank that has the arrays of jobs by default */
    int node_size;    /**< treat each group of this many ranks of a machine as a node, for testing;
                           0: the real nodes. RANKPOOL_NODE_SIZE sets it if it is 0. */
    int thread_level; /**< MPI_THREAD_ constant that rp_open() passes to MPI_Init_thread(); 0:
                           MPI_THREAD_MULTIPLE (so MPI_THREAD_SINGLE cannot be requested where its
                           value is 0) */
    double heartbeat_timeout; /**< seconds; a node that does not answer for this long during a job
                                   is lost, and the job ends; 0: 60. RANKPOOL_HEARTBEAT sets it if
                                   it is 0. No effect where agents are polled. */
    bool handle_signals; /**< SIGUSR1, SIGTERM and SIGINT interrupt the pool: see rp_interrupted().
                              Also, before SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT or exit() ends
                              the process, the item being computed, rank, host and a backtrace are
                              printed on stderr. These signals are then passed to the previous
                              handlers. rp_close() removes the handlers. May differ. */
    double walltime_seconds; /**< interrupt the pool this long after it was opened; 0: never.
                                  Requires handle_signals. */
    double watchdog_seconds; /**< when no item has finished for this long while ranks compute or
                                  wait, one rank of each node prints on stderr what every rank of
                                  the node is doing; again after twice, four times ... as long. 0:
                                  never. RANKPOOL_WATCHDOG sets it if it is 0. */
    bool survive_deaths;     /**< continue without ranks that die, where possible: see
                                  rp_survives(). RANKPOOL_SURVIVE=1 sets it if it is false. */
    bool check;              /**< look for common mistakes, at the cost of speed: items are assigned
                                  at random (except with RP_SCHEDULE_STATIC), and the root starts
                                  last; outputs are poisoned before each task, and an item that
                                  leaves its output unwritten, or writes beyond it, fails with
                                  RP_ERR_TASK; arrays longer than their memory are refused; tasks of
                                  maps and reductions that store into node memory other than their
                                  `out` are reported, once, on stderr. RANKPOOL_CHECK=1 sets it if
                                  it is false. */
    const char *checkpoint;  /**< directory for checkpoints, from which a program that was ended
                                  early can resume; NULL: none. Created if missing.
                                  RANKPOOL_CHECKPOINT sets it if it is NULL. See rp_resume. Only the
                                  root's value is used; likewise for the next three. */
    rp_resume resume;        /**< how to treat an existing checkpoint. RANKPOOL_RESUME, 1 or force,
                                  sets it if it is 0. */
    double checkpoint_seconds; /**< most seconds of work that a rank may lose; 0: the least that can
                                    be had for 1 % of the time. RANKPOOL_CHECKPOINT_SECONDS sets it
                                    if it is 0. */
    uint64_t fingerprint; /**< of everything that results depend on besides the executable and the
                               inputs of the jobs, in particular the arguments: see
                               rp_fingerprint() */
    uint64_t reserved[6];
} rp_config;

/**
 * 64-bit hash (XXH3) of bytes: equal bytes have equal fingerprints, different bytes different ones
 * except for collisions. *Local,* pure.
 *
 * @param[in] before  0, or the fingerprint of the bytes before these, to chain calls
 * @param[in] bytes   may be NULL if `count` is 0
 */
uint64_t rp_fingerprint(uint64_t before, const void *bytes, size_t count);

/**
 * Starts the program on every core, unless a launcher has done so. Call it first in main().
 * *Local.*
 *
 * Under mpirun, srun or another launcher, or if MPI is already initialised, it returns RP_OK at
 * once and the process continues as one of the ranks. Otherwise it runs the program under mpirun,
 * waits for it, and *exits* with its status; code before this call in main() therefore runs in one
 * more process than there are ranks.
 *
 * The number of ranks is that of `--ranks N`, else of RANKPOOL_RANKS; else, in a batch allocation
 * (Slurm, PBS, LSF, Grid Engine), one per slot; else one per core that this process may use,
 * according to its affinity mask and cgroup limit. Rank 0 inherits this process's standard input,
 * output and error, and its other inherited file descriptors under the same numbers, so `-o
 * >(command)` works. SIGINT, SIGTERM and SIGHUP end all ranks, but the first SIGINT or SIGTERM
 * interrupts a pool that handles signals: see rp_interrupted().
 *
 * A rank that crashes or is killed ends the job at once, unless the others survive (see
 * rp_survives()). A rank that exits before rp_open() or without rp_close() while others wait for it
 * ends the job within seconds; ranks that are exiting meanwhile write all of their output. The exit
 * status is that of rank 0 if that failed, else that of the rank that ended the job, and one line
 * on stderr says which rank it was and how it ended. If no rank starts, the status is not 0.
 *
 * On one machine, Open MPI is configured to use shared memory and no networks. Settings in the
 * environment (OMPI_MCA_pml, OMPI_MCA_btl ...) or in a parameter file of Open MPI take precedence.
 *
 * Without an mpirun, a line on stderr says so and the process continues as a single rank.
 * RANKPOOL_MPIRUN overrides the mpirun found when the library was built. If that one, or an mpirun
 * that exists, cannot be started, the program ends with status 1.
 *
 * @param[in,out] argc, argv  those of main(). `--ranks N` and `--ranks=N` are removed, up to "--".
 * @return RP_OK, or RP_ERR_ARGUMENT for NULL. An invalid number of ranks ends the program with one
 *         line on stderr and status 2.
 * Cost: about 0.3 s to start mpirun and MPI.
 */
rp_status rp_launch(int *argc, char ***argv);

/**
 * True if a launcher (including rp_launch()) started this process, or MPI is initialised. *Local.*
 */
bool rp_launched(void);

/**
 * The rank that the launcher assigned to this process; -1 without a launcher, or if it did not
 * publish one. *Local.*
 *
 * Valid before MPI is initialised and after rp_open() has failed. To print an error only once,
 * print it where this is 0 or less.
 */
int rp_launched_rank(void);

/**
 * Opens a pool on all ranks of MPI_COMM_WORLD, initialising MPI if needed. *Collective* on it.
 *
 * @param[in] config  configuration, or NULL; the same on every rank
 * @param[out] pool   the pool, owned by the caller until rp_close(); NULL after an error
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH (the ranks' configs differ), RP_ERR_MEMORY,
 *         RP_ERR_MPI, RP_ERR_STATE (MPI is already finalised), RP_ERR_VERSION. Details:
 *         rp_last_error(NULL).
 * Cost: initialising MPI, if needed; a few MPI collectives; about 64 KiB of node memory per rank.
 */
rp_status rp_open(const rp_config *config, rp_pool **pool);

/**
 * Opens a pool on the ranks of a communicator. MPI must be initialised. *Collective* on `comm`.
 *
 * @param[in] comm    an intracommunicator. It is duplicated, so it may be freed before the pool.
 * @param[in] config  configuration, or NULL; `thread_level` has no effect here
 * @param[out] pool   as in rp_open()
 * @return as rp_open(); also RP_ERR_STATE if MPI is not initialised, and RP_ERR_ARGUMENT for
 *         MPI_COMM_NULL or an intercommunicator
 * Cost: as rp_open(), without initialising MPI.
 */
rp_status rp_open_comm(MPI_Comm comm, const rp_config *config, rp_pool **pool);

/**
 * Closes a pool, frees its resources and finalises MPI if rp_open() initialised it. *Collective.*
 *
 * @param[in,out] pool  set to NULL. NULL or a pointer to NULL does nothing.
 * @return RP_OK; RP_ERR_STATE if a loop was still open on this pool (it is stopped first), or if
 *         the ranks had made different collective calls. The pool is freed in every case.
 */
rp_status rp_close(rp_pool **pool);

/**
 * True if the pool has been interrupted, as far as this rank's node knows. *Local.*
 *
 * With config.handle_signals a pool can be shut down in an orderly way: each rank finishes its
 * current item, or chunk of a loop, and takes no other. The job, and every later one, then returns
 * RP_ERR_INTERRUPTED on every rank, with the finished results delivered as after a failure (of a
 * stream only some: see rp_stream()); a job whose items were all done returns RP_OK. The program
 * should then exit with rp_exit_code(), which is 75. Programs that do work outside jobs of the pool
 * can poll this function.
 *
 * A pool is interrupted by
 *
 * - SIGUSR1 sent to any rank, or to an mpirun, which forwards it to all ranks;
 * - SIGTERM sent to any rank. An mpirun that receives SIGTERM kills its ranks a second later, so
 *   send it SIGUSR1 instead;
 * - the first SIGINT or SIGTERM sent to a program that rp_launch() started. The second ends it at
 *   once;
 * - the first SIGINT sent to a rank that rp_launch() did not start. The second ends it at once;
 * - the clock: after config.walltime_seconds, and before the end of a Slurm job, if
 *   SLURM_JOB_END_TIME is in the environment: earlier by a twentieth of the time that was left when
 *   the pool was opened, but at most by a minute.
 *
 * Handlers that the program installed earlier are called as well. The program should not install
 * others while the pool is open; closing the last pool that handles signals restores the old ones.
 * Signals and time limits apply to all pools of the process that handle signals.
 *
 * Cost: an atomic load; none for jobs.
 */
bool rp_interrupted(const rp_pool *pool);

/**
 * The lowest item at which a task or a rank said that the last loop, map, reduction or worklist had
 * found enough: rp_task_enough(), rp_loop_enough(). The same on every rank. -1: none did, or the
 * job failed. *Local.*
 */
int64_t rp_enough_item(const rp_pool *pool);

/**
 * True if the other ranks continue when one dies. *Local.*
 *
 * This requires config.survive_deaths, that the ranks of a node may access each other's memory
 * (process_vm_readv), and a launcher that does not kill the surviving ranks. With Open MPI 4: on
 * one machine rp_launch() outside a batch allocation and `mpirun --enable-recovery`, on one node or
 * several `srun --mpi=pmix`. With Open MPI 5 built with ULFM: on one machine rp_launch() and
 * `mpirun --with-ft ulfm`. On several nodes each rank must be able to open a TCP connection to the
 * root's host; one per node is open.
 *
 * Any rank but the root may then be killed in rp_loop_open() to rp_loop_close(), rp_map(),
 * rp_reduce(), rp_stream(), rp_control_run(), rp_worklist(), rp_barrier(), rp_node_sync(),
 * rp_agree(), rp_node_free() and rp_close(): the call continues without it, and results are
 * bit-identical. The dead rank's unfinished items are recomputed on other ranks, one at a time. An
 * item is given up if three ranks in a row died while computing it; in a map whose `out` is `in`,
 * at the first death. Such items are RP_ERR_LOST, and so is the job (at its end, with
 * RP_ON_FAILURE_CONTINUE); the consumer of a stream, and the future of a call, get the error in
 * place of the result. rp_map_varlen() and other collectives need all ranks: they return
 * RP_ERR_LOST at once if a rank has died before.
 *
 * The thread that opens the pool must live as long as the pool: when it ends, its rank ends without
 * rp_close(), and so does the job. After a death rp_close() does not
 * finalise MPI, which would wait for the dead rank, and the program must not either: it returns
 * from main(). A rank that dies outside those calls, and the root anywhere, ends the job;
 * rp_launch() ensures that.
 */
bool rp_survives(const rp_pool *pool);

/**
 * Number of ranks known to have died at the last synchronisation of the ranks; the same on all.
 * *Local.* rp_ranks() does not change, and rp_block() still assigns a block to a dead rank.
 */
int rp_ranks_lost(const rp_pool *pool);

/** This process's rank in the pool, 0 ... rp_ranks() - 1. *Local,* like the six below. */
int rp_rank(const rp_pool *pool);
/** Number of ranks in the pool. */
int rp_ranks(const rp_pool *pool);
/** The pool's root, as configured. */
int rp_root(const rp_pool *pool);
/** This rank's node, 0 ... rp_nodes() - 1. A node is a group of ranks that share memory. */
int rp_node(const rp_pool *pool);
/** Number of nodes. */
int rp_nodes(const rp_pool *pool);
/** This rank's place in its node, 0 ... rp_node_ranks() - 1. */
int rp_node_rank(const rp_pool *pool);
/** Number of ranks on this rank's node. */
int rp_node_ranks(const rp_pool *pool);

RP_END_DECLARATIONS

#endif
