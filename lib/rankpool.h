/**
 * @file rankpool.h
 * @brief Rankpool: every core of a laptop, and every node of a cluster, on one numeric problem.
 *
 * The same program runs as `./program`, on every core of this machine, as `mpirun -np 16
 * ./program`, and as `srun ./program` on many nodes. It is SPMD: every rank runs main, and the
 * ranks share work through the pool. README.md has a first program, doc/guide leads here from
 * Python's Pool and from MPI by hand, and its page of caveats says what is not checked.
 *
 * How to read this page
 *
 * - *Collective*: every rank of the pool calls it, in the same order, with the same arguments where
 *   the text does not say otherwise. It waits for the others, asleep.
 * - *Local*: any rank may call it, at any time; it waits for nobody.
 * - *Structs*: zero means the default, so `{0}` and designated initialisers do what one expects.
 *   `reserved` stays zero; anything else is RP_ERR_VERSION: the program was built for a newer
 *   library.
 * - *Errors*: a function that can fail returns an rp_status. A collective one returns the same
 *   status on every rank, whichever rank had the trouble, and rp_last_error() has the details, the
 *   same everywhere. After RP_ERR_ARGUMENT, RP_ERR_MEMORY and most RP_ERR_MISMATCH the pool works
 *   on. When ranks made *different calls* they have lost step for good: they get RP_ERR_MISMATCH
 *   once and RP_ERR_STATE, at once, from every later call; rp_close() still works. That,
 *   RP_ERR_STATE while a loop is open, and RP_ERR_MPI may come from any collective call; @return
 *   names what else may.
 * - *Pools*: a pool is one that rp_open() or rp_create() made. Functions that return an rp_status
 *   answer RP_ERR_ARGUMENT to NULL, at once and on the rank that gave it alone; the others, but for
 *   rp_last_error(), must not be given NULL.
 * - *Threads*: one thread at a time uses a pool. Two pools may be used by two threads if MPI was
 *   initialised with MPI_THREAD_MULTIPLE.
 * - *Output*: the library never writes to stdout, never exits and never aborts, rp_launch() aside,
 *   and but for items that never end where a job limits their time: see
 options.item_seconds. */
#ifndef RANKPOOL_H
#define RANKPOOL_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/** Version of this header; rp_version() tells that of the library. */
#define RP_VERSION "0.1.0"

/** One pool: a group of ranks that work together. Opaque; made by rp_open() or rp_create(). */
typedef struct rp_pool rp_pool;

/** One loop being worked off by all ranks of a pool. Opaque; made by rp_loop_open(). */
typedef struct rp_loop rp_loop;

/** A two-dimensional field cut into blocks, one for each rank. Opaque; made by rp_grid_open(). */
typedef struct rp_grid rp_grid;

/** One call of a function of the program: for which item, and whose. Opaque. */
typedef struct rp_task rp_task;

/** A file that all ranks write together. Opaque; made by rp_file_create(). */
typedef struct rp_file rp_file;

/** Results of unequal length, on the ranks that computed them. Opaque; made by rp_collect(). */
typedef struct rp_results rp_results;

/** Bytes that grow: a result whose length only its task knows. Opaque. */
typedef struct rp_buffer rp_buffer;

/** The items i with begin <= i < end. */
typedef struct rp_range {
    int64_t begin, end;
} rp_range;

/* ---------------------------------------------------------------------------------------------
 * Errors
 * ------------------------------------------------------------------------------------------ */

/** Every status with its meaning, in one table: each(NAME, text). */
/* clang-format off */
#define RP_STATUS_TABLE(each) \
    each(RP_OK, "success") \
    each(RP_ERR_ARGUMENT, "an argument makes no sense") \
    each(RP_ERR_MISMATCH, "the ranks of a collective call do not agree") \
    each(RP_ERR_MEMORY, "not enough memory") \
    each(RP_ERR_MPI, "MPI reported an error") \
    each(RP_ERR_TASK, "the program's own code reported an error") \
    each(RP_ERR_LOST, "a rank was lost") \
    each(RP_ERR_TIMEOUT, "a time limit was reached") \
    each(RP_ERR_INTERRUPTED, "interrupted, and may be resumed") \
    each(RP_ERR_CANCELLED, "cancelled") \
    each(RP_ERR_IO, "reading or writing failed") \
    each(RP_ERR_STATE, "this call is not allowed now") \
    each(RP_ERR_VERSION, "the program was built for another version of the library")
/* clang-format on */

#define RP_STATUS_ENUMERATOR(name, text) name,
/** What became of a call. */
typedef enum rp_status {
    RP_STATUS_TABLE(RP_STATUS_ENUMERATOR)
} rp_status;
#undef RP_STATUS_ENUMERATOR

/** What became of a call, in detail. `rank` and `item` are -1 where none is to blame. */
typedef struct rp_error {
    rp_status status;
    int task_code;  /**< what the program's own code gave as its reason, or 0 */
    int rank;       /**< rank in the pool on which it went wrong */
    int signal;     /**< signal that ended the rank, or 0 */
    int64_t item;   /**< item that failed */
    char host[64];  /**< host of that rank */
    char text[512]; /**< one sentence for a person */
} rp_error;

/**
 * Version of the library and of the MPI it was built with, as "0.1.0 (Open MPI 4.1.4)".
 *Local.* */
const char *rp_version(void);

/** The meaning of a status, a constant string, never NULL: "unknown status" for others. *Local.* */
const char *rp_strerror(rp_status status);

/**
 * What became of the last collective call on a pool: after one that went well its status is RP_OK;
 * after rp_agree() it is what the ranks told. *Local.*
 *
 * @param[in] pool  a pool, or NULL for the last rp_open() or rp_create() of this thread that failed
 * @return a record, never NULL. The pool owns it; the next call on the pool may change
 it. */
const rp_error *rp_last_error(const rp_pool *pool);

/**
 * The exit code a program should end with: 0 for RP_OK, 2 for RP_ERR_ARGUMENT, 75 (EX_TEMPFAIL) for
 * RP_ERR_INTERRUPTED, 1 for everything else. *Local.*
 */
int rp_exit_code(rp_status status);

/* ---------------------------------------------------------------------------------------------
 * Life of a pool
 * ------------------------------------------------------------------------------------------ */

/**
 * What to do with work that a directory keeps (config.checkpoint).
 *
 * With a directory, every rank writes what its maps, reductions, loops (rp_loop_keep()) and streams
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
    double silence_seconds; /**< a node that does not answer for so long during a job is lost,
                                 and the job ends; 0: 60. RANKPOOL_SILENCE does the same for
                                 programs that leave it 0. Without meaning where agents are
                                 polled. */
    bool handle_signals; /**< SIGUSR1, SIGTERM and SIGINT interrupt the pool: see rp_interrupted().
                              And before SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT or exit() ends the
                              process, it says on stderr which item was being computed, on which
                              rank and host, and the way there. Signals then go to whoever handled
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
 * process's own standard input, output and error. SIGINT, SIGTERM and SIGHUP end all ranks; but the
 * first SIGINT or SIGTERM interrupts a pool that handles signals: see rp_interrupted().
 *
 * Where there is no mpirun it says so in one line on stderr and goes on as a single rank.
 * RANKPOOL_MPIRUN names another mpirun than the one found when the library was built.
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
 * Known before MPI is initialised and after rp_open() failed, when all have the same to say and one
 * should say it: the one for which this is 0 or less. *Local.*
 */
int rp_launched_rank(void);

/**
 * Opens a pool on all ranks of MPI_COMM_WORLD, initialising MPI if nobody has. *Collective* on it.
 *
 * @param[in] config  how, or NULL; the same on every rank
 * @param[out] pool   the pool, owned by the caller until rp_close(); NULL after an error
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH (the ranks' configs differ), RP_ERR_MEMORY,
 *         RP_ERR_MPI, RP_ERR_STATE (MPI is already finalised), RP_ERR_VERSION. Details:
 *         rp_last_error(NULL).
 * Cost: the start of MPI, if nobody has initialised it; a few collective calls of MPI; node memory
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
rp_status rp_create(MPI_Comm comm, const rp_config *config, rp_pool **pool);

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
 * the item, or the slice of a loop, that they are at, and take no other. The job, and every job
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
 * rp_node_sync(), rp_agree(), rp_free() and rp_close() go on without a rank that is killed in them,
 * whichever but the root, and results are the same bits. What the rank had in hand is begun again
 * elsewhere, item by item; an item that was at hand when three ranks in a row died is given up, and
 * so are, at once, those of a map whose `out` is `in`: they are RP_ERR_LOST, which the job returns
 * (at its end, with RP_KEEP_GOING); the consumer of a stream gets the error in place of the item's
 * result. rp_collect() and other collectives need all ranks: they return RP_ERR_LOST at once when
 * one has died before.
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

/* ---------------------------------------------------------------------------------------------
 * Blocks: n items cut into near-equal runs
 * ------------------------------------------------------------------------------------------ */

