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
 * Version of the library and of the MPI it was built with, as "0.1.0 (Open MPI 4.1.4)". *Local.*
 */
const char *rp_version(void);

/**
 * What to do with work that a directory keeps (config.checkpoint).
 *
 * With a directory, every rank writes what its maps, reductions, loops (rp_loop_save()) and streams
 * have finished into a journal there, now and then, and at the end of a job that was interrupted or
 * failed. A program that was killed, interrupted, or ended by the batch system is then started
 * again with RP_RESUME, on any number of ranks and nodes: it does the same calls, and items whose
 * results are kept are not computed again. (So inputs have to be the same, and calls must not
 * depend on time or on the number of ranks.) Results are the same bits as without a break. Items
 * that had failed are tried again. What is spoilt or was cut off in the journals is noticed, and
 * computed again.
 *
 * When the pool is closed, and every call on it returned RP_OK, no rp_agree() told of trouble, it
 * was not interrupted, and no earlier run had begun more jobs, then the journals are removed, and
 * the directory if it was made for them.
 *
 * Work that is kept belongs to a program: to the content of its file, its arguments
 * (config.fingerprint), and its jobs, in their order, with their sizes, seeds and inputs. Other
 * work is RP_ERR_ARGUMENT, from rp_open() or from the job. So is a directory that
 * another pool uses.
 *
 * If a journal cannot be written, because the disk is full, say, one rank of each node tells that
 * on stderr, once, and the work goes on without it. Results have to fit into the directory's file
 * system, beside each other; it is one that all nodes share.
 */
typedef enum rp_resume {
    RP_RESUME_NOTHING, /**< kept work is an error: RP_ERR_ARGUMENT, from rp_open() */
    RP_RESUME,         /**< go on with it; begin anew if there is none */
    RP_RESUME_FORCED   /**< also if another program kept it, or one with other arguments or inputs:
                            for those who know that its results hold. Jobs of other sizes begin
                            anew. */
} rp_resume;

/** How to open a pool. Zero means default; NULL instead of a pointer to it means all defaults. */
typedef struct rp_config {
    int root;         /**< the rank that has the arrays of jobs which do not say otherwise */
    int node_size;    /**< pretend that every so many ranks of a machine are a node; 0: as it is.
                           RANKPOOL_NODE_SIZE does the same for programs that leave it 0. */
    int thread_level; /**< what rp_open() asks MPI_Init_thread for, an MPI_THREAD_ constant; 0:
                           MPI_THREAD_MULTIPLE (so MPI_THREAD_SINGLE, where that is 0, cannot be
                           asked for) */
    double heartbeat_timeout; /**< a node that does not answer for so long during a job is lost,
                                 and the job ends; 0: 60. RANKPOOL_HEARTBEAT does the same for
                                 programs that leave it 0. Without meaning where agents are
                                 polled. */
    bool handle_signals; /**< SIGUSR1, SIGTERM and SIGINT interrupt the pool: see rp_interrupted().
                              And before SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT or exit() ends the
                              process, it says on stderr which item was being computed, on which
                              rank and host, and the way there. Signals then go to the handlers of
                              them before; rp_close() takes the handlers away. May differ. */
    double walltime_seconds; /**< so long after it was opened the pool is interrupted; 0: never.
                                  Needs handle_signals. */
    double watchdog_seconds; /**< when nothing has finished for so long while ranks compute or wait,
                                  one rank of each node tells on stderr what every rank of the node
                                  is doing; again after twice, four times ... as long. 0: never.
                                  RANKPOOL_WATCHDOG does the same for programs that leave it 0. */
    bool survive_deaths;     /**< the other ranks go on when one dies, where that is possible: see
                              rp_survives(). RANKPOOL_SURVIVE=1 does the same for programs that
                              leave it false. */
    bool check;              /**< look for the commonest mistakes, at the price of speed: items are
                              dealt out at random (not with RP_SCHEDULE_STATIC), and the root
                              gets its first ones last; outputs are poisoned before a task, and an
                              item that leaves it unwritten, or writes beyond it, fails with
                              RP_ERR_TASK; arrays that are longer than their memory are refused.
                              RANKPOOL_CHECK=1 does the same for programs that leave it false. */
    const char *checkpoint;  /**< a directory in which finished work is kept, so that a program that
                              was ended before its time can go on where it was; NULL: none. It is
                              made if it is not there. RANKPOOL_CHECKPOINT does the same for
                              programs that leave it NULL. See rp_resume. The root's counts, as in
                              the next three. */
    rp_resume resume; /**< what to do with work that is kept there already. RANKPOOL_RESUME, 1
                              or force, does the same for programs that leave it 0. */
    double checkpoint_seconds; /**< how much of its work a rank may lose, in seconds; 0: as
                                    little as can be had for 1 % of the time.
                                    RANKPOOL_CHECKPOINT_SECONDS does the same for programs that
                                    leave it 0. */
    uint64_t fingerprint; /**< of whatever the results depend on beside the program's file and the
                              inputs of its jobs, its arguments above all: see rp_fingerprint() */
    uint64_t reserved[6];
} rp_config;

