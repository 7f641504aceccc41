/* The watchdog: a thread of the first rank of each node. It sleeps most of the time; at times it
 * looks at the work queue and at the activities of the node's ranks (diag/activity.h), and
 *
 * - reports on stderr what every rank is doing if nothing has finished for the configured time, and
 *   again after twice, four times ... that time;
 * - ends the program if a call has taken twice its time limit.
 *
 * The ranks only store what they are doing. The watchdog measures how long from its own looks, so
 * no rank reads a clock for it. */
#ifndef RANKPOOL_DIAG_WATCHDOG_H
#define RANKPOOL_DIAG_WATCHDOG_H

#include "base/thread.h"
#include "rankpool.h"

/* What the watchdog last saw of a rank, and since when. */
struct rank_sample {
    uint64_t chunk, agreement, packet, returned; /* words that change with each new one */
    double chunk_since, agreement_since, packet_since;
};

struct watchdog {
    rp_pool *pool;
    double limit; /* seconds without progress before the first report; 0: no reports */
    pthread_t thread;
    bool running;
    /* Shared by the rank and the thread, protected by the monitor: */
    struct monitor monitor;
    bool stopping;
    double item_seconds; /* time limit of the current job; 0: none */
    /* Used only by the thread: */
    struct rank_sample *samples; /* by node rank */
    uint64_t issue, done;
    double quiet_since;
    double report_after; /* seconds without progress before the next report */
};

/* If `seconds` is positive, which it is on all ranks or on none, publishes from now on which
 * agreement this rank is in, and starts the watchdog on the first rank of a node. On failure it
 * warns on stderr, and the pool works without. */
void rpi_watchdog_open(struct watchdog *watchdog, rp_pool *pool, double seconds);

/* Starts the watchdog, unless it runs, for a job whose items have a time limit. */
rp_status rpi_watchdog_provide(rp_pool *pool, rp_error *error);

/* The same, for jobs that may have no such limit. */
static inline void watchdog_provide(rp_pool *pool, const rp_options *options, rp_error *error)
{
    if (options->item_seconds > 0)
        rpi_watchdog_provide(pool, error);
}

/* Sets the time limit of an item; 0: none. */
void rpi_watchdog_limit(struct watchdog *watchdog, double item_seconds);

/* The same, where the watchdog may not run. */
static inline void watchdog_limit(struct watchdog *watchdog, double item_seconds)
{
    if (watchdog->running)
        rpi_watchdog_limit(watchdog, item_seconds);
}

/* Stops the thread. */
void rpi_watchdog_close(struct watchdog *watchdog);

/* Writes to stderr what every rank of the node is doing. `now` is in the time of
 * rpi_clock_seconds(). Called by the watchdog's thread. */
void rpi_watchdog_report(const struct watchdog *watchdog, double now);

#endif