/**
 * The items of run `part` if n items are cut into `parts` near-equal runs: the first n % parts runs
 * have one item more. *Local,* pure, a few instructions.
 *
 * @return {0, 0} for arguments without meaning: n < 0, parts < 1, part outside 0 ... parts -
 1. */
rp_range rp_block(int64_t n, int64_t parts, int64_t part);

/** The part whose rp_block() holds `item`; -1 for arguments without meaning. *Local,* pure. */
int64_t rp_block_owner(int64_t n, int64_t parts, int64_t item);

/* ---------------------------------------------------------------------------------------------
 * Meeting
 * ------------------------------------------------------------------------------------------ */

/**
 * Waits for every rank, asleep rather than spinning. *Collective.*
 *
 * @return RP_OK
 * Cost: a meeting of the ranks, as every collective call has: some microseconds on a node with a
 * core for every rank.
 */
rp_status rp_barrier(rp_pool *pool);

/**
 * Tells every rank how it went on all of them. *Collective.*
 *
 * @param[in] mine    how it went here; each rank its own
 * @param[out] worst  RP_OK if `mine` was RP_OK everywhere, else that of the lowest rank where it
 *                    was not; may be NULL
 * @return RP_OK when the ranks have met, whatever they told
 */
rp_status rp_agree(rp_pool *pool, rp_status mine, rp_status *worst);

/* ---------------------------------------------------------------------------------------------
 * Node memory: one instance that all ranks of a node see
 * ------------------------------------------------------------------------------------------ */

/**
 * Allocates zeroed memory, one instance for each node, shared by its ranks. *Collective.*
 *
 * The memory is there when the call returns: a full /dev/shm is RP_ERR_MEMORY here, not a crash
 * later. It lives in /dev/shm, or in a file in TMPDIR where that is too small, without a name:
 * however the program ends, nothing is left behind. RANKPOOL_MEMORY_DIR names another directory. On
 * a node of one rank, which has nobody to share with, it is ordinary memory.
 *
 * @param[in] bytes    its size, the same on every rank, at least 1
 * @param[out] memory  its address, a multiple of 4096; it differs from rank to rank, so keep no
 *                     pointers in it. NULL after an error. Owned by the caller until rp_free() or
 *                     rp_close().
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: two meetings; clearing the memory, by the first rank of each node.
 */
rp_status rp_alloc(rp_pool *pool, size_t bytes, void **memory);

/**
 * Frees memory of rp_alloc(). *Collective;* every rank names the same allocation.
 *
 * @param[in,out] memory  set to NULL. A pointer to NULL, on every rank, does nothing.
 * @return RP_OK; RP_ERR_ARGUMENT for anything else than memory of rp_alloc() on this pool;
 *         RP_ERR_MISMATCH. After an error nothing is freed.
 */
rp_status rp_free(rp_pool *pool, void **memory);

/**
 * After it, the ranks of a node see what they stored in node memory before it. *Collective.*
 *
 * @return RP_OK
 * Cost: as rp_barrier().
 */
rp_status rp_node_sync(rp_pool *pool);

/* ---------------------------------------------------------------------------------------------
 * Collectives: data between the ranks, in the manner of MPI, with counts of any size
 *
 * What holds for all of them:
 *
 * - The ranks meet first, asleep, and enter MPI when all are there. They meet again when the data
 *   have arrived, so on return every buffer may be used again on every rank.
 * - Elements are counted from 0; n and counts are 64-bit. Buffers are the caller's.
 * - `root`, n, counts and what an element is made of are the same on every rank (RP_ERR_MISMATCH).
 *   How a datatype lies in memory may differ from rank to rank, but not on a node for node memory.
 * - Buffers must not overlap, from their first byte to their last. A buffer of no elements, and one
 *   that is not looked at, may be NULL.
 * - They return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_STATE or RP_ERR_MPI.
 *   A call that is refused has moved nothing; after RP_ERR_MPI buffers that were to be written are
 *   undefined.
 * ------------------------------------------------------------------------------------------ */

/** What the elements of a collective are; made by rp_bytes() or rp_datatype(). */
typedef struct rp_element {
    size_t size; /**< bytes without a gap; 0: as `type` says */
    MPI_Datatype type;
} rp_element;

/** Elements of `size` bytes each, at least 1, one after the other. *Local.* */
rp_element rp_bytes(size_t size);

/**
 * Elements of an MPI datatype, committed, and derived ones too: they lie one extent apart, and the
 * gaps in and between them are left alone. *Local.* The program keeps the datatype, and may free it
 * after the collective call. Types of no data at all are refused.
 */
rp_element rp_datatype(MPI_Datatype type);

/**
 * Copies the root's n elements to all ranks. *Collective.*
 *
 * Node memory of rp_alloc() is filled once per node, and the root's node has nothing to copy:
 * `data` is then the same place in the same allocation on every rank, the root's too
 * (RP_ERR_MISMATCH). The data may be read on return, as after rp_node_sync().
 *
 * @param[in] root      the rank that has the data
 * @param[in,out] data  n elements: read on the root, written elsewhere
 * @param[in] n         elements, 0 and more
 * Cost: two meetings (three for up to 64 KiB) and MPI_Bcast, for node memory among the first ranks
 * of the nodes only.
 */
rp_status rp_broadcast(rp_pool *pool, int root, void *data, int64_t n, rp_element element);

/**
 * Deals out the root's n elements: rank r gets those of rp_block(n, ranks, r). *Collective.*
 *
 * @param[in] all    n elements; looked at on the root only
 * @param[out] mine  this rank's elements
 * Cost: two meetings (three for up to 64 KiB a node) and one copy of every element; on a node the
 * ranks copy at the same time. The root sends to each rank in turn.
 */
rp_status rp_scatter(rp_pool *pool, int root, const void *all, int64_t n, rp_element element,
                     void *mine);

/**
 * Collects n elements on the root, of which rank r has those of rp_block(n, ranks, r).
 * *Collective.*
 *
 * @param[in] mine  this rank's elements
 * @param[out] all  n elements; written on the root only
 * Cost: two meetings (three for up to 64 KiB a node) and one copy of every element.
 */
rp_status rp_gather(rp_pool *pool, int root, const void *mine, int64_t n, rp_element element,
                    void *all);

/**
 * Collects n elements on every rank, of which rank r has those of rp_block(n, ranks, r).
 * *Collective.*
 *
 * Node memory of rp_alloc() is filled once per node: `all` is then the same place in the same
 * allocation on every rank.
 *
 * @param[in] mine  this rank's elements
 * @param[out] all  n elements
 * Cost: two meetings (three for up to 64 KiB) and MPI_Allgatherv. Into node memory one copy of
 * `mine`, and if there are several nodes another meeting, and one MPI_Bcast per rank among the
 * first ranks of the nodes.
 */
rp_status rp_allgather(rp_pool *pool, const void *mine, int64_t n, rp_element element, void *all);

/**
 * Deals out elements of the root: the first counts[0] to rank 0, the next counts[1] to rank 1, and
 * so on. *Collective.*
 *
 * @param[in] all     the elements of all ranks, without gaps; looked at on the root only
 * @param[in] counts  one count, 0 or more, for each rank; the same on every rank
 * @param[out] mine   this rank's elements
 * Cost: as rp_scatter().
 */
rp_status rp_scatterv(rp_pool *pool, int root, const void *all, const int64_t *counts,
                      rp_element element, void *mine);

/**
 * Collects on the root counts[r] elements of every rank r, in the order of the ranks. *Collective.*
 *
 * @param[in] mine    this rank's elements
 * @param[in] counts  one count, 0 or more, for each rank; the same on every rank
 * @param[out] all    the elements of all ranks, without gaps; written on the root only
 * Cost: as rp_gather().
 */
rp_status rp_gatherv(rp_pool *pool, int root, const void *mine, const int64_t *counts,
                     rp_element element, void *all);