/**
 * A fingerprint of bytes: equal bytes have the same, and others, but for chance, another (64 bits,
 * XXH3). *Local,* pure.
 *
 * @param[in] before  0, or a fingerprint of what comes before them
 * @param[in] bytes   may be NULL if `count` is 0
 */
uint64_t rp_fingerprint(uint64_t before, const void *bytes, size_t count);

/**
 * Starts the program on every core, unless a launcher has done so. First in main. *Local.*
 *
 * Under mpirun, srun or another launcher, or if MPI is already initialised, it returns RP_OK at
 * once and the program goes on as one rank of many. Otherwise it runs the program under mpirun,
 * waits for it, and *exits* with its status, so what stands before it in main is done by one
 * process more than there are ranks.
 *
 * There will be as many ranks as `--ranks N` says, or else the environment's RANKPOOL_RANKS; or
 * else, in a batch allocation (Slurm, PBS, LSF, Grid Engine), one per slot of it; or else one per
 * core that this process may use, by its affinity mask and its cgroup's limit. Rank 0 has this
 * process's own standard input, output and error, and the other files that the user opened for the
 * program, under the same numbers: `-o >(command)` works. SIGINT, SIGTERM and SIGHUP end all ranks;
 * but the first SIGINT or SIGTERM interrupts a pool that handles signals: see rp_interrupted().
 *
 * A rank that crashes or is killed ends the job at once, unless the others go on without it (see
 * rp_survives()). One that exits while others wait for it, before rp_open() or without rp_close(),
 * ends it within seconds, and those that are exiting meanwhile write all of their output. The exit
 * status is that of rank 0 if that failed, or else of the rank that ended the job, and one line on
 * stderr says which and how. If no rank starts, the status is not 0.
 *
 * On one machine Open MPI is told to use shared memory, and not to look for networks. A setting in
 * the environment (OMPI_MCA_pml, OMPI_MCA_btl ...) or in a parameter file of Open MPI goes before
 * it.
 *
 * Where there is no mpirun it says so in one line on stderr and goes on as a single rank.
 * RANKPOOL_MPIRUN names another mpirun than the one found when the library was built. If that one,
 * or one that is there, cannot be started, the program ends with status 1.
 *
 * @param[in,out] argc, argv  main's. `--ranks N` and `--ranks=N` are taken out, up to a "--".
 * @return RP_OK, or RP_ERR_ARGUMENT for NULL. A bad number of ranks ends the program with one line
 *         on stderr and status 2.
 * Cost: about 0.3 s, the start of mpirun and of MPI.
 */
rp_status rp_launch(int *argc, char ***argv);

/**
 * Did a launcher start this process (rp_launch() is one), or is MPI initialised? *Local.*
 */
bool rp_launched(void);

/**
 * The rank that a launcher gave this process, or -1 if there was none or it did not say. *Local.*
 *
 * Valid before MPI is initialised and after rp_open() has failed. To print an error only once,
 * print it where this is 0 or less.
 */
int rp_launched_rank(void);

/**
 * Opens a pool on all ranks of MPI_COMM_WORLD, initialising MPI if needed. *Collective* on it.
 *
 * @param[in] config  how, or NULL; the same on every rank
 * @param[out] pool   the pool, owned by the caller until rp_close(); NULL after an error
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH (the ranks' configs differ), RP_ERR_MEMORY,
 *         RP_ERR_MPI, RP_ERR_STATE (MPI is already finalised), RP_ERR_VERSION. Details:
 *         rp_last_error(NULL).
 * Cost: the start of MPI, if it is not initialised; a few collective calls of MPI; node memory
 * of some 64 KiB per rank.
 */
rp_status rp_open(const rp_config *config, rp_pool **pool);

