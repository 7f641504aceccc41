#include "observe/progress.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/numeric_locale.h"
#include "base/thread.h"
#include "observe/human_numbers.h"
#include "observe/progress_format.h"
#include "observe/progress_screen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Seconds: from one look at the job to the next; from the start of a job to its first bar, as a bar
 * that only flashes is useless; between lines in a log, and in a pipe, where a reader waits. */
static const double poll_interval = 0.1, first_bar_delay = 0.5, log_interval = 60,
                    pipe_interval = 5;

/* In a pipe, without a request for progress: seconds from opening the pool to the first line, and
 * between lines at first. mpirun gives ranks a pipe even if a person looks at its end, who must not
 * wait more than ten seconds for a sign of life. Scripts whose programs end sooner see no line. */
static const double unasked_delay = 5, unasked_interval = 10;

/* The last progress report of another node. */
struct node_report {
    _Atomic uint64_t done;
    _Atomic uint32_t busy;
};

struct progress {
    struct progress_site site;
    enum screen screen;
    double interval; /* between lines */
    bool unasked;    /* in a pipe: lines are few, however many jobs there are */
    struct node_report *reports;
    struct unit_range *log_scratch;
    pthread_t thread;
    _Atomic int64_t consumed, flying; /* items of a stream; the root stores them, relaxed */

    /* Protected by the monitor: */
    struct monitor monitor;
    bool running, leaving, asleep;
    struct progress_job job;
    char name[96], unit[32]; /* without control characters */
    double begun, next;      /* when the job began; when to show it next */
    double silent_until;     /* unasked: no line before */
    bool shown;              /* this job has been shown */
    double rate, last_done, last_at;
};

rp_status rpi_progress_wish(struct progress_wish *wish, rp_error *error)
{
    const char *text = rpi_environment_text("RANKPOOL_PROGRESS");
    *wish = (struct progress_wish){false, false, 0};
    if (text == NULL)
        return RP_OK;
    double seconds;
    wish->off = strcmp(text, "off") == 0;
    wish->on = strcmp(text, "on") == 0;
    if (rpi_parse_number(text, &seconds) && seconds > 0) {
        wish->on = true;
        wish->seconds = seconds;
    }
    if (wish->on || wish->off)
        return RP_OK;
    return rpi_error_set(error, RP_ERR_ARGUMENT,
                         "RANKPOOL_PROGRESS=\"%s\": give on, off, or seconds above 0", text);
}

/* ---- counters of this node's queue ----------------------------------------------------------- */

static uint64_t lane_finished_units(struct work_queue *queue, uint32_t lane,
                                    struct unit_range *log_scratch)
{
    uint64_t units = 0;
    uint32_t ranges =
        rpi_completion_log_read(rpi_work_queue_log(queue, lane), queue->log_capacity, log_scratch);
    for (uint32_t i = 0; i < ranges; i++)
        units += unit_range_length(log_scratch[i]);
    return units;
}

struct progress_counters rpi_progress_counters_read(struct work_queue *queue,
                                                    struct unit_range *log_scratch)
{
    struct progress_counters counters = {0, queue->lanes - rpi_work_queue_idle(queue)};
    for (uint32_t lane = 0; lane < queue->lanes; lane++)
        counters.done += lane_finished_units(queue, lane, log_scratch);
    /* A log that is too short lacks units that the lanes have already reported to the queue. */
    uint64_t reported = rpi_work_queue_finished_units(queue);
    if (counters.done < reported)
        counters.done = reported;
    return counters;
}

/* ---- the display thread ---------------------------------------------------------------------- */

static struct progress_counters counters_sum_nodes(const struct progress *progress)
{
    struct progress_counters sum =
        rpi_progress_counters_read(progress->site.work_queue, progress->log_scratch);
    for (int node = 0; node < progress->site.nodes; node++) {
        struct node_report *report = &progress->reports[node];
        sum.done += atomic_load_explicit(&report->done, memory_order_relaxed);
        sum.busy += atomic_load_explicit(&report->busy, memory_order_relaxed);
    }
    return sum;
}

