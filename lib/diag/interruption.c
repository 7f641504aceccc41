#include "diag/interruption.h"

#include "base/clock.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/temporary_files.h"
#include "launch/rank_client.h"
#include "launch/rank_state.h"
#include "pool/pool.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* A reason is a signal number or one of these. */
enum {
    REASON_WALLTIME = 1000,
    REASON_BATCH_JOB
};

/* Indices of the handled signals. */
enum {
    USR1,
    TERM,
    INT,
    SIGNALS
};
static const int numbers[SIGNALS] = {SIGUSR1, SIGTERM, SIGINT};
static const char *const names[SIGNALS] = {"SIGUSR1", "SIGTERM", "Ctrl-C"};

static int signal_index(int number)
{
    return number == SIGUSR1 ? USR1 : number == SIGTERM ? TERM : INT;
}

/* State of the process. `installed` and `before` are written with the lock held, while the handlers
 * are not installed or do not read them. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users;                              /* pools that need the handlers */
static bool installed[SIGNALS];                /* our handler is */
static struct sigaction before[SIGNALS];       /* the earlier actions */
static _Atomic(struct interruption *) watched; /* list of pools */
static _Atomic uint32_t arrived;               /* the first reason, or 0 */
static _Atomic uint32_t interrupts;            /* SIGINTs received */
static _Atomic uint32_t running;               /* handlers that are executing */
static _Atomic uint32_t timer_reason;          /* the reason that the timer stands for */

/* ---- in the handler -------------------------------------------------------------------------- */

static void pools_interrupt(uint32_t reason)
{
    uint32_t none = 0;
    atomic_compare_exchange_strong(&arrived, &none, reason);
    struct interruption *each = atomic_load(&watched);
    for (; each != NULL; each = atomic_load(&each->next))
        rpi_work_queue_interrupt(each->work_queue, reason);
}

/* Calls the earlier handler, if there was one. */
static void chain_handler(const struct sigaction *other, int number, siginfo_t *info, void *context)
{
    if ((other->sa_flags & SA_SIGINFO) != 0)
        other->sa_sigaction(number, info, context);
    else if (other->sa_handler != SIG_DFL && other->sa_handler != SIG_IGN)
        other->sa_handler(number);
}

static bool action_is_default(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL;
}

static bool action_is_ignored(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_IGN;
}

/* A second SIGINT ends the process. The signal is blocked here, so it takes effect when the handler
 * returns. */
static void raise_sigint_again(void)
{
    rpi_temporary_files_remove();
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
}

static bool signal_is_timer(const siginfo_t *info)
{
    return info->si_code == SI_TIMER && info->si_value.sival_ptr == &timer_reason;
}

static void interruption_act(int number, siginfo_t *info, void *context)
{
    int which = signal_index(number);
    if (signal_is_timer(info)) {
        pools_interrupt(atomic_load(&timer_reason));
        return;
    }
    if (action_is_ignored(&before[which]))
        return;
    int meant = number == SIGUSR1 ? rpi_rank_state_interrupted() : 0;
    pools_interrupt((uint32_t)(meant > 0 ? meant : number));
    if (which == INT && atomic_fetch_add(&interrupts, 1) > 0 && action_is_default(&before[INT]))
        raise_sigint_again();
    chain_handler(&before[which], number, info, context);
}

static void interruption_handler(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    atomic_fetch_add(&running, 1);
    interruption_act(number, info, context);
    atomic_fetch_sub(&running, 1);
    errno = saved;
}

/* ---- installing handlers --------------------------------------------------------------------- */

/* Ignored signals stay ignored, as nohup and background jobs of a shell expect, except USR1, which
 * the timer sends. A supervisor handles Ctrl-C itself. */
static bool handler_needed(int which)
{
    if (which == INT && rpi_rank_supervised())
        return false;
    return which == USR1 || !action_is_ignored(&before[which]);
}

static void handlers_install(void)
{
    struct sigaction ours = {.sa_sigaction = interruption_handler,
                             .sa_flags = SA_SIGINFO | SA_RESTART};
    atomic_store(&arrived, 0);
    atomic_store(&interrupts, 0);
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(numbers[i], NULL, &before[i]);
        if (rpi_is_temporary_files_handler(&before[i]))
            before[i] = (struct sigaction){.sa_handler = SIG_DFL};
        installed[i] = handler_needed(i) && sigaction(numbers[i], &ours, NULL) == 0;
    }
}

/* A handler that has replaced ours meanwhile stays. */
static void handlers_restore(void)
{
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction now;
        bool still_ours = installed[i] && sigaction(numbers[i], NULL, &now) == 0 &&
                          (now.sa_flags & SA_SIGINFO) != 0 &&
                          now.sa_sigaction == interruption_handler;
        if (still_ours)
            sigaction(numbers[i], &before[i], NULL);
        installed[i] = false;
    }
}

void rpi_interruption_install(struct interruption *interruption, bool wanted)
{
    *interruption = (struct interruption){.wanted = wanted};
    if (!wanted)
        return;
    pthread_mutex_lock(&lock);
    if (users++ == 0)
        handlers_install();
    pthread_mutex_unlock(&lock);
}