/**
 * Opens a pool on the ranks of a communicator. MPI must be initialised. *Collective* on `comm`.
 *
 * @param[in] comm    an intracommunicator. It is duplicated, and may be freed while the pool lives.
 * @param[in] config  how, or NULL; `thread_level` has no effect here
 * @param[out] pool   as in rp_open()
 * @return as rp_open(); RP_ERR_STATE also where MPI is not initialised, RP_ERR_ARGUMENT also for
 *         MPI_COMM_NULL and for an intercommunicator
 * Cost: as rp_open() without the start of MPI.
 */
rp_status rp_open_comm(MPI_Comm comm, const rp_config *config, rp_pool **pool);

/**
 * Closes a pool, frees what it made and finalises MPI if rp_open() initialised it. *Collective.*
 *
 * @param[in,out] pool  set to NULL. NULL or a pointer to NULL is fine and does nothing.
 * @return RP_OK; RP_ERR_STATE if a loop was still open on this pool (it is stopped first), or if
 *         the ranks had lost step. The pool is gone in every case.
 */
rp_status rp_close(rp_pool **pool);

/**
 * Has the pool been interrupted, as far as this rank's node knows? *Local.*
 *
 * With config.handle_signals a pool ends its work in good order when it is told to: ranks finish
 * the item, or the chunk of a loop, that they are at, and take no other. The job, and every job
 * begun afterwards, then returns RP_ERR_INTERRUPTED on every rank, with what is finished delivered
 * as after a failure; a job of which nothing was left to do returns RP_OK. The program should end,
 * with rp_exit_code(), which is 75. Programs whose work is no job of the pool ask here.
 *
 * It is told by
 *
 * - SIGUSR1, to any rank, or to an mpirun, which passes it on to all;
 * - SIGTERM to any rank. mpirun, when it gets one, ends ranks so a second later: ask with SIGUSR1;
 * - SIGINT or SIGTERM to a program that rp_launch() started: once. The second ends it at once;
 * - SIGINT to a rank without rp_launch()'s care, likewise;
 * - the clock: after config.walltime_seconds, and when the end of a Slurm job comes near, where the
 *   environment's SLURM_JOB_END_TIME tells it: before it by a twentieth of the time that was left
 *   when the pool was opened, at most by a minute.
 *
 * Handlers of the program's that were there before are called as well. While the pool is open the
 * program should not install others; when the last pool that handles signals is closed, the old
 * ones are back. Signals and clock concern all pools of the process that handle signals.
 *
 * Cost: an atomic load; none for jobs.
 */
bool rp_interrupted(const rp_pool *pool);

/**
 * Do the other ranks go on when one dies? *Local.*
 *
 * They do if config.survive_deaths asked for it, the ranks of a node may reach each other's memory
 * (process_vm_readv), and the launcher leaves the living alone: on one machine rp_launch() outside
 * a batch allocation and `mpirun --enable-recovery`, on one node or several `srun --mpi=pmix`, all
 * with Open MPI 4; with Open MPI 5, where it has ULFM, on one machine rp_launch() and `mpirun
 * --with-ft ulfm`. On several nodes each rank must be able to open a TCP connection to the root's
 * host. Then rp_loop_open() to rp_loop_close(), rp_map(), rp_reduce(), rp_stream(), rp_barrier(),
 * rp_node_sync(), rp_agree(), rp_node_free() and rp_close() go on without a rank that is killed in
 * them, whichever but the root, and results are the same bits. What the rank had in hand is begun
 * again elsewhere, item by item; an item that was at hand when three ranks in a row died is given
 * up, and so are, at once, those of a map whose `out` is `in`: they are RP_ERR_LOST, which the job
 * returns (at its end, with RP_ON_FAILURE_CONTINUE); the consumer of a stream gets the error in
 * place of the item's result. rp_map_varlen() and other collectives need all ranks: they return
 * RP_ERR_LOST at once when one has died before.
 *
 * The thread that opens the pool then has to live as long as the pool. Once a rank has died,
 * rp_close() does not finalise MPI, which would wait for it, and neither should the program: it
 * returns from main. A rank that dies outside those calls, or the root anywhere, ends the job:
 * rp_launch() sees to that.
 */
bool rp_survives(const rp_pool *pool);

/**
 * How many ranks had died when the ranks last met, the same number on all. *Local.* rp_ranks() does
 * not change, nor does what rp_block() gives a rank that is dead.
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