/**
 * Joins one array of each rank, element by element: MPI_Reduce. *Collective.*
 *
 * One value per rank goes in, so the result depends on the number of ranks, and in floating point
 * on the order MPI chooses. rp_reduce() is the one whose bits do not.
 *
 * @param[in] mine     n elements
 * @param[in] n        elements of each rank, 0 and more
 * @param[in] type     their datatype
 * @param[in] op       MPI_SUM, MPI_MAX ... or the program's own; the same on every rank
 * @param[out] result  n elements; written on the root only
 * Cost: two meetings and MPI's own call.
 */
rp_status rp_reduce_ranks(rp_pool *pool, int root, const void *mine, int64_t n, MPI_Datatype type,
                          MPI_Op op, void *result);

/** As rp_reduce_ranks(), with a result on every rank, each its own: MPI_Allreduce. *Collective.* */
rp_status rp_allreduce_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type,
                             MPI_Op op, void *result);

/**
 * Joins the arrays of the ranks before this one: MPI_Exscan. *Collective.* Arguments as in
 * rp_reduce_ranks(). On rank 0 `result` is not looked at, and stays as it was.
 */
rp_status rp_exscan_ranks(rp_pool *pool, const void *mine, int64_t n, MPI_Datatype type, MPI_Op op,
                          void *result);

/* ---------------------------------------------------------------------------------------------
 * The loop: all ranks work off the items 0 ... n - 1
 * ------------------------------------------------------------------------------------------ */

/** How items are dealt out. RANKPOOL_SCHEDULE="guided,100" decides for jobs that leave it open. */
typedef enum rp_schedule {
    RP_ADAPTIVE, /**< near-equal shares; slices that follow the measured time per item; ranks that
                      are done take half of another's share (work stealing) */
    RP_STATIC,   /**< near-equal shares, and nobody takes another's: for loads known to be even */
    RP_DYNAMIC,  /**< as RP_ADAPTIVE, but every slice has `slice` items (default 1) */
    RP_GUIDED,   /**< 1/ranks of what remains at a time (Polychronopoulos and Kuck, 1987) */
    RP_FACTORING /**< rounds of equal slices, each round half of what remains (Hummel, Schonberg and
                      Flynn, 1992) */
} rp_schedule;

/** What a failing item does to the others. */
typedef enum rp_on_failure {
    RP_STOP,      /**< no further items are begun */
    RP_KEEP_GOING /**< all other items are done */
} rp_on_failure;

/** Options of every job. The same on every rank, except as said. */
typedef struct rp_options {
    void *user;           /**< for the tasks: rp_task_user(). Each rank its own. */
    rp_schedule schedule; /**< how items are dealt out */
    int64_t slice;        /**< items in a slice: exactly (static, dynamic), at least (the others);
                               0: as the schedule wants. Rounded up to whole units: see
                               rp_loop_open(); leaves, in a reduction. */
    double call_seconds;  /**< fixed cost of one call on a range, if known: slices grow to hide it.
                               May differ. */
    rp_on_failure on_failure; /**< map and stream */
    uint8_t *item_status; /**< map only: on the root n bytes, each the rp_status of its item (RP_OK;
                               RP_ERR_TASK: failed; RP_ERR_TIMEOUT: came back late;
                               RP_ERR_CANCELLED: never begun, or ended because the job was
                               stopped), or NULL */
    uint64_t seed;        /**< of the random numbers of the tasks: rp_task_random() */
    int retries; /**< not for loops: how often a call that failed or was late is made again,
                               at once and by the same rank. Every attempt finds `out`, or the
                               partial result, as the first did. rp_task_attempt() counts. */
    int64_t max_failures; /**< map and stream, with RP_KEEP_GOING: the job is given up when so many
                               calls have failed for good, on one node or, in a stream, in all; 0:
                               no matter how many */
    double item_seconds;  /**< seconds that an item may take, a range so many times as many; 0: no
                               limit. What comes back later has failed: RP_ERR_TIMEOUT. What has not
                               come back after twice as long ends the program: a line on stderr, and
                               MPI_Abort, from a thread of the library's own. See
                               rp_task_cancelled(). */
    const char *name;     /**< what the job is called where it is seen, or NULL. May differ. */
    const char *unit; /**< what its items are called, in the plural, or NULL: items. May differ. */
    uint64_t reserved[10];
} rp_options;

/**
 * Begins a loop over the items 0 ... n - 1, each handed to exactly one rank. *Collective.*
 *
 *     rp_loop_open(pool, n, NULL, &loop);
 *     while (rp_loop_next(loop, &range))
 *         for (int64_t i = range.begin; i < range.end; i++)
 *             sum += f(i);
 *     rp_loop_close(&loop, RP_OK);
 *
 * Until its close no other collective call on this pool is allowed (RP_ERR_STATE, at once).
 *
 * @param[in] n        number of items, 0 and more, the same on every rank. No memory is used per
 *                     item. Above 2^31 items the smallest slice is ceil(n / 2^31) items.
 * @param[in] options  or NULL for all defaults
 * @param[out] loop    the loop; NULL after an error, and no rank enters it then
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_STATE (a loop is open), RP_ERR_VERSION
 * Cost: one meeting of the ranks.
 */
rp_status rp_loop_open(rp_pool *pool, int64_t n, const rp_options *options, rp_loop **loop);

/**
 * Hands this rank the next items to compute. *Local,* but it may wait, asleep, while others hold
 * the last items.
 *
 * The items handed out last count as done when it is called again.
 *
 * @param[out] range  items to compute, at least one; undefined after false
 * @return false when every item of this node is done and it will get no more, or a rank gave up
 *         (within some milliseconds, if that is on another node).
 * Cost: about 5 ns for a single item, less per item in longer slices. Between nodes 20 to 30
 * messages
 *       per node and job.
 */
bool rp_loop_next(rp_loop *loop, rp_range *range);

/**
 * Keeps what the items handed out last came to, with config.checkpoint. *Local.* After they are
 * computed, and before rp_loop_next() is called again:
 *
 *     while (rp_loop_next(loop, &range)) {
 *         double part = 0;
 *         size_t bytes;
 *         const void *kept = rp_loop_kept(loop, &bytes);
 *         if (kept != NULL)
 *             memcpy(&part, kept, bytes);
 *         else
 *             for (int64_t i = range.begin; i < range.end; i++)
 *                 part += f(i);
 *         rp_loop_keep(loop, &part, sizeof part);
 *         sum += part;
 *     }
 *
 * Ranges for which this is not called are not kept. Without config.checkpoint, and for ranges that
 * are kept, nothing happens.
 *
 * @param[in] data  copied; may be NULL if `bytes` is 0
 * @return RP_OK, RP_ERR_ARGUMENT; RP_ERR_STATE: no items were handed out since the last call. A
 *         journal that cannot be written is no error: see rp_resume.
 * Cost: a copy, its checksum (some 0.1 ns a byte), and now and then a write.
 */
rp_status rp_loop_keep(rp_loop *loop, const void *data, size_t bytes);

/**
 * What an earlier run has kept of the items handed out last, or NULL: they are to be computed.
 * *Local.*
 *
 * @param[out] bytes  how many; 0 for NULL
 * @return aligned as malloc() does, valid until the next call on the loop
 */
const void *rp_loop_kept(rp_loop *loop, size_t *bytes);

/**
 * Ends a loop. *Collective.* A rank may leave early: with `mine` other than RP_OK all ranks stop.
 *
 * @param[in,out] loop  set to NULL
 * @param[in] mine      RP_OK after rp_loop_next() returned false; else why this rank gave up
 * @return RP_OK if every item was done, else `mine` of the lowest rank that gave up, on every rank.
 *         RP_ERR_TIMEOUT if a slice took longer than options.item_seconds allows; all stop then.
 *         RP_ERR_STATE if a rank left before the end with RP_OK. RP_ERR_ARGUMENT, on this rank
 *         alone, if there is no open loop.
 */
rp_status rp_loop_close(rp_loop **loop, rp_status mine);

/* ---------------------------------------------------------------------------------------------
 * Random numbers: draw k of item i is the same, whoever makes it
 * ------------------------------------------------------------------------------------------ */

/** A stream of random numbers. Its members are the library's own; copying it copies the stream. */
typedef struct rp_random {
    uint64_t seed, item;
    uint64_t block;    /**< the next to be made */
    uint64_t draws[2]; /**< of the block before it, the later one first */
    uint64_t left;     /**< how many of these are still to be handed out */
    uint64_t reserved[2];
} rp_random;