/* The rate over the last seconds, exponentially weighted; of a younger job, its average so far. */
static void rate_update(struct progress *progress, double done, double now)
{
    const double memory = 5;
    double seconds = now - progress->last_at, elapsed = now - progress->begun;
    double window = elapsed < memory ? elapsed : memory;
    if (seconds <= 0 || elapsed <= 0)
        return;
    double rate = (done - progress->last_done) / seconds;
    double weight = seconds < window ? seconds / window : 1;
    progress->rate += weight * (rate - progress->rate);
    progress->last_done = done;
    progress->last_at = now;
}

static void view_fill_loop(struct progress *progress, struct progress_view *view)
{
    struct progress_counters counters = counters_sum_nodes(progress);
    const struct units *units = &progress->job.units;
    view->done = (double)counters.done * (double)units->unit_items;
    view->total = (double)units->items;
    view->busy = (int)counters.busy;
}

static void view_fill_stream(struct progress *progress, struct progress_view *view)
{
    int64_t done = atomic_load_explicit(&progress->consumed, memory_order_relaxed);
    int64_t flying = atomic_load_explicit(&progress->flying, memory_order_relaxed);
    if (progress->job.read != NULL)
        progress->job.read(progress->job.closure, &done, &flying);
    view->done = (double)done;
    view->flying = (double)flying;
    view->window = progress->job.window == NO_WINDOW ? INFINITY : (double)progress->job.window;
    view->total = progress->job.expected > 0 ? (double)progress->job.expected : INFINITY;
}

static struct progress_view view_make(struct progress *progress, double now)
{
    struct progress_view view = {
        .name = progress->name,
        .unit = progress->unit,
        .seconds = round(now - progress->begun),
        .ranks = progress->job.own ? 0 : progress->site.ranks,
        .nodes = progress->site.nodes,
    };
    if (progress->job.window > 0 || progress->job.own)
        view_fill_stream(progress, &view);
    else
        view_fill_loop(progress, &view);
    view.done = fmin(view.done, view.total);
    rate_update(progress, view.done, now);
    view.rate = progress->rate;
    return view;
}

/* Seconds until the job is shown again. Lines without a request come less and less often, so that
 * the log of a long run stays short. */
static double progress_pause(const struct progress *progress, double now)
{
    if (progress->screen == SCREEN_TERMINAL)
        return poll_interval;
    return progress->unasked ? fmax(progress->interval, (now - progress->begun) / 10)
                             : progress->interval;
}

/* Updates the rate each time, and shows the job if it is time. */
static void progress_poll(struct progress *progress)
{
    double now = rpi_clock_seconds();
    struct progress_view view = view_make(progress, now);
    if (now < progress->next)
        return;
    rpi_screen_show(progress->screen, &view);
    progress->shown = true;
    progress->next = now + progress_pause(progress, now);
    progress->silent_until = now + progress->interval;
}

/* When to show a job first. */
static double progress_first_time(const struct progress *progress)
{
    if (progress->screen == SCREEN_TERMINAL)
        return progress->begun + first_bar_delay;
    if (progress->unasked)
        return fmax(progress->begun + first_bar_delay, progress->silent_until);
    return progress->begun + progress->interval;
}

