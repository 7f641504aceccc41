/**
 * @file rankpool/options.h
 * @brief Options of every job: schedule, failures, time limits.
 */
#ifndef RANKPOOL_OPTIONS_H
#define RANKPOOL_OPTIONS_H

#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stdbool.h>
#include <stddef.h>

RP_BEGIN_DECLARATIONS

/** Loop schedules. RANKPOOL_SCHEDULE="guided,100" sets it for jobs with schedule and chunk 0. */
typedef enum rp_schedule {
    RP_SCHEDULE_ADAPTIVE, /**< near-equal shares; the chunk size follows the measured time per item;
                               idle ranks take half of another's share (work stealing) */
    RP_SCHEDULE_STATIC,   /**< near-equal shares without stealing, for evenly distributed work */
    RP_SCHEDULE_DYNAMIC,  /**< as RP_SCHEDULE_ADAPTIVE, with chunks of `chunk` items (default 1) */
    RP_SCHEDULE_GUIDED,   /**< 1/ranks of the rest at a time (Polychronopoulos and Kuck, 1987) */
    RP_SCHEDULE_FACTORING /**< rounds of equal chunks, each round half of the rest (Hummel,
                               Schonberg and Flynn, 1992) */
} rp_schedule;

/** Whether a job continues after an item has failed. */
typedef enum rp_on_failure {
    RP_ON_FAILURE_STOP,    /**< start no further items */
    RP_ON_FAILURE_CONTINUE /**< compute all other items */
} rp_on_failure;

/** Options of every job. The same on every rank, except where stated. */
typedef struct rp_options {
    void *user;           /**< passed to the tasks: rp_task_user(). Each rank has its own. */
    rp_schedule schedule; /**< how items are assigned to ranks */
    int64_t chunk;        /**< items per chunk: exactly (static, dynamic) or at least (the others);
                               0: the schedule decides. Rounded up to a multiple of the smallest
                               chunk (see rp_loop_open()), or of a leaf in a reduction. */
    double call_overhead; /**< fixed cost in seconds of one call on a range, if known: chunks grow
                               to amortise it. May differ. */
    double expected_seconds;  /**< expected seconds of an item, without call_overhead, if known, or
                                  0: then also the first chunks are long enough to amortise a call.
                                  It need not be exact. May differ. */
    rp_on_failure on_failure; /**< maps and streams */
    uint8_t *item_status;     /**< maps only: n bytes on the root, one rp_status per item (RP_OK;
                                   RP_ERR_TASK: failed; RP_ERR_TIMEOUT: exceeded its time limit;
                                   RP_ERR_CANCELLED: never started, or ended because the job was
                                   stopped; RP_ERR_LOST: given up after deaths of ranks, see
                                   rp_survives()), or NULL */
    uint64_t seed;            /**< seed of the tasks' random numbers: rp_task_random() */
    int retries;              /**< not for loops: how often a call that failed or exceeded its time
                                   limit is repeated, at once, by the same rank. `out`, or the
                                   partial result, is restored before each attempt. See
                                   rp_task_attempt(). */
    int64_t max_failures; /**< map and stream, with RP_ON_FAILURE_CONTINUE: abandon the job after
                               this many failed calls, per node or, in a stream, in all; 0: no
                               limit */
    double item_seconds;  /**< time limit of an item; of a range, in proportion to its items; 0:
                               none. An item that returns later has failed with RP_ERR_TIMEOUT. If a
                               call has not returned after twice its limit, a thread of the library
                               prints a line on stderr and calls MPI_Abort(). See
                               rp_task_cancelled(). */
    const char *name;     /**< name of the job in progress, statistics and errors, or NULL. May
                               differ. */
    const char *unit;     /**< plural noun for its items, or NULL: "items". May differ. */
    uint64_t reserved[9];
} rp_options;

RP_END_DECLARATIONS

#endif
