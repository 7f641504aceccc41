/* The watch: a thread of the first rank of each node, which sleeps most of the time. Now and then
 * it looks at the work queue and at the doings of the node's ranks (diag/activity.h), and
 *
 * - where nothing has finished for so long as the watchdog is told to wait, it tells on stderr what
 *   every rank is doing, and again after twice, four times ... as long;
 * - where a call has taken twice as long as it may, it sees to it that this ends (diag/deadline.h).
 *
 * The ranks do nothing for it but store what they do; how long they have been doing it the watch
 * knows from its own looks. */
#ifndef RANKPOOL_DIAG_WATCHDOG_H
#define RANKPOOL_DIAG_WATCHDOG_H

#include "rankpool.h"

#include <pthread.h>

/* What the watch last saw of a rank, and since when. */
struct observation {
    uint64_t chunk, agreement, packet; /* words that change when there is another */
    double chunk_since, agreement_since, packet_since;
};

struct watchdog {
    rp_pool *pool;
    double limit; /* after how many seconds without progress to report; 0: never */
    pthread_t thread;
    bool running;
    /* Between the rank and the thread, under `mutex`: */
    pthread_mutex_t mutex;
    pthread_cond_t news;
    bool over;
    double item_seconds; /* of the job at hand; 0: it has no limit */
    /* The thread's own: */
    struct observation *observations; /* by rank of the node */
    uint64_t issue, done;
    double quiet_since;
    double backoff; /* seconds of quiet after which the next report is due */
};

/* Begins the watch, on the first rank of a node and if there is a watchdog. If that cannot be, it
 * says so on stderr: the pool works without. */
void rpi_watchdog_open(struct watchdog *watchdog, rp_pool *pool, double seconds);

/* Sees to it that there is a watch for a job whose items have a time limit. */
rp_status rpi_watchdog_provide(rp_pool *pool, const rp_options *options, rp_error *error);

/* How long an item may take, from now on; 0: as long as it likes. */
void rpi_watchdog_limit(struct watchdog *watchdog, double item_seconds);

/* Ends the watch. */
void rpi_watchdog_close(struct watchdog *watchdog);

/* Tells on stderr what every rank of the node is doing. `now`: by the clock of the sights. */
void rpi_watchdog_report(const struct watchdog *watchdog, double now);

#endif
