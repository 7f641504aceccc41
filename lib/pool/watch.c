#include "pool/watch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "pool/overrun.h"
#include "pool/survival.h"

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

/* A word that is another one whenever a parcel of a stream was begun or finished. */
static uint64_t parcel_of(struct doing *doing)
{
    int64_t begin = atomic_load_explicit(&doing->parcel_begin, memory_order_relaxed);
    int64_t end = atomic_load_explicit(&doing->parcel_end, memory_order_relaxed);
    return 2 * (uint64_t)end + (begin < end);
}

/* Has anything come to an end since the last look? Or is nobody waiting for that? */
static bool progress(struct watch *watch, double now)
{
    rp_pool *pool = watch->pool;
    struct board *board = pool->board;
    double unused;
    bool news = see(&watch->done, &unused, rpi_board_finished_units(board), now);
    news |= see(&watch->issue, &unused, atomic_load(&board->issue), now);
    bool busy = false;
    for (uint32_t i = 0; i < board->lanes; i++) {
        if (rpi_rank_lost(pool, (int)i))
            continue; /* what it did last says nothing */
        struct sight *sight = &watch->sights[i];
        struct doing *doing = &pool->doings->of[i];
        uint64_t slice = atomic_load_explicit(&board->lane[i].slice, memory_order_acquire);
        uint64_t meeting = atomic_load_explicit(&doing->meeting, memory_order_relaxed);
        news |= see(&sight->parcel, &sight->parcel_since, parcel_of(doing), now);
        news |= see(&sight->slice, &sight->slice_since, slice, now);
        news |= see(&sight->meeting, &sight->meeting_since, meeting, now);
        busy |=
            meeting != 0 || atomic_load_explicit(&doing->in_job, memory_order_relaxed) != NO_JOB;
    }
    return news || !busy;
}

static void bark(struct watch *watch, double now)
{
    if (progress(watch, now)) {
        watch->quiet_since = now;
        watch->patience = watch->watchdog;
    }
    if (now - watch->quiet_since < watch->patience)
        return;
    watch->patience *= 2;
    rpi_watch_report(watch, now);
}

static void find_overrun(struct watch *watch, double now)
{
    rp_pool *pool = watch->pool;
    for (int i = 0; i < pool->world.node_ranks; i++) {
        rp_range items;
        if (!rpi_rank_lost(pool, i) && rpi_doing_overdue(&pool->doings->of[i], now, &items))
            rpi_overrun(pool, i, items);
    }
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Seconds until the next look. Under the mutex. */
static double sleep_of(const struct watch *watch)
{
    double sleep = INFINITY;
    if (watch->watchdog > 0)
        sleep = watch->watchdog / looks;
    if (watch->item_seconds > 0 && watch->item_seconds / looks < sleep)
        sleep = watch->item_seconds / looks;
    return sleep > shortest_sleep ? sleep : shortest_sleep;
}

/* Sleeps until it is time for a look, or there is news. Under the mutex. */
static void doze(struct watch *watch)
{
    const double longest = 1e6;
    double now = rpi_clock_seconds(), sleep = sleep_of(watch);
    double until = now + (sleep < longest ? sleep : longest);
    struct timespec time = {.tv_sec = (time_t)until};
    time.tv_nsec = (long)((until - (double)time.tv_sec) * 1e9);
    pthread_cond_timedwait(&watch->news, &watch->mutex, &time);
}

static void *keep_watch(void *argument)
{
    struct watch *watch = argument;
    pthread_mutex_lock(&watch->mutex);
    while (!watch->over) {
        doze(watch);
        bool limited = watch->item_seconds > 0;
        pthread_mutex_unlock(&watch->mutex);
        double now = rpi_clock_seconds();
        rpi_survival_attend(watch->pool);
        if (watch->watchdog > 0)
            bark(watch, now);
        if (limited)
            find_overrun(watch, now);
        pthread_mutex_lock(&watch->mutex);
    }
    pthread_mutex_unlock(&watch->mutex);
    return NULL;
}

/* ---- the rank's side ------------------------------------------------------------------------- */

/* Starts the thread, unless it runs. Returns 0 or an errno. */
static int start(struct watch *watch)
{
    if (watch->running)
        return 0;
    pthread_condattr_t attributes;
    int ranks = watch->pool->world.node_ranks;
    watch->sights = calloc((size_t)ranks, sizeof *watch->sights);
    if (watch->sights == NULL)
        return ENOMEM;
    watch->quiet_since = rpi_clock_seconds();
    watch->patience = watch->watchdog;
    pthread_mutex_init(&watch->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->news, &attributes);
    pthread_condattr_destroy(&attributes);
    int code = rpi_thread_start(&watch->thread, keep_watch, watch);
    watch->running = code == 0;
    if (code != 0) {
        free(watch->sights);
        watch->sights = NULL;
    }
    return code;
}

void rpi_watch_open(struct watch *watch, rp_pool *pool, double watchdog)
{
    *watch = (struct watch){.pool = pool, .watchdog = watchdog};
    if (watchdog <= 0 || pool->world.node_rank != 0)
        return;
    int code = start(watch);
    if (code != 0)
        fprintf(stderr, "rankpool: no watchdog on rank %d: %s\n", pool->world.rank, strerror(code));
}

rp_status rpi_watch_provide(rp_pool *pool, const rp_options *options, rp_error *error)
{
    if (options->item_seconds <= 0 || pool->world.node_rank != 0 || error->status != RP_OK)
        return RP_OK;
    int code = start(&pool->watch);
    if (code != 0)
        rpi_error_set(error, RP_ERR_MEMORY, "no thread to watch over options.item_seconds: %s",
                      strerror(code));
    return error->status;
}

void rpi_watch_limit(struct watch *watch, double item_seconds)
{
    if (!watch->running)
        return;
    pthread_mutex_lock(&watch->mutex);
    watch->item_seconds = item_seconds;
    if (item_seconds > 0)
        pthread_cond_signal(&watch->news);
    pthread_mutex_unlock(&watch->mutex);
}

void rpi_watch_close(struct watch *watch)
{
    if (!watch->running)
        return;
    pthread_mutex_lock(&watch->mutex);
    watch->over = true;
    pthread_cond_signal(&watch->news);
    pthread_mutex_unlock(&watch->mutex);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->news);
    pthread_mutex_destroy(&watch->mutex);
    free(watch->sights);
    watch->running = false;
}