/**
 * Begins the stream of an item under a seed. *Local,* like all of these; four stores, no start-up.
 *
 * Every pair of seed and item has a stream of its own, of 2^65 draws; after these it begins again.
 * All are parts of one family of permutations, Philox4x32-10: draws 2 b and 2 b + 1 are the two
 * halves of its value for the key `seed` and the counter (b, item). Different items and draws have
 * different counters and so never share a block, however near each other they are, and seeds need
 * no care: 1, 2, 3 ... do. Each function says how many draws it makes, so a stream may be planned;
 * mixing them is fine. The numbers pass BigCrush (Salmon, Moraes, Dror and Shaw: Parallel random
 * numbers: as easy as 1, 2, 3, SC11, 2011); they are no secret, and not for cryptography. Integers
 * and uniform numbers are the same on every machine; normal and exponential ones are where the C
 * library's log is.
 */
inline void rp_random_begin(rp_random *random, uint64_t seed, int64_t item)
{
    random->seed = seed;
    random->item = (uint64_t)item;
    random->block = 0;
    random->left = 0;
}

/** Makes the next block. For rp_random_bits(); programs need not call it. */
void rp_random_refill(rp_random *random);

/** 64 random bits. One draw. Cost: about 5 ns. */
inline uint64_t rp_random_bits(rp_random *random)
{
    if (random->left == 0)
        rp_random_refill(random);
    return random->draws[--random->left];
}

/**
 * The uniform number that 64 random bits stand for: their first 53, times 2^-53, but 2^-53 for 0.
 * So 1 minus it is exact, and is in (0, 1) as well.
 */
inline double rp_random_unit(uint64_t bits)
{
    double unit = (double)(int64_t)(bits >> 11) * (1 / 9007199254740992.0);
    return unit > 1 / 9007199254740992.0 ? unit : 1 / 9007199254740992.0;
}

/** Uniform in the open interval (0, 1), with 53 bits: rp_random_unit(). One draw. About 5 ns. */
inline double rp_random_uniform(rp_random *random)
{
    return rp_random_unit(rp_random_bits(random));
}

/**
 * The next n uniform numbers, the same as from n calls of rp_random_uniform(). n draws; about 5 ns
 * each.
 *
 * @param[out] x  n numbers. n <= 0: nothing happens.
 */
void rp_random_fill(rp_random *random, double *x, int64_t n);

/**
 * Normal with mean 0 and variance 1. One draw; about 15 ns.
 *
 * By inversion, to some 16 digits, up to 8.2 from 0 (Wichura: Algorithm AS 241, Applied Statistics
 * 37, 1988). It grows with the draw's uniform number u, and 1 - u gives its negative: antithetic
 * and stratified draws stay so.
 */
double rp_random_normal(rp_random *random);

/** Exponential with mean 1: -log of a uniform number, up to 36.8. One draw; about 10 ns. */
double rp_random_exponential(rp_random *random);

/**
 * An integer from 0 to bound - 1, each as likely as any other; any of 64 bits if `bound` is 0. One
 * draw, and with a chance of less than bound / 2^64 further ones; about 5 ns (Lemire: Fast random
 * integer generation in an interval, ACM Transactions on Modeling and Computer Simulation 29,
 * 2019).
 */
uint64_t rp_random_below(rp_random *random, uint64_t bound);

/* ---------------------------------------------------------------------------------------------
 * Map and reduce: the items are computed by a function of the program
 *
 * A rank that gives a job an array, or takes part in a stream, lets other ranks reach its memory,
 * by prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY): from then on and until it ends, any process of its
 * user may trace it, also where the system (Yama) would otherwise forbid that.
 * ------------------------------------------------------------------------------------------ */

/** Where an array is, or is wanted. */
typedef enum rp_place {
    RP_ON_ROOT,  /**< on the root; the others' pointers are not looked at */
    RP_ON_NODES, /**< whole in the node memory of every node */
    RP_ON_RANKS  /**< whole on every rank */
} rp_place;

/**
 * Computes one item: reads `in`, writes `out`. Returns 0, or the program's own error code.
 *
 * A task may use anything but this pool's calls; of the library it calls only what is *local*.
 *
 * @param[in] task  who is asking; valid during the call
 * @param[in] in    the item's input, or NULL for an index-only job
 * @param[out] out  place of the item's result, or NULL if the job has none
 */
typedef int (*rp_item_fn)(rp_task *task, const void *in, void *out);

/**
 * Computes a range of items: `in` and `out` are those of range.begin, the others follow. For a
 * reduction, `out` is the partial result of the leaf so far, the identity at first; a leaf comes in
 * one call, or in several, in order, where its input has more than 512 KiB.
 * rp_task_fail() says which item failed; otherwise it is the first.
 */
typedef int (*rp_range_fn)(rp_task *task, rp_range range, const void *in, void *out);

/**
 * Joins two neighbouring results: left = left (+) right. Returns 0, or the program's own error
 * code. It need be neither commutative nor, in floating point, associative. It is called on any
 * rank, often, and not in the order of the items.
 *
 * @param[in,out] left  the result of the items before; becomes that of both
 * @param[in] right     the result of the items behind
 * @param[in] user      options.user of the rank that calls
 */
typedef int (*rp_combine_fn)(void *left, const void *right, void *user);

/** A map: out[i] = f(in[i]). The same on every rank, but for addresses. */
typedef struct rp_map_job {
    int64_t n;          /**< items */
    rp_item_fn item;    /**< computes one item; */
    rp_range_fn range;  /**< or this one, a whole slice: exactly one of the two */
    const void *in;     /**< n inputs, or NULL: the item's index says all */
    size_t in_size;     /**< bytes of an input; 0 without */
    rp_place in_place;  /**< where the inputs are */
    void *out;          /**< n results, or NULL: the tasks themselves keep what they compute */
    size_t out_size;    /**< bytes of a result; 0 without */
    rp_place out_place; /**< where the results are wanted */
    rp_options options;
} rp_map_job;

/**
 * Computes every item once, on whichever rank, and puts result i into out[i]. *Collective.*
 *
 * Node memory of rp_alloc() is used where it is, without a copy. Private memory of the root reaches
 * the other ranks of its node in pieces, so that none needs more than 1 MiB beside it (or one item,
 * if that is more). It reaches other nodes in batches, through 16 MiB of node memory (or four
 * items, if those are more); so it does everywhere if the kernel forbids ranks to reach each
 * other's memory (process_vm_readv). Results go back the same ways. `out` wanted on every node or
 * rank is exchanged at the end, where it cannot be stored at once. `out` may be `in` if the sizes
 * are equal; arrays that overlap otherwise are refused.
 *
 * If items fail, the call returns RP_ERR_TASK on every rank, or RP_ERR_TIMEOUT for one that was
 * late, and rp_last_error() names the lowest item that failed; or none (-1), if the job was given
 * up after options.max_failures. Its result is what was there before, or what the task stored. With
 * RP_STOP, which items were done by then may differ from run to run, and an `out` that is exchanged
 * at the end may lack the last of them.
 *
 * @return RP_OK, RP_ERR_TASK, RP_ERR_TIMEOUT, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY,
 *         RP_ERR_STATE (also for a call inside a task), RP_ERR_VERSION. With an error before the
 *         work nothing is written.
 * Cost: two meetings, an exchange of addresses, and for each slice 5 to 10 ns, or about 50 ns with
 * RP_ADAPTIVE, whose slices last some 50 us.
 */
rp_status rp_map(rp_pool *pool, const rp_map_job *job);

/** A reduction: the results of all items, joined. The same on every rank, as rp_map_job. */
typedef struct rp_reduce_job {
    int64_t n;        /**< items */
    int64_t leaf;     /**< items in a partial result, part of the result's definition; 0: from n
                                alone, ceil(n / 2^16) but at most 2^20 */
    rp_range_fn body; /**< folds the items of a leaf into its partial result */
    rp_combine_fn combine; /**< joins two partial results */
    const void *identity;  /**< what a partial result is at first, result_size bytes */
    const void *in;        /**< as in rp_map_job */
    size_t in_size;
    rp_place in_place;
    void *result;       /**< on every rank: its own place for the result */
    size_t result_size; /**< bytes of a result */
    rp_options options;
} rp_reduce_job;

/**
 * Joins the partial results of all leaves in a fixed tree, so that the same bits come out whatever
 * the number of ranks and nodes and the schedule. *Collective.*
 *
 * The tree: two neighbouring leaves whose first has an even index are joined, then two neighbouring
 * pairs, and so on; what has no right neighbour goes up as it is. For n = 0 the result is the
 * identity. Memory: some log2(leaves) partial results for each run of leaves that a rank works off
 * without a break.
 *
 * @return as rp_map(). on_failure, max_failures and item_status must be 0: a sum without some of
 *         its items would not be the sum.
 * Cost: as rp_map(), and another meeting, the hand-over of the ranks' partial results to the root,
 * and a broadcast.
 */
