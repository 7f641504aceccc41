#include "diag/watchdog.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/message.h"
#include "diag/activity.h"
#include "diag/diagnosis.h"
#include "launch/rank_state.h"
#include "resilience/survival.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Looks per time limit, so that a report is at most a quarter of the limit late; and the shortest
 * sleep between two looks, each of which costs about 8 us of a core. */
static const double looks = 4, shortest_sleep = 2e-3;

/* ---- progress -------------------------------------------------------------------------------- */

/* Records a word. Did it change? */
static bool word_changed(uint64_t *seen, double *since, uint64_t word, double now)
{
    bool new = word != *seen;
    if (new) {
        *seen = word;
        *since = now;
    }
    return new;
}

/* A word that changes whenever a packet of a stream begins or ends. */
static uint64_t packet_word(struct rank_activity *activity)
{
    int64_t begin = atomic_load_explicit(&activity->packet_begin, memory_order_relaxed);
    int64_t end = atomic_load_explicit(&activity->packet_end, memory_order_relaxed);
    return 2 * (uint64_t)end + (begin < end);
}

/* Has anything finished since the last look, or are all ranks outside of jobs and agreements? */
static bool watchdog_progress(struct watchdog *watchdog, double now)
{
    rp_pool *pool = watchdog->pool;
    struct work_queue *work_queue = pool->work_queue;
    double unused;
    bool moved =
        word_changed(&watchdog->done, &unused, rpi_work_queue_finished_units(work_queue), now);
    moved |= word_changed(&watchdog->issue, &unused, atomic_load(&work_queue->issue), now);
    bool busy = false;
    for (uint32_t i = 0; i < work_queue->lanes; i++) {
        if (rank_lost(pool, (int)i))
            continue; /* its last state means nothing */
        struct rank_sample *sample = &watchdog->samples[i];
        struct rank_activity *activity = &pool->diag->activities->of[i];
        uint64_t chunk = atomic_load_explicit(&work_queue->lane[i].chunk, memory_order_acquire);
        uint64_t agreement = atomic_load_explicit(&activity->agreement, memory_order_relaxed);
        uint64_t returned = atomic_load_explicit(&activity->returned, memory_order_relaxed);
        moved |= word_changed(&sample->returned, &unused, returned, now);
        moved |= word_changed(&sample->packet, &sample->packet_since, packet_word(activity), now);
        moved |= word_changed(&sample->chunk, &sample->chunk_since, chunk, now);
        moved |= word_changed(&sample->agreement, &sample->agreement_since, agreement, now);
        busy |= agreement != 0 ||
                atomic_load_explicit(&activity->in_job, memory_order_relaxed) != NO_JOB;
    }
    return moved || !busy;
}

static void watchdog_check_progress(struct watchdog *watchdog, double now)
{
    if (watchdog_progress(watchdog, now)) {
        watchdog->quiet_since = now;
        watchdog->report_after = watchdog->limit;
    }
    if (now - watchdog->quiet_since < watchdog->report_after)
        return;
    watchdog->report_after *= 2;
    rpi_watchdog_report(watchdog, now);
}

/* ---- overdue calls --------------------------------------------------------------------------- */

/* Ends the program, since no other means reaches a rank whose call neither returns nor asks
 * rp_task_cancelled(). The library ends a program nowhere else. */
static void watchdog_abort(rp_pool *pool, int node_rank, rp_range items)
{
    int rank =
        atomic_load_explicit(&pool->diag->activities->of[node_rank].rank, memory_order_relaxed);
    char text[64], host[HOST_NAME_BYTES];
    rpi_host_name(host, sizeof host);
    rpi_range_text(items, text, sizeof text);
    rpi_message("rankpool: %s on rank %d (%s): still running after twice options.item_seconds; "
                "aborting the job\n",
                text, rank, host);
    rpi_rank_state_told();
    /* Given any other communicator, MPICH waits for its ranks. */
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}

