#include "diag/watchdog.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "diag/deadline.h"
#include "resilience/survival.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Looks per time that is allowed, so that what is due is at most a quarter late; and how short a
 * sleep between two looks may be, each of which costs some 8 us of a core. */
static const double looks = 4, shortest_sleep = 2e-3;

/* ---- looking --------------------------------------------------------------------------------- */

/* Keeps a word that was seen. Is it another one than before? */
static bool see(uint64_t *seen, double *since, uint64_t word, double now)
{
    bool new = word != *seen;
    if (new) {
        *seen = word;
        *since = now;
    }
    return new;
}

/* A word that is another one whenever a packet of a stream was begun or finished. */
static uint64_t packet_of(struct rank_activity *activity)
{
    int64_t begin = atomic_load_explicit(&activity->packet_begin, memory_order_relaxed);
    int64_t end = atomic_load_explicit(&activity->packet_end, memory_order_relaxed);
    return 2 * (uint64_t)end + (begin < end);
}

/* Has anything come to an end since the last look? Or is nobody waiting for that? */
static bool progress(struct watchdog *watchdog, double now)
{
    rp_pool *pool = watchdog->pool;
    struct work_queue *work_queue = pool->work_queue;
    double unused;
    bool news = see(&watchdog->done, &unused, rpi_work_queue_finished_units(work_queue), now);
    news |= see(&watchdog->issue, &unused, atomic_load(&work_queue->issue), now);
    bool busy = false;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (rpi_rank_lost(pool, (int)i))
            continue; /* what it did last says nothing */
        struct observation *observation = &watchdog->observations[i];
        struct rank_activity *activity = &pool->activities->of[i];
        uint64_t chunk = atomic_load_explicit(&work_queue->lane[i].chunk, memory_order_acquire);
        uint64_t agreement = atomic_load_explicit(&activity->agreement, memory_order_relaxed);
        news |= see(&observation->packet, &observation->packet_since, packet_of(activity), now);
        news |= see(&observation->chunk, &observation->chunk_since, chunk, now);
        news |= see(&observation->agreement, &observation->agreement_since, agreement, now);
        busy |= agreement != 0 ||
                atomic_load_explicit(&activity->in_job, memory_order_relaxed) != NO_JOB;
    }
    return news || !busy;
}

static void bark(struct watchdog *watchdog, double now)
{
    if (progress(watchdog, now)) {
        watchdog->quiet_since = now;
        watchdog->backoff = watchdog->limit;
    }
    if (now - watchdog->quiet_since < watchdog->backoff)
        return;
    watchdog->backoff *= 2;
    rpi_watchdog_report(watchdog, now);
}

static void find_overrun(struct watchdog *watchdog, double now)
{
    rp_pool *pool = watchdog->pool;
    for (int i = 0; i < pool->world.node_ranks; i++) {
        rp_range items;
        if (!rpi_rank_lost(pool, i) && rpi_activity_overdue(&pool->activities->of[i], now, &items))
            rpi_deadline_passed(pool, i, items);
    }
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Seconds until the next look. Under the mutex. */
static double sleep_of(const struct watchdog *watchdog)
{
    double sleep = INFINITY;
    if (watchdog->limit > 0)
        sleep = watchdog->limit / looks;
    if (watchdog->item_seconds > 0 && watchdog->item_seconds / looks < sleep)
        sleep = watchdog->item_seconds / looks;
    return sleep > shortest_sleep ? sleep : shortest_sleep;
}

/* Sleeps until it is time for a look, or there is news. Under the mutex. */
static void doze(struct watchdog *watchdog)
{
    const double longest = 1e6;
    double now = rpi_clock_seconds(), sleep = sleep_of(watchdog);
    double until = now + (sleep < longest ? sleep : longest);
    struct timespec time = {.tv_sec = (time_t)until};
    time.tv_nsec = (long)((until - (double)time.tv_sec) * 1e9);
    pthread_cond_timedwait(&watchdog->news, &watchdog->mutex, &time);
}

static void *keep_watch(void *argument)
{
    struct watchdog *watchdog = argument;
    pthread_mutex_lock(&watchdog->mutex);
    while (!watchdog->over) {
        doze(watchdog);
        bool limited = watchdog->item_seconds > 0;
        pthread_mutex_unlock(&watchdog->mutex);
        double now = rpi_clock_seconds();
        rpi_survival_attend(watchdog->pool);
        if (watchdog->limit > 0)
            bark(watchdog, now);
        if (limited)
            find_overrun(watchdog, now);
        pthread_mutex_lock(&watchdog->mutex);
    }
    pthread_mutex_unlock(&watchdog->mutex);
    return NULL;
}

/* ---- the rank's side ------------------------------------------------------------------------- */

/* Starts the thread, unless it runs. Returns 0 or an errno. */
static int start(struct watchdog *watchdog)
{
    if (watchdog->running)
        return 0;
    pthread_condattr_t attributes;
    int ranks = watchdog->pool->world.node_ranks;
    watchdog->observations = calloc((size_t)ranks, sizeof *watchdog->observations);
    if (watchdog->observations == NULL)
        return ENOMEM;
    watchdog->quiet_since = rpi_clock_seconds();
    watchdog->backoff = watchdog->limit;
    pthread_mutex_init(&watchdog->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watchdog->news, &attributes);
    pthread_condattr_destroy(&attributes);
    int code = rpi_thread_start(&watchdog->thread, keep_watch, watchdog);
    watchdog->running = code == 0;
    if (code != 0) {
        free(watchdog->observations);
        watchdog->observations = NULL;
    }
    return code;
}

void rpi_watchdog_open(struct watchdog *watchdog, rp_pool *pool, double seconds)
{
    *watchdog = (struct watchdog){.pool = pool, .limit = seconds};
    if (seconds <= 0 || pool->world.node_rank != 0)
        return;
    int code = start(watchdog);
    if (code != 0)
        fprintf(stderr, "rankpool: no watchdog on rank %d: %s\n", pool->world.rank, strerror(code));
}

rp_status rpi_watchdog_provide(rp_pool *pool, const rp_options *options, rp_error *error)
{
    if (options->item_seconds <= 0 || pool->world.node_rank != 0 || error->status != RP_OK)
        return RP_OK;
    int code = start(&pool->watchdog);
    if (code != 0)
        rpi_error_set(error, RP_ERR_MEMORY, "no thread to watch over options.item_seconds: %s",
                      strerror(code));
    return error->status;
}

void rpi_watchdog_limit(struct watchdog *watchdog, double item_seconds)
{
    if (!watchdog->running)
        return;
    pthread_mutex_lock(&watchdog->mutex);
    watchdog->item_seconds = item_seconds;
    if (item_seconds > 0)
        pthread_cond_signal(&watchdog->news);
    pthread_mutex_unlock(&watchdog->mutex);
}

void rpi_watchdog_close(struct watchdog *watchdog)
{
    if (!watchdog->running)
        return;
    pthread_mutex_lock(&watchdog->mutex);
    watchdog->over = true;
    pthread_cond_signal(&watchdog->news);
    pthread_mutex_unlock(&watchdog->mutex);
    pthread_join(watchdog->thread, NULL);
    pthread_cond_destroy(&watchdog->news);
    pthread_mutex_destroy(&watchdog->mutex);
    free(watchdog->observations);
    watchdog->running = false;
}
