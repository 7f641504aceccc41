/**
 * @file rankpool.h
 * @brief Rankpool: every core of a laptop, and every node of a cluster, on one numeric problem.
 *
 * The same program runs as `./program` on every core of this machine, as `mpirun -np 16 ./program`,
 * and as `srun ./program` on many nodes. It is SPMD: every rank runs main(), and the ranks share
 * work through the pool. README.md has a first program; doc/guide introduces the library to users
 * of Python's Pool and of plain MPI, and its caveats page lists what is not checked.
 *
 * Conventions
 *
 * - *Collective*: every rank of the pool must call it, in the same order and, unless stated
 *   otherwise, with the same arguments. It waits for the other ranks, asleep.
 * - *Local*: any rank may call it at any time; it waits for no other rank.
 * - *Structs*: zero means the default, so use `{0}` or designated initialisers. `reserved` must be
 *   zero; otherwise the call returns RP_ERR_VERSION: the program was built for a newer library.
 * - *Errors*: a function that can fail returns an rp_status. A collective one returns the same
 *   status on every rank, regardless of which rank failed, and rp_last_error() has the same details
 *   everywhere. The pool remains usable after RP_ERR_ARGUMENT, RP_ERR_MEMORY and most
 *   RP_ERR_MISMATCH. When ranks made *different calls*, they get RP_ERR_MISMATCH once and
 *   RP_ERR_STATE immediately from every later call; only rp_close() still works. Any collective
 *   call may return these, RP_ERR_STATE while a loop is open, and RP_ERR_MPI; where a call may
 *   return others, its comment lists them.
 * - *Pools*: a pool comes from rp_open() or rp_open_comm(). Given NULL, functions that return an
 *   rp_status return RP_ERR_ARGUMENT, immediately and on that rank only; the others, except
 *   rp_last_error(), must not be given NULL.
 * - *Threads*: only one thread at a time may use a pool. Two threads may use two pools if MPI was
 *   initialised with MPI_THREAD_MULTIPLE.
 * - *Output*: the library never writes to stdout, exits or aborts. The exceptions are rp_launch(),
 *   and items that never return in jobs with a time limit (options.item_seconds).
 */
#ifndef RANKPOOL_H
#define RANKPOOL_H

/** Version of this header; rp_version() returns that of the library. */
#define RP_VERSION_MAJOR  0
#define RP_VERSION_MINOR  1
#define RP_VERSION_PATCH  0
#define RP_VERSION_NUMBER (10000 * RP_VERSION_MAJOR + 100 * RP_VERSION_MINOR + RP_VERSION_PATCH)
#define RP_VERSION        "0.1.0"

#include <rankpool/block.h>
#include <rankpool/buffer.h>
#include <rankpool/collective.h>
#include <rankpool/control.h>
#include <rankpool/exchange.h>
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
#include <rankpool/sort.h>
#include <rankpool/status.h>
#include <rankpool/stream.h>
#include <rankpool/sums.h>
#include <rankpool/task.h>
#include <rankpool/worklist.h>

#endif