static void watchdog_check_limits(struct watchdog *watchdog, double now)
{
    rp_pool *pool = watchdog->pool;
    for (int i = 0; i < pool->world.node_ranks; i++) {
        rp_range items;
        if (!rank_lost(pool, i) &&
            rpi_activity_overdue(&pool->diag->activities->of[i], now, &items))
            watchdog_abort(pool, i, items);
    }
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Seconds until the next look. Call with the mutex locked. */
static double watchdog_interval(const struct watchdog *watchdog)
{
    const double longest = 1e6;
    double sleep = longest;
    if (watchdog->limit > 0)
        sleep = fmin(sleep, watchdog->limit / looks);
    if (watchdog->item_seconds > 0)
        sleep = fmin(sleep, watchdog->item_seconds / looks);
    return fmax(sleep, shortest_sleep);
}

static void *watchdog_run(void *argument)
{
    struct watchdog *watchdog = argument;
    pthread_mutex_lock(&watchdog->monitor.mutex);
    while (!watchdog->stopping) {
        rpi_monitor_wait(&watchdog->monitor, watchdog_interval(watchdog));
        bool limited = watchdog->item_seconds > 0;
        pthread_mutex_unlock(&watchdog->monitor.mutex);
        double now = rpi_clock_seconds();
        rpi_survival_look(watchdog->pool);
        if (watchdog->limit > 0)
            watchdog_check_progress(watchdog, now);
        if (limited)
            watchdog_check_limits(watchdog, now);
        pthread_mutex_lock(&watchdog->monitor.mutex);
    }
    pthread_mutex_unlock(&watchdog->monitor.mutex);
    return NULL;
}

/* ---- called by the rank ---------------------------------------------------------------------- */

static void watchdog_free(struct watchdog *watchdog)
{
    rpi_monitor_destroy(&watchdog->monitor);
    free(watchdog->samples);
    watchdog->samples = NULL;
}

/* Starts the thread unless it is running. Returns 0 or an errno. */
static int watchdog_start(struct watchdog *watchdog)
{
    if (watchdog->running)
        return 0;
    int code = rpi_monitor_init(&watchdog->monitor);
    if (code != 0)
        return code;
    watchdog->quiet_since = rpi_clock_seconds();
    watchdog->report_after = watchdog->limit;
    watchdog->samples = calloc((size_t)watchdog->pool->world.node_ranks, sizeof *watchdog->samples);
    code = watchdog->samples != NULL ? rpi_thread_start(&watchdog->thread, watchdog_run, watchdog)
                                     : ENOMEM;
    watchdog->running = code == 0;
    if (code != 0)
        watchdog_free(watchdog);
    return code;
}

static rp_status watchdog_before_agreement(rp_pool *pool, enum call call, rp_error *error)
{
    (void)error;
    /* Numbers wrap around after 2^32 agreements; a word is never 0. */
    uint64_t number = (uint64_t)(pool->world.agreement.number + 1) | UINT64_C(1) << 32;
    atomic_store_explicit(&pool->diag->activity->agreement, number << 8 | (uint64_t)call,
                          memory_order_relaxed);
    return RP_OK;
}

static void watchdog_after_agreement(rp_pool *pool, enum call call, rp_status agreed)
{
    (void)call;
    (void)agreed;
    atomic_store_explicit(&pool->diag->activity->agreement, 0, memory_order_relaxed);
}

static const struct agreement_hook watchdog_hook = {watchdog_before_agreement,
                                                    watchdog_after_agreement};

void rpi_watchdog_open(struct watchdog *watchdog, rp_pool *pool, double seconds)
{
    *watchdog = (struct watchdog){.pool = pool, .limit = seconds};
    if (seconds > 0)
        pool->hooks[HOOK_OF_WATCHDOG] = &watchdog_hook;
    if (seconds <= 0 || pool->world.node_rank != 0)
        return;
    int code = watchdog_start(watchdog);
    if (code != 0)
        rpi_message("rankpool: no watchdog on rank %d: %s\n", pool->world.rank, strerror(code));
}

rp_status rpi_watchdog_provide(rp_pool *pool, rp_error *error)
{
    if (pool->world.node_rank != 0 || error->status != RP_OK)
        return RP_OK;
    int code = watchdog_start(&pool->diag->watchdog);
    if (code != 0)
        rpi_error_set(error, RP_ERR_MEMORY,
                      "cannot start the watchdog for options.item_seconds: %s", strerror(code));
    return error->status;
}

void rpi_watchdog_limit(struct watchdog *watchdog, double item_seconds)
{
    pthread_mutex_lock(&watchdog->monitor.mutex);
    watchdog->item_seconds = item_seconds;
    if (item_seconds > 0)
        pthread_cond_signal(&watchdog->monitor.changed);
    pthread_mutex_unlock(&watchdog->monitor.mutex);
}

void rpi_watchdog_close(struct watchdog *watchdog)
{
    if (!watchdog->running)
        return;
    pthread_mutex_lock(&watchdog->monitor.mutex);
    watchdog->stopping = true;
    pthread_cond_signal(&watchdog->monitor.changed);
    pthread_mutex_unlock(&watchdog->monitor.mutex);
    pthread_join(watchdog->thread, NULL);
    watchdog_free(watchdog);
    watchdog->running = false;
}
