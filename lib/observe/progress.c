#include "observe/progress.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/thread.h"
#include "observe/numbers.h"
#include "observe/progress_text.h"
#include "observe/screen.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds from one look to the next, and from the beginning of a job to the first: what is over
 * sooner is not worth a flash. Between lines in a log, and in a pipe, behind which somebody
 * waits. */
static const double look = 0.1, patience = 0.5, log_interval = 60, pipe_interval = 10;

/* What another node told last. */
struct report {
    _Atomic uint64_t done;
    _Atomic uint32_t busy;
};

struct progress {
    struct progress_site site;
    enum screen screen;
    double interval; /* between lines */
    struct report *reports;
    struct span *scratch;
    pthread_t thread;
    _Atomic int64_t consumed, flying; /* items of a stream; stored by the root, relaxed */

    /* Under the lock: */
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool running, leaving, asleep;
    struct progress_job job;
    double begun, next; /* when the job began; when to show it next */
    bool shown;         /* something of this job is, or was */
    double rate, seen, seen_at;
};

rp_status rpi_progress_wish(struct progress_wish *wish, rp_error *error)
{
    const char *text = rpi_environment_text("RANKPOOL_PROGRESS");
    *wish = (struct progress_wish){false, false, 0};
    if (text == NULL)
        return RP_OK;
    char *end;
    double seconds = strtod(text, &end);
    wish->off = strcmp(text, "off") == 0;
    wish->on = strcmp(text, "on") == 0;
    if (end != text && *end == '\0' && isfinite(seconds) && seconds > 0) {
        wish->on = true;
        wish->seconds = seconds;
    }
    if (wish->on || wish->off)
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "RANKPOOL_PROGRESS=\"%s\": give on, off, or seconds above 0", text);
}

/* ---- looking
 * ---------------------------------------------------------------------------------- */

static struct tally add_up(const struct progress *progress)
{
    struct tally sum = rpi_tally_read(progress->site.board, progress->scratch);
    for (int node = 0; node < progress->site.nodes; node++) {
        struct report *report = &progress->reports[node];
        sum.done += atomic_load_explicit(&report->done, memory_order_relaxed);
        sum.busy += atomic_load_explicit(&report->busy, memory_order_relaxed);
    }
    return sum;
}

/* The rate of some seconds: the average of the job so far, as long as it is shorter than that. */
static void learn_rate(struct progress *progress, double done, double now)
{
    const double memory = 5;
    double seconds = now - progress->seen_at, elapsed = now - progress->begun;
    double span = elapsed < memory ? elapsed : memory;
    if (seconds <= 0 || elapsed <= 0)
        return;
    double rate = (done - progress->seen) / seconds;
    double weight = seconds < span ? seconds / span : 1;
    progress->rate += weight * (rate - progress->rate);
    progress->seen = done;
    progress->seen_at = now;
}

static void look_at_loop(struct progress *progress, struct progress_view *view)
{
    struct tally tally = add_up(progress);
    const struct units *units = &progress->job.units;
    view->done = (double)tally.done * (double)units->unit_items;
    view->total = (double)units->items;
    view->busy = (int)tally.busy;
}

static void look_at_stream(struct progress *progress, struct progress_view *view)
{
    view->done = (double)atomic_load_explicit(&progress->consumed, memory_order_relaxed);
    view->flying = (double)atomic_load_explicit(&progress->flying, memory_order_relaxed);
    view->window = (double)progress->job.window;
    view->total = progress->job.expected > 0 ? (double)progress->job.expected : INFINITY;
}

static struct progress_view view_now(struct progress *progress, double now)
{
    struct progress_view view = {
        .name = progress->job.name != NULL ? progress->job.name : "job",
        .unit = progress->job.unit != NULL ? progress->job.unit : "items",
        .seconds = round(now - progress->begun),
        .ranks = progress->site.ranks,
        .nodes = progress->site.nodes,
    };
    if (progress->job.window > 0)
        look_at_stream(progress, &view);
    else
        look_at_loop(progress, &view);
    view.done = fmin(view.done, view.total);
    learn_rate(progress, view.done, now);
    view.rate = progress->rate;
    return view;
}

/* Looks at the job, and shows it if it is time. */
static void look_at_job(struct progress *progress)
{
    double now = rpi_clock_seconds();
    struct progress_view view = view_now(progress, now);
    if (now < progress->next)
        return;
    rpi_screen_show(progress->screen, &view);
    progress->shown = true;
    progress->next = now + (progress->screen == SCREEN_TERMINAL ? look : progress->interval);
}

static void nap(struct progress *progress)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(look * 1e9);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&progress->news, &progress->lock, &until);
}

