/**
 * @file rankpool/observe.h
 * @brief Observability: progress, statistics, timelines and traces.
 *
 *     rp_record_start(pool);
 *     ... jobs and collectives
 *     rp_stats_write(pool, NULL);
 *     rp_timeline(pool, "timeline.svg");
 *
 * From rp_record_start() on, each moment of a rank is in one of five states. *Working*: computing
 * items. *Communicating*: moving data for the library, and waiting for the edges of a grid.
 * *Scheduling*: looking for items. *Waiting*: asleep, for items or for other ranks. *Application*:
 * everything else, which is the program's code outside jobs, its own MPI calls, and the producer
 * and the consumer of a stream.
 */
#ifndef RANKPOOL_OBSERVE_H
#define RANKPOOL_OBSERVE_H

#include <rankpool/block.h>
#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stdbool.h>
#include <stdint.h>

RP_BEGIN_DECLARATIONS

/** Where the root's stderr shows the progress of jobs. */
typedef enum rp_progress {
    RP_PROGRESS_ASKED,    /**< only if RANKPOOL_PROGRESS is on, or the seconds between lines */
    RP_PROGRESS_TERMINAL, /**< also on a terminal, as a bar that disappears when the job is done;
                               in a file, as a line per minute; and in a pipe, such as mpirun's, as
                               a line five seconds after this call, then every ten seconds, and
                               less often the longer the job runs; not if RANKPOOL_PROGRESS is
                               off */
    RP_PROGRESS_ON,       /**< always: a bar on a terminal, lines elsewhere */
    RP_PROGRESS_OFF       /**< never */
} rp_progress;

/**
 * Sets where the progress of later jobs is shown. *Local;* only the root's call has an effect.
 *
 * Jobs that last half a second or longer are shown: items done of total, rate, time left, busy
 * ranks. rp_options.name is the name of a job, and rp_options.unit that of its items. For a stream:
 * items consumed, rate, items in flight and, if the number of items to expect is set, that number
 * and the time left.
 *
 * @return RP_OK; RP_ERR_ARGUMENT for an invalid `progress` or RANKPOOL_PROGRESS; RP_ERR_STATE with
 *         a loop open; RP_ERR_MEMORY. rp_last_error() is not changed.
 * Cost: a thread of the root that wakes ten times a second while a job runs; four messages a second
 * from every node.
 */
rp_status rp_show_progress(rp_pool *pool, rp_progress progress);

/**
 * Reports the progress of a loop of the program that is not a job of the pool, such as time steps.
 * *Local;* every rank calls it at the start of the loop and after each step.
 *
 * The root's calls move the bar of rp_show_progress(); jobs inside the loop have no bar. While
 * recording, a rank's time outside the library counts as work between its first and last call, and
 * its steps count as items.
 *
 * @param[in] unit   name of a step in the plural, such as "steps"; NULL: "items". Must stay valid
 *                   until the end of the loop.
 * @param[in] done   number of steps done on this rank; 0 begins a loop
 * @param[in] total  total number of steps; done >= total ends the loop, so 0, 0 ends a loop early
 * @return RP_OK; RP_ERR_ARGUMENT for NULL and for negative numbers; RP_ERR_STATE in a job.
 *         rp_last_error() is not changed.
 * Cost: two atomic stores on the root; some 0.1 us while recording.
 */
rp_status rp_progress_set(rp_pool *pool, const char *unit, int64_t done, int64_t total);

/**
 * Starts recording the activity of every rank; discards an earlier recording. *Collective.*
 *
 * A stopped recording can be reported until the next one starts, and its statistics, timeline and
 * trace agree to the last item. Reported while recording continues, each report includes the cost
 * of the previous one.
 *
 * Times and item counts are always complete. When a rank's buffer is full (4 MiB: 65 536 chunks and
 * waits), short neighbouring events are merged.
 *
 * @return RP_OK, RP_ERR_MISMATCH, RP_ERR_MEMORY. After an error nothing is recorded.
 * Cost: some 0.1 us per chunk while recording, nothing otherwise. This call and the reports below
 * exchange a few messages with every node to measure the offset of its clock to the root's, from
 * the exchange with the shortest round trip (Cristian, Probabilistic clock synchronization, 1989).
 */
rp_status rp_record_start(rp_pool *pool);

/**
 * Stops recording, and keeps the recording. *Collective.* Does nothing if none is in progress.
 *
 * @return RP_OK, RP_ERR_MISMATCH
 */
