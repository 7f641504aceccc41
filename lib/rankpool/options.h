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

/** How items are dealt out. RANKPOOL_SCHEDULE="guided,100" decides for jobs that leave it open. */
typedef enum rp_schedule {
    RP_SCHEDULE_ADAPTIVE, /**< near-equal shares; the chunk size follows the measured time per item;
                               idle ranks take half of another's share (work stealing) */
    RP_SCHEDULE_STATIC,   /**< near-equal shares without stealing: for loads known to be even */
    RP_SCHEDULE_DYNAMIC,  /**< as RP_SCHEDULE_ADAPTIVE, with chunks of `chunk` items (default 1) */
    RP_SCHEDULE_GUIDED,   /**< 1/ranks of the rest at a time (Polychronopoulos and Kuck, 1987) */
    RP_SCHEDULE_FACTORING /**< rounds of equal chunks, each round half of the rest (Hummel,
                               Schonberg and Flynn, 1992) */
} rp_schedule;

/** What a failing item does to the others. */
typedef enum rp_on_failure {
    RP_ON_FAILURE_STOP,    /**< no further items are begun */
    RP_ON_FAILURE_CONTINUE /**< all other items are done */
} rp_on_failure;

/** Options of every job. The same on every rank, except as said. */
typedef struct rp_options {
    void *user;           /**< for the tasks: rp_task_user(). Each rank has its own. */
    rp_schedule schedule; /**< how items are dealt out */
    int64_t chunk;        /**< items in a chunk: exactly (static, dynamic) or at least (the others);
                               0: the schedule decides. Rounded up to whole units: see
                               rp_loop_open(); leaves, in a reduction. */
    double call_overhead; /**< fixed cost of one call on a range in seconds, if known: chunks grow
                               to hide it. May differ. */
    rp_on_failure on_failure; /**< map and stream */
    uint8_t *item_status; /**< map only: on the root n bytes, each the rp_status of its item (RP_OK;
                               RP_ERR_TASK: failed; RP_ERR_TIMEOUT: came back late;
                               RP_ERR_CANCELLED: never begun, or ended because the job was
                               stopped), or NULL */
    uint64_t seed;        /**< of the random numbers of the tasks: rp_task_random() */
    int retries;          /**< not for loops: how often a call that failed or was late is made
                               again, at once, by the same rank. Every attempt finds `out`, or the
                               partial result, as the first did. rp_task_attempt() counts. */
    int64_t max_failures; /**< map and stream, with RP_ON_FAILURE_CONTINUE: the job is given up
                               after this many failed calls, per node or, in a stream, in all; 0:
                               no limit */
    double item_seconds;  /**< time limit of an item, of a range in proportion to its items; 0:
                               none. A later result has failed: RP_ERR_TIMEOUT. A call that has not
                               returned after twice the limit ends the program: a line on stderr,
                               and MPI_Abort, from a thread of the library. See
                               rp_task_cancelled(). */
    const char *name;     /**< name of the job in progress, statistics and errors, or NULL. May
                               differ. */
    const char *unit; /**< what its items are called, in the plural, or NULL: items. May differ. */
    uint64_t reserved[10];
} rp_options;

RP_END_DECLARATIONS

#endif