static void *progress_thread(void *argument)
{
    struct progress *progress = argument;
    pthread_mutex_lock(&progress->monitor.mutex);
    while (!progress->leaving) {
        if (!progress->running) {
            progress->asleep = true;
            pthread_cond_wait(&progress->monitor.changed, &progress->monitor.mutex);
            progress->asleep = false;
            continue;
        }
        rpi_monitor_wait(&progress->monitor, poll_interval);
        if (progress->running)
            progress_poll(progress);
    }
    pthread_mutex_unlock(&progress->monitor.mutex);
    return NULL;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* Replaces control characters, which would move the cursor or end a line. */
static void name_copy(char *copy, size_t bytes, const char *name)
{
    snprintf(copy, bytes, "%s", name);
    for (; *copy != '\0'; copy++)
        if ((unsigned char)*copy < 0x20 || *copy == 0x7f)
            *copy = '?';
}

void rpi_progress_begin(struct progress *progress, const struct progress_job *job)
{
    if (progress == NULL)
        return;
    for (int node = 0; node < progress->site.nodes; node++)
        rpi_progress_report(progress, node, (struct progress_counters){0, 0});
    rpi_progress_stream(progress, job->done, 0);
    pthread_mutex_lock(&progress->monitor.mutex);
    progress->job = *job;
    name_copy(progress->name, sizeof progress->name, job->name != NULL ? job->name : "job");
    name_copy(progress->unit, sizeof progress->unit, job->unit != NULL ? job->unit : "items");
    progress->begun = progress->last_at = rpi_clock_seconds();
    progress->next = progress_first_time(progress);
    progress->rate = 0;
    progress->last_done = (double)job->done;
    progress->shown = false;
    progress->running = true;
    if (progress->asleep)
        pthread_cond_signal(&progress->monitor.changed);
    pthread_mutex_unlock(&progress->monitor.mutex);
}

void rpi_progress_end(struct progress *progress)
{
    if (progress == NULL)
        return;
    pthread_mutex_lock(&progress->monitor.mutex);
    if (progress->shown)
        rpi_screen_clear(progress->screen, progress->name,
                         round(rpi_clock_seconds() - progress->begun));
    progress->running = false;
    pthread_mutex_unlock(&progress->monitor.mutex);
}

void rpi_progress_report(struct progress *progress, int node, struct progress_counters counters)
{
    struct node_report *report = &progress->reports[node];
    atomic_store_explicit(&report->done, counters.done, memory_order_relaxed);
    atomic_store_explicit(&report->busy, counters.busy, memory_order_relaxed);
}

void rpi_progress_stream(struct progress *progress, int64_t consumed, int64_t flying)
{
    atomic_store_explicit(&progress->consumed, consumed, memory_order_relaxed);
    atomic_store_explicit(&progress->flying, flying, memory_order_relaxed);
}

/* ---- start and stop -------------------------------------------------------------------------- */

static void progress_free(struct progress *progress)
{
    free(progress->reports);
    free(progress->log_scratch);
    free(progress);
}

static void progress_choose_times(struct progress *progress, rp_progress manner,
                                  const struct progress_wish *wish)
{
    bool pipe = progress->screen == SCREEN_PIPE;
    progress->unasked = pipe && manner != RP_PROGRESS_ON && !wish->on;
    progress->silent_until = rpi_clock_seconds() + unasked_delay;
    progress->interval = wish->seconds > 0   ? wish->seconds
                         : progress->unasked ? unasked_interval
                         : pipe              ? pipe_interval
                                             : log_interval;
}

static bool progress_wanted(rp_progress manner, const struct progress_wish *wish)
{
    if (manner == RP_PROGRESS_OFF || (manner != RP_PROGRESS_ON && wish->off))
        return false;
    return manner == RP_PROGRESS_ON || wish->on || manner == RP_PROGRESS_TERMINAL;
}

rp_status rpi_progress_make(struct progress **progress, rp_progress manner,
                            const struct progress_wish *wish, const struct progress_site *site)
{
    *progress = NULL;
    if (!progress_wanted(manner, wish))
        return RP_OK;
    struct progress *made = calloc(1, sizeof *made);
    if (made == NULL)
        return RP_ERR_MEMORY;
    made->site = *site;
    made->screen = rpi_screen_find();
    progress_choose_times(made, manner, wish);
    made->reports = calloc((size_t)site->nodes, sizeof *made->reports);
    made->log_scratch = calloc(site->work_queue->log_capacity, sizeof *made->log_scratch);
    if (made->reports == NULL || made->log_scratch == NULL || rpi_monitor_init(&made->monitor) != 0)
        goto no_monitor;
    if (rpi_thread_start(&made->thread, progress_thread, made) != 0)
        goto no_thread;
    *progress = made;
    return RP_OK;
no_thread:
    rpi_monitor_destroy(&made->monitor);
no_monitor:
    progress_free(made);
    return RP_ERR_MEMORY;
}

void rpi_progress_drop(struct progress *progress)
{
    if (progress == NULL)
        return;
    pthread_mutex_lock(&progress->monitor.mutex);
    progress->leaving = true;
    pthread_cond_signal(&progress->monitor.changed);
    pthread_mutex_unlock(&progress->monitor.mutex);
    pthread_join(progress->thread, NULL);
    rpi_monitor_destroy(&progress->monitor);
    progress_free(progress);
}