rp_status rp_record_stop(rp_pool *pool);

/** Number of slowest chunks in rp_pool_stats. */
#define RP_SLOWEST 8

/** A chunk: the items that a rank computed between two claims. */
typedef struct rp_slow_chunk {
    int rank;
    int64_t first, items;  /**< the items first ... first + items - 1 */
    double begin, seconds; /**< start, since rp_record_start(); duration */
} rp_slow_chunk;

/** Statistics of one rank. Times are in seconds; those of the five states add up to `seconds`. */
typedef struct rp_rank_stats {
    int rank, node;
    double seconds; /**< since rp_record_start() */
    double working, communicating, scheduling, waiting, application;
    int64_t items, chunks;   /**< finished */
    int64_t steals;          /**< number of times it stole half of another rank's share, or in a
                                  worklist of its items */
    int64_t takes;           /**< shares and chunks that it claimed from its node's batches */
    int64_t batches;         /**< received by its node. This and the next two members are 0 unless
                                  the rank runs the node's agent or, in a stream, its link to the
                                  root. */
    int64_t messages, bytes; /**< messages sent to other nodes, and their bytes */
    uint64_t reserved[4];
} rp_rank_stats;

/**
 * Statistics of all ranks. The efficiencies are those of the POP project (Performance Optimisation
 * and Productivity, "POP Standard Metrics for Parallel Performance Analysis"); useful time is
 * `working` and `application`.
 */
typedef struct rp_pool_stats {
    int ranks, nodes;
    double seconds;                  /**< since rp_record_start() */
    double load_balance;             /**< useful time: mean of the ranks / maximum */
    double communication_efficiency; /**< maximum useful time of a rank / seconds */
    double parallel_efficiency;      /**< the product of the two: mean useful time / seconds */
    int64_t jobs, items, chunks, steals, batches, messages, bytes; /**< sums; jobs: of the root */
    int slow;                          /**< number of valid elements of `slowest` */
    rp_slow_chunk slowest[RP_SLOWEST]; /**< the slowest first */
    uint64_t reserved[8];
} rp_pool_stats;

/**
 * Returns statistics from rp_record_start() until now, or until recording was stopped.
 * *Collective.*
 *
 * @param[out] stats  of all ranks; or NULL, on any rank
 * @param[out] each   rp_ranks() elements, by rank; or NULL, on any rank
 * @return RP_OK; RP_ERR_STATE without a recording; RP_ERR_MEMORY
 * Cost: two barriers, and some 2 KiB from every rank to the root.
 */
rp_status rp_stats(rp_pool *pool, rp_pool_stats *stats, rp_rank_stats *each);

/**
 * Writes the statistics of rp_stats(), on the root. *Collective.*
 *
 * Here and in the calls below, regular files are replaced as by rp_file_create(); pipes and devices
 * are written directly. JSON is UTF-8; invalid UTF-8 in names becomes U+FFFD. Numbers have a
 * decimal point in every locale, also in tables, progress and error texts. A name whose ending
 * belongs to another format is refused: RP_ERR_ARGUMENT.
 *
 * @param[in] path  a file, on the root: JSON if it ends in .json, else a table. NULL: a table on
 *                  stderr.
 * @return as rp_stats(); RP_ERR_ARGUMENT, RP_ERR_IO
 */
rp_status rp_stats_write(rp_pool *pool, const char *path);

/**
 * Draws a timeline since rp_record_start(): a lane for every rank, and the number of busy ranks
 * over time. *Collective;* recording continues.
 *
 * @param[in] path  a file, on the root: SVG, or an HTML page with the same picture if it ends in
 *                  .html or .htm. Both are self-contained, and show details under the mouse in a
 *                  browser.
 * @return RP_OK, RP_ERR_ARGUMENT, RP_ERR_STATE (without a recording), RP_ERR_MEMORY, RP_ERR_IO
 * Cost: transfers the recordings of all ranks to the root, which holds one at a time.
 */
rp_status rp_timeline(rp_pool *pool, const char *path);

/**
 * Writes a trace in Google's Trace Event format (JSON), for ui.perfetto.dev and chrome://tracing:
 * nodes as processes, ranks as threads, jobs above their chunks. *Collective;* parameter, result
 * and cost as in rp_timeline().
 */
rp_status rp_trace(rp_pool *pool, const char *path);

RP_END_DECLARATIONS

#endif
