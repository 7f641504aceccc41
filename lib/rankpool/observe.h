/**
 * @file rankpool/observe.h
 * @brief Seeing it work: progress, figures, the picture of every rank.
 *
 *     rp_record_start(pool);
 *     ... jobs and collectives
 *     rp_stats_write(pool, NULL);
 *     rp_timeline(pool, "timeline.svg");
 *
 * A rank's time, from the call of rp_record_start() on, is one of five: it *works* on items; it
 * *communicates*, for the library: moves data, waits for edges; it *schedules*: looks for items;
 * it *waits*, asleep, for items or for other ranks; the rest is the program's *own*: its code
 * outside jobs, MPI that it calls itself, and the producer and the consumer of a stream.
 */
#ifndef RANKPOOL_OBSERVE_H
#define RANKPOOL_OBSERVE_H

#include <rankpool/block.h>
#include <rankpool/declarations.h>
#include <rankpool/status.h>

#include <stdbool.h>
#include <stdint.h>

RP_BEGIN_DECLARATIONS

/** Who sees the progress of jobs, on the root's stderr. */
typedef enum rp_progress {
    RP_PROGRESS_ASKED,    /**< where RANKPOOL_PROGRESS is on, or the seconds between lines */
    RP_PROGRESS_TERMINAL, /**< also a terminal, as a bar that goes when the job is done, and a file,
                               as a line a minute; off where RANKPOOL_PROGRESS is off */
    RP_PROGRESS_ON,       /**< everyone: a bar on a terminal, lines elsewhere */
    RP_PROGRESS_OFF       /**< nowhere */
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
 * Cost: a thread of the root that looks ten times a second while a job runs; four messages a second
 * from every node.
 */
rp_status rp_show_progress(rp_pool *pool, rp_progress progress);

/**
 * Reports how far a loop of the program's own is, whose work is no job of the pool, such as steps
 * in time. *Local;* every rank calls it when it begins the loop and after each of its steps.
 *
 * The root's calls move the bar of rp_show_progress(); jobs inside of the loop have none of their
 * own. While a rank records, its time outside of the library counts as work from its first call to
 * its last, and what it has done counts as items.
 *
 * @param[in] unit   what is counted, such as "steps"; NULL: "items". It lives as long as the loop.
 * @param[in] done   so many are done, on this rank; 0 begins a loop
 * @param[in] total  of so many; done >= total ends the loop, so 0, 0 ends one that was left early
 * @return RP_OK; RP_ERR_ARGUMENT for NULL and for negative numbers; RP_ERR_STATE in a job.
 *         rp_last_error() stays as it is.
 * Cost: two atomic stores on the root; some 0.1 us while the rank records.
 */
rp_status rp_progress_set(rp_pool *pool, const char *unit, int64_t done, int64_t total);

/**
 * Starts recording what every rank does and when; what was recorded before is dropped.
 * *Collective.*
 *
 * What was recorded up to the end of recording may be told afterwards, until recording begins anew.
 * Figures, timeline and trace that are told then agree to the last item; told while the record goes
 * on, each includes what the one before cost.
 *
 * Of time and items nothing is ever lost. When a rank's record is full (4 MiB: 65 536 chunks and
 * waits), neighbouring events that are short are told as one.
 *
 * @return RP_OK, RP_ERR_MISMATCH, RP_ERR_MEMORY. After an error nothing is recorded.
 * Cost: some 0.1 us a chunk while it records, nothing otherwise. Here, and in the calls below, some
 * messages to and from every node tell how its clock differs from the root's: the smallest round
 * trip counts (Cristian, Probabilistic clock synchronization, 1989).
 */
rp_status rp_record_start(rp_pool *pool);

/**
 * Stops recording, and keeps what was recorded. *Collective.* Without a record it does nothing.
 *
 * @return RP_OK, RP_ERR_MISMATCH
 */
rp_status rp_record_stop(rp_pool *pool);

/** How many of the slowest chunks are told. */
#define RP_SLOWEST 8

/** A chunk: items that a rank worked on from one claim to the next. */
typedef struct rp_slow_chunk {
    int rank;
    int64_t first, items;  /**< the items first ... first + items - 1 */
    double begin, seconds; /**< since rp_record_start(); how long it took */
} rp_slow_chunk;

/** What one rank did. Times are in seconds, and those of the five kinds add up to `seconds`. */
typedef struct rp_rank_stats {
    int rank, node;
    double seconds; /**< since rp_record_start() */
    double working, communicating, scheduling, waiting, application;
    int64_t items, chunks;   /**< finished */
    int64_t steals;          /**< times that it took over half of another rank's share */
    int64_t takes;           /**< shares and chunks that it took from its node's batches */
    int64_t batches;         /**< that came to its node, if it has the node's agent; likewise: */
    int64_t messages, bytes; /**< sent to other nodes: messages, and in all */
    uint64_t reserved[4];
} rp_rank_stats;

/**
 * What all ranks did. The efficiencies are those of the POP project (Performance Optimisation and
 * Productivity, "POP Standard Metrics for Parallel Performance Analysis"), where a rank is useful
 * while it works or is in the program's own code.
 */
typedef struct rp_pool_stats {
    int ranks, nodes;
    double seconds;                  /**< since rp_record_start() */
    double load_balance;             /**< useful time: mean of the ranks / most of them */
    double communication_efficiency; /**< most useful time of a rank / seconds */
    double parallel_efficiency;      /**< the product of the two: mean useful time / seconds */
    int64_t jobs, items, chunks, steals, batches, messages, bytes; /**< sums; jobs: of the root */
    int slow;                          /**< how many of these there are: */
    rp_slow_chunk slowest[RP_SLOWEST]; /**< the slowest first */
    uint64_t reserved[8];
} rp_pool_stats;

/**
 * Tells what has been done since rp_record_start(), up to now or to the end of recording.
 * *Collective.*
 *
 * @param[out] stats    of all ranks; or NULL, on any rank
 * @param[out] each     rp_ranks() elements, by rank; or NULL, on any rank
 * @return RP_OK; RP_ERR_STATE where nothing was recorded; RP_ERR_MEMORY
 * Cost: two meetings, and some 2 KiB to the root from every rank.
 */
rp_status rp_stats(rp_pool *pool, rp_pool_stats *stats, rp_rank_stats *each);

/**
 * Writes what rp_stats() tells, on the root. *Collective.*
 *
 * Files are written as by rp_file_create(), and pipes and devices as they are, here and in the
 * calls below. JSON is UTF-8: what is no UTF-8 in a name becomes U+FFFD. Numbers have a decimal
 * point in every locale, tables, progress and error texts included.
 *
 * @param[in] path  a file, on the root; its suffix .json means JSON, anything else a table. NULL: a
 *                  table on stderr.
 * @return as rp_stats(); RP_ERR_IO
 */
rp_status rp_stats_write(rp_pool *pool, const char *path);

/**
 * Draws what has been done since rp_record_start(): a lane for every rank, and how many of them
 * were busy over time. *Collective;* recording goes on.
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
 * chrome://tracing open: nodes as processes, ranks as threads, jobs above their chunks.
 * *Collective;* parameter, result and cost as in rp_timeline().
 */
rp_status rp_trace(rp_pool *pool, const char *path);

RP_END_DECLARATIONS

#endif