rp_status rp_reduce(rp_pool *pool, const rp_reduce_job *job);

/** The item at hand, or the first of the range at hand. *Local,* like the next six. */
int64_t rp_task_item(const rp_task *task);

/** options.user of this rank. */
void *rp_task_user(const rp_task *task);

/** How often the same call was made before: 0, and more with options.retries, or, in a stream, when
 * a rank died that had the item in hand (see rp_survives()). */
int rp_task_attempt(const rp_task *task);

/**
 * Should the task end? Long tasks ask now and then, and return an error code (any) when it is so.
 *
 * True when the task has taken longer than options.item_seconds allows: the item is late, and what
 * it returns makes no difference any more. True also when all are to stop, because another rank
 * failed or gave up, or the pool was interrupted: an item that ends for that is RP_ERR_CANCELLED
 * and has not failed. Where MPI gives no MPI_THREAD_MULTIPLE, or with RANKPOOL_AGENT=poll, asking
 * also keeps the node's agent going; without that other nodes may run out of work while a task is
 * long.
 *
 * Cost: some ns; with a limit, and where it keeps the agent going, a reading of the clock (25
 ns). */
bool rp_task_cancelled(rp_task *task);

/** Begins the stream of random numbers of an item, under options.seed: see rp_random_begin(). */
void rp_task_random(const rp_task *task, int64_t item, rp_random *random);

/**
 * Says which item failed and why; the task then returns what this returns.
 *
 *     return rp_task_fail(task, item, 3, "no convergence after %d steps", steps);
 *
 * @param[in] code    the program's own error code; 0 is taken as 1
 * @param[in] format  as for printf; cut to what rp_error holds
 * @return code
 */