static void *watch(void *argument)
{
    struct progress *progress = argument;
    pthread_mutex_lock(&progress->lock);
    while (!progress->leaving) {
        if (!progress->running) {
            progress->asleep = true;
            pthread_cond_wait(&progress->news, &progress->lock);
            progress->asleep = false;
            continue;
        }
        nap(progress);
        if (progress->running)
            look_at_job(progress);
    }
    pthread_mutex_unlock(&progress->lock);
    return NULL;
}

/* ---- jobs
 * ------------------------------------------------------------------------------------- */

void rpi_progress_begin(struct progress *progress, const struct progress_job *job)
{
    if (progress == NULL)
        return;
    for (int node = 0; node < progress->site.nodes; node++)
        rpi_progress_report(progress, node, (struct tally){0, 0});
    rpi_progress_stream(progress, 0, 0);
    pthread_mutex_lock(&progress->lock);
    progress->job = *job;
    progress->begun = progress->seen_at = rpi_clock_seconds();
    progress->next =
        progress->begun + (progress->screen == SCREEN_TERMINAL ? patience : progress->interval);
    progress->rate = progress->seen = 0;
    progress->shown = false;
    progress->running = true;
    if (progress->asleep)
        pthread_cond_signal(&progress->news);
    pthread_mutex_unlock(&progress->lock);
}

void rpi_progress_end(struct progress *progress)
{
    if (progress == NULL)
        return;
    pthread_mutex_lock(&progress->lock);
    if (progress->shown)
        rpi_screen_clear(progress->screen, progress->job.name,
                         round(rpi_clock_seconds() - progress->begun));
    progress->running = false;
    pthread_mutex_unlock(&progress->lock);
}

void rpi_progress_report(struct progress *progress, int node, struct tally tally)
{
    struct report *report = &progress->reports[node];
    atomic_store_explicit(&report->done, tally.done, memory_order_relaxed);
    atomic_store_explicit(&report->busy, tally.busy, memory_order_relaxed);
}

void rpi_progress_stream(struct progress *progress, int64_t consumed, int64_t flying)
{
    atomic_store_explicit(&progress->consumed, consumed, memory_order_relaxed);
    atomic_store_explicit(&progress->flying, flying, memory_order_relaxed);
}

/* ---- life
 * ------------------------------------------------------------------------------------- */

static bool prepare_waiting(struct progress *progress)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool good = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                pthread_cond_init(&progress->news, &attributes) == 0 &&
                pthread_mutex_init(&progress->lock, NULL) == 0;
    pthread_condattr_destroy(&attributes);
    return good;
}

static void release(struct progress *progress)
{
    free(progress->reports);
    free(progress->scratch);
    free(progress);
}

static double interval_for(enum screen screen, const struct progress_wish *wish)
{
    double usual = screen == SCREEN_PIPE ? pipe_interval : log_interval;
    return wish->seconds > 0 ? wish->seconds : usual;
}

static bool wanted(rp_progress manner, const struct progress_wish *wish, enum screen screen)
{
    if (manner == RP_PROGRESS_OFF || (manner != RP_PROGRESS_ON && wish->off))
        return false;
    return manner == RP_PROGRESS_ON || wish->on ||
           (manner == RP_PROGRESS_TERMINAL && screen != SCREEN_PIPE);
}

rp_status rpi_progress_make(struct progress **progress, rp_progress manner,
                            const struct progress_wish *wish, const struct progress_site *site)
{
    enum screen screen = rpi_screen_find();
    *progress = NULL;
    if (!wanted(manner, wish, screen))
        return RP_OK;
    struct progress *made = calloc(1, sizeof *made);
    if (made == NULL)
        return RP_ERR_MEMORY;
    made->site = *site;
    made->screen = screen;
    made->interval = interval_for(screen, wish);
    made->reports = calloc((size_t)site->nodes, sizeof *made->reports);
    made->scratch = calloc(site->board->log_capacity, sizeof *made->scratch);
    if (made->reports == NULL || made->scratch == NULL || !prepare_waiting(made) ||
        rpi_thread_start(&made->thread, watch, made) != 0) {
        release(made);
        return RP_ERR_MEMORY;
    }
    *progress = made;
    return RP_OK;
}

void rpi_progress_drop(struct progress *progress)
{
    if (progress == NULL)
        return;
    pthread_mutex_lock(&progress->lock);
    progress->leaving = true;
    pthread_cond_signal(&progress->news);
    pthread_mutex_unlock(&progress->lock);
    pthread_join(progress->thread, NULL);
    pthread_cond_destroy(&progress->news);
    pthread_mutex_destroy(&progress->lock);
    release(progress);
}