void rpi_interruption_restore(struct interruption *interruption)
{
    if (!interruption->wanted)
        return;
    interruption->wanted = false;
    pthread_mutex_lock(&lock);
    if (--users == 0)
        handlers_restore();
    pthread_mutex_unlock(&lock);
}

/* ---- the time limit -------------------------------------------------------------------------- */

/* An expired limit becomes the shortest one, since 0 would disarm the timer. Without a timer the
 * pool is not interrupted, and Slurm or the user must end it. */
static void timer_begin(struct interruption *interruption, double seconds)
{
    const double shortest = 1e-3, longest = 1e9;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGUSR1,
                             .sigev_value.sival_ptr = &timer_reason};
    if (isinf(seconds) || timer_create(CLOCK_MONOTONIC, &event, &interruption->timer) != 0)
        return;
    interruption->timed = true;
    seconds = fmin(fmax(seconds, shortest), longest);
    struct itimerspec when = {.it_value.tv_sec = (time_t)seconds};
    when.it_value.tv_nsec = (long)((seconds - floor(seconds)) * 1e9);
    timer_settime(interruption->timer, 0, &when, NULL);
}

/* Seconds until the pool should stop: somewhat before Slurm ends the job, so that items can be
 * finished and results written. */
static double batch_job_seconds(rp_error *error)
{
    const double part = 0.05, longest = 60;
    int64_t end = 0;
    if (rpi_environment_integer("SLURM_JOB_END_TIME", 0, INT64_MAX, &end, error) != RP_OK ||
        end == 0)
        return INFINITY;
    double left = difftime((time_t)end, time(NULL));
    return left - fmin(part * fmax(left, 0), longest);
}

rp_status rpi_interruption_check(const rp_config *config, double *seconds, rp_error *error)
{
    *seconds = INFINITY;
    if (!isfinite(config->walltime_seconds) || config->walltime_seconds < 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "config.walltime_seconds is %g: give 0 or more",
                             config->walltime_seconds);
    if (!config->handle_signals && config->walltime_seconds > 0)
        return rpi_error_set(error, RP_ERR_ARGUMENT,
                             "config.walltime_seconds needs config.handle_signals");
    if (!config->handle_signals)
        return RP_OK;
    double end = batch_job_seconds(error);
    if (error->status != RP_OK)
        return error->status;
    bool sooner = config->walltime_seconds > 0 && config->walltime_seconds <= end;
    *seconds = sooner ? config->walltime_seconds : end;
    atomic_store(&timer_reason, sooner ? REASON_WALLTIME : REASON_BATCH_JOB);
    return RP_OK;
}

/* ---- the list of pools ----------------------------------------------------------------------- */

void rpi_interruption_watch(struct interruption *interruption, struct work_queue *work_queue,
                            double seconds)
{
    if (!interruption->wanted)
        return;
    interruption->work_queue = work_queue;
    pthread_mutex_lock(&lock);
    atomic_store(&interruption->next, atomic_load(&watched));
    atomic_store(&watched, interruption);
    pthread_mutex_unlock(&lock);
    interruption->watched = true;
    /* A signal may have arrived between installing the handlers and creating the work queue. */
    uint32_t reason = atomic_load(&arrived);
    if (reason != 0)
        rpi_work_queue_interrupt(work_queue, reason);
    timer_begin(interruption, seconds);
    rpi_rank_interruptible(true);
}

static void pool_unlink(struct interruption *interruption)
{
    pthread_mutex_lock(&lock);
    _Atomic(struct interruption *) *link = &watched;
    while (atomic_load(link) != interruption)
        link = &atomic_load(link)->next;
    atomic_store(link, atomic_load(&interruption->next));
    if (atomic_load(&watched) == NULL)
        rpi_rank_interruptible(false);
    pthread_mutex_unlock(&lock);
}

void rpi_interruption_unwatch(struct interruption *interruption)
{
    const double moment = 1e-4;
    if (!interruption->watched)
        return;
    if (interruption->timed)
        timer_delete(interruption->timer);
    pool_unlink(interruption);
    interruption->watched = false;
    while (atomic_load(&running) > 0)
        rpi_sleep(moment);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void reason_error(uint32_t reason, rp_error *error)
{
    if (reason == REASON_WALLTIME)
        rpi_error_set(error, RP_ERR_INTERRUPTED, "interrupted: the wall time is over");
    else if (reason == REASON_BATCH_JOB)
        rpi_error_set(error, RP_ERR_INTERRUPTED, "interrupted: the batch job is about to end");
    else
        rpi_error_set(error, RP_ERR_INTERRUPTED, "interrupted (%s)",
                      names[signal_index((int)reason)]);
}

void rpi_interruption_vote(struct work_queue *work_queue, struct vote *vote)
{
    uint32_t reason = work_queue_interruption(work_queue);
    if (vote->error.status != RP_OK || reason == 0 || !work_queue_stopped(work_queue))
        return;
    reason_error(reason, &vote->error);
}

bool rp_interrupted(const rp_pool *pool)
{
    return work_queue_interruption(pool->work_queue) != 0;
}