int rp_task_fail(rp_task *task, int64_t item, int code, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;

/* ---------------------------------------------------------------------------------------------
 * Buffers: bytes of any number, for results whose length only their task knows
 * ------------------------------------------------------------------------------------------ */

/**
 * Makes a buffer's content so many bytes. *Local,* like the next two.
 *
 * What was there before stays, as far as it fits; bytes behind it are undefined.
 *
 * @param[in] bytes  0 and more
 * @return the content, aligned as malloc() does, until the next change of the buffer. NULL: there
 *         is not enough memory, and the buffer is as it was.
 */
void *rp_buffer_resize(rp_buffer *buffer, size_t bytes);

/** Bytes that a buffer holds. */
size_t rp_buffer_size(const rp_buffer *buffer);

/**
 * Adds bytes at the end of a buffer.
 *
 * @param[in] data  not of this buffer; may be NULL if `bytes` is 0
 * @return 0; anything else: there is not enough memory, and the buffer is as it was
 * Cost: a copy. The memory grows by half at a time, so many small appends are fine.
 */
int rp_buffer_append(rp_buffer *buffer, const void *data, size_t bytes);

/* ---------------------------------------------------------------------------------------------
 * Streams: items come and results go while others are computed, in constant memory
 *
 *     static int produce(void *user, rp_buffer *item)       // on the root
 *     {
 *         struct line *line = next_line(user);
 *         if (line == NULL)
 *             return RP_PRODUCED_LAST;
 *         return rp_buffer_append(item, line->text, line->length) == 0 ? RP_PRODUCED : -1;
 *     }
 *     static int work(rp_task *task, const void *in, size_t bytes, rp_buffer *result);
 *     static int consume(void *user, int64_t item, const rp_error *error, const void *data,
 *                        size_t bytes)                      // on the root
 *     {
 *         return fwrite(data, 1, bytes, user) == bytes ? 0 : -1;
 *     }
 *     ...
 *     rp_stream(pool, &(rp_stream_job){.produce = produce, .work = work, .consume = consume});
 * ------------------------------------------------------------------------------------------ */

/** What a producer returns; anything else is its own error code. */
enum {
    RP_PRODUCED_LAST = 0, /**< there are no more items */
    RP_PRODUCED = 1,      /**< here is one */
    RP_PRODUCED_NONE = 2  /**< none right now: ask again, in a millisecond at the latest */
};

/**
 * Makes the next item: fills `item`, which is empty, with what the task needs, if anything. Called
 * on the root. While it waits, the root neither computes nor consumes: see RP_PRODUCED_NONE.
 *
 * @param[in] user   options.user of the root
 * @param[out] item  any number of bytes, 0 included
 * @return RP_PRODUCED, RP_PRODUCED_LAST, RP_PRODUCED_NONE, or the program's own error
 code */
typedef int (*rp_produce_fn)(void *user, rp_buffer *item);

/**
 * Computes one item of a stream: reads the bytes that were produced, and fills `result`, which is
 * empty. Returns 0, or the program's own error code. As rp_item_fn otherwise.
 *
 * @param[in] in       aligned as malloc() does
 * @param[out] result  any number of bytes, 0 included
 */
typedef int (*rp_stream_fn)(rp_task *task, const void *in, size_t in_bytes, rp_buffer *result);

/**
 * Takes a result. Called on the root, once for every item that was done or failed, in the order of
 * the items unless the stream is unordered.
 *
 * @param[in] user   options.user of the root
 * @param[in] item   0, 1, 2 ... in the order in which they were produced
 * @param[in] error  NULL; or why the item failed, and then there are no data
 * @param[in] data   the result, aligned as malloc() does, valid during the call
 * @return 0: go on. Positive: that was enough, the stream ends, well. Negative: the program's own
 *         error code, and the stream ends with it.
 */
typedef int (*rp_consume_fn)(void *user, int64_t item, const rp_error *error, const void *data,
                             size_t bytes);

/** A stream. The same on every rank, but for addresses; produce and consume are the root's. */
typedef struct rp_stream_job {
    rp_produce_fn produce; /**< looked at on the root */
    rp_stream_fn work;
    rp_consume_fn consume;  /**< looked at on the root; NULL: results are dropped */
    bool unordered;         /**< results are consumed as they are done */
    bool root_only_serves;  /**< the root produces and consumes, and computes only if it is alone;
                                otherwise a long item of its own holds up both */
    int64_t window_items;   /**< items that are produced and not consumed, at the most; 0: 65536 */
    int64_t window_bytes;   /**< bytes of them, inputs and results, at the most, but for those of
                                items in hand; 0: 16 MiB */
    int64_t expected_items; /**< how many there will be, for who watches the progress; looked at
                                 on the root; 0: nobody knows */
    rp_options options;     /**< schedule: RP_ADAPTIVE or RP_DYNAMIC. item_status: NULL. */
} rp_stream_job;

/**
 * Has items computed that a producer makes, while a consumer takes the results of others: as many
 * as there are, or without an end, in constant memory. *Collective.*
 *
 * A consumer that is slower than the others holds up the producer, by the window. Items travel in
 * parcels, of so many that computing them takes some 50 us, or of options.slice.
 *
 * When an item fails, its error is consumed in its place. With RP_STOP it is the last that is
 * consumed, and no further items are begun; when the stream is ordered, those before it still are.
 * When the producer fails, all items that it made before are computed and consumed first.
 *
 * Where ranks survive others (rp_survives()), the items that a dead rank had in hand, and those
 * whose results of more than 32 KiB went with it, are computed again; each is still consumed once,
 * and in its turn. An item that was at hand when three ranks in a row died fails with RP_ERR_LOST.
 * With root_only_serves, the root computes when it is the last.
 *
 * @return RP_OK: all items were consumed, or it was enough. RP_ERR_TASK: an item, the producer or
 *         the consumer failed; rp_last_error() has the code, and the item (the lowest that was seen
 *         to fail; of a producer, the one it would have made). RP_ERR_TIMEOUT: an item was late.
 *         RP_ERR_LOST: an item was given up because ranks died of it, or they cannot be done
 *         without. RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_STATE, RP_ERR_VERSION.
 * Cost: three meetings; per item some 0.1 us beside what the functions take; 4 MiB of node memory
 * on every node. A result of more than 32 KiB stays where it was made, and is copied to the root
 * once.
 */
rp_status rp_stream(rp_pool *pool, const rp_stream_job *job);

/* ---------------------------------------------------------------------------------------------
 * Files that all ranks write together
 *
 *     status = rp_file_create(pool, "result.bin", &file);
 *     if (status == RP_OK) {
 *         status = rp_file_append(file, mine, bytes);    (or: rp_file_write_at() )
 *         status = rp_file_close(&file, status);
 *     }
 *
 * A file is there whole or not at all. It is written under another name beside its own, which it
 * gets when all ranks have closed it and all their bytes have arrived; a file that had this name
 * before stays until then. If anything goes wrong on any rank, a full disk for one, every rank gets
 * the same error, with the file's name and the system's reason, and nothing is left behind. (Only a
 * program that is killed leaves the other name, path.XXXXXX.) Directories are shared between
 * nodes: a network's file system.
 * ------------------------------------------------------------------------------------------ */

/**
 * Begins a file. *Collective.* It says at once if the file cannot be written.
 *
 * @param[in] path   its name, the same on every rank; a relative one is seen from where the root
 *                   is. A symbolic link is followed. Devices and pipes are refused.
 * @param[out] file  the file; NULL after an error. Owned by the caller until rp_file_close() or
 *                   rp_close(), which drops it.
 * @return RP_OK, RP_ERR_IO, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: two meetings, and the opening of the file by every rank.
 */
rp_status rp_file_create(rp_pool *pool, const char *path, rp_file **file);

/**
 * Writes bytes at an offset of the file. *Local;* it may also be called by a task.
 *
 * What nobody writes is zeros; where ranks write the same bytes, any of theirs may stay.
 *
 * @param[in] offset  bytes from the begin of the file
 * @param[in] data    may be NULL if `bytes` is 0
 * @param[in] bytes   any number
 * @return RP_OK; on this rank alone RP_ERR_ARGUMENT, or RP_ERR_IO: the file can only be closed, and
 *         rp_file_close() tells every rank why
 * Cost: a call of the system for each 2 GiB.
 */
rp_status rp_file_write_at(rp_file *file, int64_t offset, const void *data, size_t bytes);

/**
 * Adds bytes of every rank at the end of the file, those of rank 0 first. *Collective.*
 *
 * The end is behind all that ranks have written so far, by either function.
 *
 * @param[in] data   this rank's bytes; may be NULL if `bytes` is 0
 * @param[in] bytes  any number; each rank its own
 * @return RP_OK, RP_ERR_IO, RP_ERR_ARGUMENT, RP_ERR_MISMATCH (not the same file)
 * Cost: two meetings, two sums over the ranks; all ranks write at the same time.
 */
rp_status rp_file_append(rp_file *file, const void *data, size_t bytes);

/**
 * Ends a file: it gets its name if it is whole. *Collective.*
 *
 * @param[in,out] file  set to NULL. NULL or a pointer to NULL is fine and does nothing.
 * @param[in] mine      RP_OK; anything else: this rank could not do its part, so no rank's file
 *                      becomes one
 * @return RP_OK; RP_ERR_IO and the details if a write failed on any rank; otherwise `mine` of the
 *         lowest rank that had something else than RP_OK. The file is gone in every case, but for
 *         one: with a loop open it is RP_ERR_STATE, and nothing happens.
 * Cost: two meetings, and the time that the disk takes (fsync).
 */
rp_status rp_file_close(rp_file **file, rp_status mine);

/* ---------------------------------------------------------------------------------------------
 * Results of unequal length
 * ------------------------------------------------------------------------------------------ */

/**
 * Computes one item: reads `in`, puts its bytes into `result`, which is empty at first. Returns 0,
 * or the program's own error code. As rp_item_fn otherwise.
 */
typedef int (*rp_collect_fn)(rp_task *task, const void *in, rp_buffer *result);

/** A map whose results have any length. The same on every rank, but for addresses. */
typedef struct rp_collect_job {
    int64_t n;          /**< items */
    rp_collect_fn item; /**< computes one item */
    const void *in;     /**< n inputs, or NULL: the item's index says all */
    size_t in_size;     /**< bytes of an input; 0 without */
    rp_place in_place;  /**< where the inputs are */
    rp_options options;
} rp_collect_job;

/**
 * Computes every item once, on whichever rank; its result, of 0 and more bytes, stays there.
 * *Collective.*
 *
 * Failures are those of rp_map(). After RP_ERR_TASK, RP_ERR_TIMEOUT and RP_ERR_INTERRUPTED there
 * are results nonetheless: those of the items that went well; all others have no bytes.
 *
 * @param[out] results  the results, owned by the caller until rp_results_free(); NULL after any
 *                      other error than these
 * @return as rp_map()
 * Cost: as rp_map(), and a copy of each result. A rank's memory: the bytes of its results and 8 for
 * each of its items; up to half as much again while it grows.
 */
rp_status rp_collect(rp_pool *pool, const rp_collect_job *job, rp_results **results);

/**
 * Brings all results to one rank, in the order of the items. *Collective.*
 *
 * @param[in] root      the rank that wants them, the same on every rank
 * @param[out] offsets  on the root n + 1 numbers: result i is at data + offsets[i] and has
 *                      offsets[i + 1] - offsets[i] bytes; NULL on the other ranks, which may also
 *                      give NULL
 * @param[out] data     on the root the bytes of all results, without gaps, aligned as malloc()
 *                      does; likewise. Both belong to `results`, until it is freed or gathered
 *                      again.
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: two meetings and one copy of every result; the root takes from each rank in turn, with two
 * messages for each run of items that it computed without a break. Memory on the root: the results,
 * and 8 bytes an item.
 */
rp_status rp_results_gather(rp_results *results, int root, const int64_t **offsets,
                            const void **data);

/**
 * Writes the bytes of all results into one file, in the order of the items, without gaps.
 * *Collective;* all ranks write at the same time. See rp_file_create().
 *
 * @param[in] path  the file's name, the same on every rank
 * @return RP_OK, RP_ERR_IO, RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY
 * Cost: six meetings; 16 bytes of memory, and a broadcast, for each run of items that a rank
 * computed without a break.
 */
rp_status rp_results_write(rp_results *results, const char *path);

/**
 * What this rank has: its items number 0, 1, 2 ..., ascending. *Local.*
 *
 *     for (int64_t i = 0; rp_results_mine(results, i, &item, &data, &bytes); i++)
 *
 * @param[in] index   0 and more
 * @param[out] item   which item it is
 * @param[out] data   its bytes, without alignment, until rp_results_free()
 * @param[out] bytes  their number
 * @return false if it has not so many; then nothing is stored
 * Cost: a search among the runs of items that this rank computed without a break.
 */
bool rp_results_mine(const rp_results *results, int64_t index, int64_t *item, const void **data,
                     size_t *bytes);

/**
 * Frees what this rank has of results. *Local;* on every rank, and also after rp_close().
 *
 * @param[in,out] results  set to NULL. NULL or a pointer to NULL is fine and does
 nothing. */
void rp_results_free(rp_results **results);

/* ---------------------------------------------------------------------------------------------
 * Ready-made reductions: sums one can trust, mean and variance, extrema, histograms
 *
 * A body adds the numbers of its range to `out`; zero bytes, or rp_histogram_begin(), are the
 * identity:
 *
 *     static int add_up(rp_task *task, rp_range range, const void *in, void *out)
 *     {
 *         rp_sum_add_array(out, in, range.end - range.begin);
 *         return 0;
 *     }
 *     ...
 *     rp_sum none = {0, 0}, sum;
 *     rp_reduce_job job = {.n = n, .in = x, .in_size = sizeof *x, .body = add_up,
 *                          .combine = rp_sum_combine, .identity = &none,
 *                          .result = &sum, .result_size = sizeof sum};
 *
 * They serve without a pool as well. All are *local*, and calls, so that a program's -ffast-math
 * does not reach them. Arrays have n numbers, none if n <= 0, and the order in which they are added
 * is fixed.
 * ------------------------------------------------------------------------------------------ */

/**
 * A compensated sum: beside the rounded sum the sum of what rounding took from it. Zero is empty.
 *
 * With u = 2^-53, n numbers x and whatever order and tree, to first order
 *
 *     |rp_sum_value() - exact sum| <= u |exact sum| + 2 (n u)^2 (sum of |x|)
 *
 * as if computed with twice the digits and rounded once, where a plain sum is off by up to
 * n u (sum of |x|) (Ogita, Rump and Oishi: Accurate sum and dot product, SIAM Journal on Scientific
 * Computing 26, 2005, algorithm Sum2; Neumaier 1974). A NaN, infinities and overflow make it what a
 * plain sum is.
 */
typedef struct rp_sum {
    double high; /**< the rounded sum */
    double low;  /**< what it lacks */
} rp_sum;

/** Adds a number. Cost: about 5 ns. */
void rp_sum_add(rp_sum *sum, double x);

/** Adds an array, at the speed of memory: up to 1 ns a number. */
void rp_sum_add_array(rp_sum *sum, const double *x, int64_t n);

/** The sum; 0 if nothing was added. */
double rp_sum_value(const rp_sum *sum);

/** The rp_combine_fn for rp_sum. */
int rp_sum_combine(void *left, const void *right, void *user);

/**
 * Number, mean and spread. Zero is empty.
 *
 * With k = sqrt(1 + mean^2 / variance) the relative error of the variance is of the order of
 * log2(n) u k for arrays and trees of them, and n u k for numbers added one by one, where the
 * difference of sums of squares and squares of sums has n u k^2 (Chan, Golub and LeVeque:
 * Algorithms for computing the sample variance, The American Statistician 37, 1983; Welford 1962).
 * After a number that is not finite mean and variance are not either.
 */
typedef struct rp_moments {
    int64_t count;
    double mean;    /**< 0 if there is none */
    double squares; /**< sum of the squared distances from the mean */
} rp_moments;

/** Adds a number. Cost: about 10 ns, for a division. */
void rp_moments_add(rp_moments *moments, double x);

/** Adds an array: 2 ns a number. */
void rp_moments_add_array(rp_moments *moments, const double *x, int64_t n);

/** The variance of a sample, squares / (count - 1); NaN for fewer than two numbers. */
double rp_moments_variance(const rp_moments *moments);

/** The rp_combine_fn for rp_moments. */
int rp_moments_combine(void *left, const void *right, void *user);

/**
 * The least and the greatest number and their items; among equals, the lowest item. Zero is empty.
 * NaNs are counted and otherwise passed over; infinities are numbers, and -0 equals 0.
 */
typedef struct rp_extrema {
    int64_t count;          /**< numbers that are no NaN; if 0, the four below mean nothing */
    int64_t nans;           /**< NaNs */
    double least, greatest; /**< numbers */
    int64_t least_item, greatest_item;
} rp_extrema;

/** Adds the number of an item. Cost: about 2 ns. */
void rp_extrema_add(rp_extrema *extrema, int64_t item, double x);

/** Adds the numbers of the items first ... first + n - 1: 2 ns a number. */
void rp_extrema_add_array(rp_extrema *extrema, int64_t first, const double *x, int64_t n);

/** The rp_combine_fn for rp_extrema. */
int rp_extrema_combine(void *left, const void *right, void *user);

/**
 * How many numbers fall into each of `bins` bins of equal width, [low, high) together. The counts
 * follow in memory, so it is rp_histogram_size() bytes that the caller owns, and that are the
 * result_size of a job. A number at an edge belongs to the bin above it; one within rounding errors
 * of an edge between bins to either, the same everywhere. Infinities are below or above.
 */
typedef struct rp_histogram {
    double low, high, bins_per_unit;
    int64_t bins;
    int64_t below, above, nans; /**< numbers < low; >= high; NaNs */
} rp_histogram;

/** Bytes of a histogram of so many bins; 0 for fewer than 1, or more than memory can hold. */
size_t rp_histogram_size(int64_t bins);

/**
 * Makes an empty histogram: the identity of a reduction, for one.
 *
 * @param[out] histogram  rp_histogram_size(bins) bytes, aligned as malloc() does
 * @return RP_ERR_ARGUMENT unless low < high, their distance is finite, and bins >= 1
 */
rp_status rp_histogram_begin(rp_histogram *histogram, double low, double high, int64_t bins);

/** The counts, one for each bin. */
int64_t *rp_histogram_counts(rp_histogram *histogram);

/** Adds a number. Cost: about 4 ns. */
void rp_histogram_add(rp_histogram *histogram, double x);

/** Adds an array: 4 ns a number. */
void rp_histogram_add_array(rp_histogram *histogram, const double *x, int64_t n);

/** The rp_combine_fn for histograms; fails (1) for two of different bins. */
int rp_histogram_combine(void *left, const void *right, void *user);

/* ---------------------------------------------------------------------------------------------
 * Seeing it work: progress, figures, the picture of every rank
 *
 *     rp_record(pool, true);
 *     ... jobs and collectives
 *     rp_stats_print(pool, NULL);
 *     rp_timeline(pool, "timeline.svg");
 *
 * A rank's time, from the call of rp_record() on, is one of five: it *works* on items; it
 * *communicates*, for the library: moves data, waits for edges; it *schedules*: looks for items;
 * it *waits*, asleep, for items or for other ranks; the rest is the program's *own*: its code
 * outside jobs, MPI that it calls itself, and the producer and the consumer of a stream.
 * ------------------------------------------------------------------------------------------ */

/** Who sees the progress of jobs, on the root's stderr. */
typedef enum rp_progress {
    RP_PROGRESS_ASKED, /**< whoever set RANKPOOL_PROGRESS to on, or to the seconds between lines */
    RP_PROGRESS_TERMINAL, /**< also a terminal, as a bar that goes when the job is done, and a file,
                               as a line a minute; off where RANKPOOL_PROGRESS is off */
    RP_PROGRESS_ON,       /**< everyone: a bar on a terminal, lines elsewhere */
    RP_PROGRESS_OFF       /**< nobody */
} rp_progress;

/**
 * Shows the progress of jobs from now on, or no longer. *Local;* only the root's call has a
 * meaning.
 *
 * Shown are jobs that last half a second or longer: done of total, rate, time left, ranks busy.
 * They are called by their rp_options.name, and their items by rp_options.unit. Of a stream: what
 * was consumed, rate, items under way, and if it says what is expected, of how many, and time left.
 *
 * @return RP_OK; RP_ERR_ARGUMENT for anything else than an rp_progress or a RANKPOOL_PROGRESS that
 *         makes no sense; RP_ERR_STATE with a loop open; RP_ERR_MEMORY. rp_last_error() stays as it
 *         is.
 * Cost: a thread of the root that looks ten times a second while a job runs; four letters a second
 * from every node.
 */
rp_status rp_show_progress(rp_pool *pool, rp_progress progress);

/**
 * Records from now on what every rank does and when, anew; or no longer. *Collective.*
 *
 * Of time and items nothing is ever lost. When a rank's record is full (4 MiB: 65 536 slices and
 * waits), neighbouring events that are short are told as one.
 *
 * @param[in] on  the same on every rank
 * @return RP_OK, RP_ERR_MISMATCH, RP_ERR_MEMORY. After an error nothing is recorded.
 * Cost: some 0.1 us a slice while it records, nothing otherwise. Here, and in the calls below, some
 * messages to and from every node tell how its clock differs from the root's: the smallest round
 * trip counts (Cristian, Probabilistic clock synchronization, 1989).
 */
rp_status rp_record(rp_pool *pool, bool on);

/** How many of the slowest slices are told. */
#define RP_SLOWEST 8

/** A slice: items that a rank worked on from one claim to the next. */
typedef struct rp_slow_slice {
    int rank;
    int64_t first, items;  /**< the items first ... first + items - 1 */
    double begin, seconds; /**< since rp_record(); how long it took */
} rp_slow_slice;

/** What one rank did. Times are in seconds, and those of the five kinds add up to `seconds`. */
typedef struct rp_rank_figures {
    int rank, node;
    double seconds; /**< since rp_record() */
    double working, communicating, scheduling, waiting, own;
    int64_t items, slices;  /**< finished */
    int64_t steals;         /**< times that it took over half of another rank's share */
    int64_t draws;          /**< shares and slices of its node's batches that it took */
    int64_t batches;        /**< that came to its node, if it has the node's agent; likewise: */
    int64_t letters, bytes; /**< sent to other nodes: letters, and in all */
    uint64_t reserved[4];
} rp_rank_figures;

/**
 * What all ranks did. The efficiencies are those of the POP project (Performance Optimisation and
 * Productivity, "POP Standard Metrics for Parallel Performance Analysis"), where a rank is useful
 * while it works or is in the program's own code.
 */
typedef struct rp_figures {
    int ranks, nodes;
    double seconds;                  /**< since rp_record() */
    double load_balance;             /**< useful time: mean of the ranks / most of them */
    double communication_efficiency; /**< most useful time of a rank / seconds */
    double parallel_efficiency;      /**< the product of the two: mean useful time / seconds */
    int64_t jobs, items, slices, steals, batches, letters, bytes; /**< sums; jobs: of the root */
    int slow;                          /**< how many of these there are: */
    rp_slow_slice slowest[RP_SLOWEST]; /**< the slowest first */
    uint64_t reserved[8];
} rp_figures;

/**
 * Tells what has been done since rp_record(). *Collective;* recording goes on.
 *
 * @param[out] figures  of all ranks; or NULL, on any rank
 * @param[out] each     rp_ranks() elements, by rank; or NULL, on any rank
 * @return RP_OK; RP_ERR_STATE where nothing is recorded; RP_ERR_MEMORY
 * Cost: two meetings, and some 2 KiB to the root from every rank.
 */
rp_status rp_stats(rp_pool *pool, rp_figures *figures, rp_rank_figures *each);

/**
 * Writes what rp_stats() tells, on the root. *Collective.*
 *
 * @param[in] path  a file, on the root; its suffix .json means JSON, anything else a table. NULL: a
 *                  table on stderr.
 * @return as rp_stats(); RP_ERR_IO
 */
rp_status rp_stats_print(rp_pool *pool, const char *path);

/**
 * Draws what has been done since rp_record(): a lane for every rank, and how many of them were busy
 * over time. *Collective;* recording goes on.
 *
 * @param[in] path  a file, on the root: SVG, or, with the suffix .html or .htm, a page with the
 *                  same picture. Both are whole in themselves, and tell more to a mouse, in a
 *                  browser.
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_STATE (nothing is recorded), RP_ERR_MEMORY, RP_ERR_IO
 * Cost: the records of all ranks go to the root, which keeps one at a time.
 */
rp_status rp_timeline(rp_pool *pool, const char *path);

/**
 * Writes the same as a trace, in Google's Trace Event format (JSON), which ui.perfetto.dev and
 * chrome://tracing open: nodes as processes, ranks as threads, jobs above their slices.
 * *Collective;* parameter, result and cost as in rp_timeline().
 */
rp_status rp_trace(rp_pool *pool, const char *path);

/* ---------------------------------------------------------------------------------------------
 * The grid: a two-dimensional field cut into blocks, whose ranks exchange borders
 *
 *     rp_grid_open(pool, &(rp_grid_shape){.rows = m, .columns = n, .cell_size = sizeof *u}, &grid);
 *     rp_grid_alloc(grid, (void **)&u);
 *     rp_grid_alloc(grid, (void **)&next);
 *     rp_grid_scatter(grid, rp_root(pool), start, u);
 *     for (int step = 0; step < steps; step++) {
 *         rp_grid_exchange_begin(grid, u);
 *         ... next from u, for the cells of rp_grid_inner()
 *         rp_grid_exchange_end(grid);
 *         ... next from u, for the other cells of the block
 *         swap(&u, &next);
 *     }
 *     rp_grid_gather(grid, rp_root(pool), u, result);
 *     rp_grid_close(&grid);
 *
 * How a rank's part of a field lies in its memory: row by row, the rows rp_grid_stride() cells
 * apart, with a halo of `halo` cells on every side. A field's address is that of the first cell of
 * the block; cell (r, c) of the block is field[r * stride + c], and r and c go from -halo to `halo`
 * behind the block's last. Where the block ends at the edge of the whole field, its halo is the
 * program's own, zero at first: boundary values go there. Elsewhere an exchange fills it, corners
 * included, with the neighbours' cells.
 *
 * With more ranks than the field can be cut for, some have no cells: their ranges are empty. They
 * call what the others call, and nothing happens.
 * ------------------------------------------------------------------------------------------ */

/** What a grid is made for. The same on every rank. */
typedef struct rp_grid_shape {
    int64_t rows, columns; /**< of the whole field, at least 1 each */
    size_t cell_size;      /**< bytes of a cell, at least 1 */
    int halo;              /**< width of the border around each block; 0: 1 */
    uint64_t reserved[8];
} rp_grid_shape;

/**
 * Cuts a field into one block for each rank. *Collective.*
 *
 * The blocks are those of rp_block() in both directions, and the grid of ranks is such that the
 * largest block and its border are as small as can be: near squares; for two ranks, half of the
 * rows. Where it has neighbours, a block is no thinner than the halo.
 *
 * @param[in] shape  what to cut: rows * columns * cell_size must fit 63 bits
 * @param[out] grid  the grid; NULL after an error. Owned by the caller until rp_grid_close() or
 *                   rp_close().
 * @return RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_MPI, RP_ERR_VERSION
 * Cost: two meetings, a communicator, and node memory for two copies of the blocks'
 edges. */
rp_status rp_grid_open(rp_pool *pool, const rp_grid_shape *shape, rp_grid **grid);

/**
 * Closes a grid and frees its fields. *Collective.*
 *
 * A rank may close it early, when it gives up: see rp_grid_exchange_end().
 *
 * @param[in,out] grid  set to NULL. A pointer to NULL is fine and does nothing.
 * @return RP_OK; RP_ERR_STATE if a rank had an exchange begun and not ended, RP_ERR_MISMATCH if the
 *         ranks have not begun the same number of exchanges. The grid is gone in every case, but
 *         for one: with a loop open it is RP_ERR_STATE, and nothing happens.
 */
rp_status rp_grid_close(rp_grid **grid);

/** The rows of my block, as rows of the whole field. *Local,* like the four below. */
rp_range rp_grid_rows(const rp_grid *grid);
/** The columns of my block. */
rp_range rp_grid_columns(const rp_grid *grid);
/** Those rows and columns of my block whose neighbours up to `halo` away, diagonal ones too, lie in
 *  my block or beyond the whole field: what can be computed before an exchange has ended. Either
 *  range may be empty. */
void rp_grid_inner(const rp_grid *grid, rp_range *rows, rp_range *columns);
/** Cells from one row of a field in memory to the next. */
int64_t rp_grid_stride(const rp_grid *grid);

/**
 * Allocates this rank's part of a field, halo included, all zero. *Collective.*
 *
 * Each row of the block begins at a multiple of 64 bytes. The memory is this rank's own.
 *
 * @param[out] field  address of the first cell of the block; NULL after an error. Owned by the
 *                    grid: rp_grid_close() frees it.
 * @return RP_ERR_ARGUMENT, RP_ERR_MEMORY
 */
rp_status rp_grid_alloc(rp_grid *grid, void **field);

/**
 * Deals out a whole field: every rank gets its block. *Collective.* Halos are left alone.
 *
 * @param[in] root    the rank that has the whole, the same on every rank
 * @param[in] all     rows * columns cells, row by row without gaps; looked at on `root` only
 * @param[out] field  of rp_grid_alloc(), the same one (the first, the second ...) on every rank
 * @return RP_ERR_ARGUMENT, RP_ERR_MISMATCH, RP_ERR_MEMORY, RP_ERR_MPI, RP_ERR_STATE (during an
 *         exchange)
 * Cost: two meetings; the root sends to each rank in turn, in pieces of 1 MiB.
 */
rp_status rp_grid_scatter(rp_grid *grid, int root, const void *all, void *field);

/** Collects a whole field on `root`, from the blocks of all ranks. *Collective.* Arguments, errors
 *  and cost as in rp_grid_scatter(). */
rp_status rp_grid_gather(rp_grid *grid, int root, const void *field, void *all);

/**
 * Sends the edges of my block to the neighbours that need them, without waiting. Every rank of the
 * grid calls it, but it is no meeting: it concerns neighbours only, and so does its status.
 *
 * The edges are copied: afterwards the block may be read and written. The halo is undefined until
 * rp_grid_exchange_end(), but for the program's own part of it.
 *
 * @param[in] field  of rp_grid_alloc(), the same one on every rank
 * @return RP_OK; on this rank alone RP_ERR_ARGUMENT, RP_ERR_MPI, or RP_ERR_STATE: an exchange has
 *         been begun already, a loop is open, or the grid can only be closed after an earlier
 *         error.
 * Cost: a copy of the edges; between nodes a message to each neighbour there. MPI may move long
 * messages only once the exchange is being ended.
 */
rp_status rp_grid_exchange_begin(rp_grid *grid, void *field);

/**
 * Waits, asleep if it takes long, for the neighbours' edges, and puts them into the halo of the
 * field that was given to rp_grid_exchange_begin(). As there, every rank calls it, and only
 * neighbours wait for each other.
 *
 * If a rank gives up and closes the grid or the pool, or waits for this rank in any other
 * collective call on the pool, its neighbours' waiting ends with RP_ERR_STATE. They close the grid
 * in their turn, and rp_grid_close() returns the same error on all of them.
 *
 * @return RP_OK; on this rank alone RP_ERR_STATE: no exchange was begun, or a neighbour is gone; or
 *         RP_ERR_MPI. After an error the grid can only be closed.
 * Cost: a copy of the halo; under a microsecond if the neighbours are there already.
 */
rp_status rp_grid_exchange_end(rp_grid *grid);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
