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
 * - *Local*: any rank may call it, at any time; it waits for no other rank.
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
 * - *Pools*: a pool is one that rp_open() or rp_open_comm() made. Functions that return an rp_status
 *   answer RP_ERR_ARGUMENT to NULL, at once and on the rank that gave it alone; the others, but for
 *   rp_last_error(), must not be given NULL.
 * - *Threads*: one thread at a time uses a pool. Two pools may be used by two threads if MPI was
 *   initialised with MPI_THREAD_MULTIPLE.
 * - *Output*: the library never writes to stdout, never exits and never aborts. The exceptions are
 *   rp_launch(), and items that never end where a job limits their time: options.item_seconds.
 */
#ifndef RANKPOOL_H
#define RANKPOOL_H

/** Version of this header; rp_version() tells that of the library. */
#define RP_VERSION_MAJOR  0
#define RP_VERSION_MINOR  1
#define RP_VERSION_PATCH  0
#define RP_VERSION_NUMBER (10000 * RP_VERSION_MAJOR + 100 * RP_VERSION_MINOR + RP_VERSION_PATCH)
#define RP_VERSION        "0.1.0"

#include <rankpool/block.h>
#include <rankpool/buffer.h>
#include <rankpool/collective.h>
#include <rankpool/file.h>
#include <rankpool/grid.h>
#include <rankpool/loop.h>
#include <rankpool/map.h>
#include <rankpool/node_memory.h>
#include <rankpool/observe.h>
#include <rankpool/options.h>
#include <rankpool/pool.h>
#include <rankpool/random.h>
#include <rankpool/reduce.h>
#include <rankpool/results.h>
#include <rankpool/status.h>
#include <rankpool/stream.h>
#include <rankpool/sums.h>
#include <rankpool/task.h>

#endif
