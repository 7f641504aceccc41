#include "diag/interruption.h"

#include "base/environment.h"
#include "base/error.h"
#include "base/eventcount.h"
#include "base/temporary_files.h"
#include "launch/rank_client.h"
#include "launch/rank_state.h"
#include "pool/pool.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* Reasons are signals, or one of these. */
enum {
    REASON_WALLTIME = 1000,
    REASON_BATCH_JOB
};

/* The signals that are handled. */
enum {
    USR1,
    TERM,
    INT,
    SIGNALS
};
static const int numbers[SIGNALS] = {SIGUSR1, SIGTERM, SIGINT};
static const char *const names[SIGNALS] = {"SIGUSR1", "SIGTERM", "Ctrl-C"};

static int index_of(int number)
{
    return number == SIGUSR1 ? USR1 : number == SIGTERM ? TERM : INT;
}

/* Of the process. `installed` and `before` are written with the lock held, while handlers are
 * not there or do not look. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users;                              /* pools that want the handlers */
static bool installed[SIGNALS];                /* ours is */
static struct sigaction before[SIGNALS];       /* what was there */
static _Atomic(struct interruption *) watched; /* the list of pools */
static _Atomic uint32_t arrived;               /* the first reason, or 0 */
static _Atomic uint32_t interrupts;            /* SIGINTs that came */
static _Atomic uint32_t running;               /* handlers under way */
static _Atomic uint32_t timer_reason;          /* why there is a timer */

/* ---- in the handler -------------------------------------------------------------------------- */

static void interrupt_pools(uint32_t reason)
{
    uint32_t none = 0;
    atomic_compare_exchange_strong(&arrived, &none, reason);
    struct interruption *each = atomic_load(&watched);
    for (; each != NULL; each = atomic_load(&each->next))
        rpi_work_queue_interrupt(each->work_queue, reason);
}

/* What the signal would have done without us: a handler of the program's is called. */
static void chain(const struct sigaction *other, int number, siginfo_t *info, void *context)
{
    if ((other->sa_flags & SA_SIGINFO) != 0)
        other->sa_sigaction(number, info, context);
    else if (other->sa_handler != SIG_DFL && other->sa_handler != SIG_IGN)
        other->sa_handler(number);
}

static bool by_default(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_DFL;
}

static bool is_ignored(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) == 0 && action->sa_handler == SIG_IGN;
}

/* A second SIGINT is impatience. The signal is blocked here, so it comes when this returns. */
static void end_at_once(void)
{
    rpi_temporary_files_remove();
    signal(SIGINT, SIG_DFL);
    raise(SIGINT);
}

static bool is_ours(const siginfo_t *info)
{
    return info->si_code == SI_TIMER && info->si_value.sival_ptr == &timer_reason;
}

static void act_on(int number, siginfo_t *info, void *context)
{
    int which = index_of(number);
    if (is_ours(info)) {
        interrupt_pools(atomic_load(&timer_reason));
        return;
    }
    if (is_ignored(&before[which]))
        return;
    int meant = number == SIGUSR1 ? rpi_rank_state_interrupted() : 0;
    interrupt_pools((uint32_t)(meant > 0 ? meant : number));
    if (which == INT && atomic_fetch_add(&interrupts, 1) > 0 && by_default(&before[INT]))
        end_at_once();
    chain(&before[which], number, info, context);
}

static void handle(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    atomic_fetch_add(&running, 1);
    act_on(number, info, context);
    atomic_fetch_sub(&running, 1);
    errno = saved;
}

/* ---- handlers come and go -------------------------------------------------------------------- */

/* What is ignored stays so, as nohup and a shell's background want it; but USR1 brings the timer. A
 * supervisor has an eye on Ctrl-C itself. */
static bool to_be_taken(int which)
{
    if (which == INT && rpi_rank_supervised())
        return false;
    return which == USR1 || !is_ignored(&before[which]);
}

static void take_signals(void)
{
    struct sigaction ours = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART};
    atomic_store(&arrived, 0);
    atomic_store(&interrupts, 0);
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(numbers[i], NULL, &before[i]);
        if (rpi_temporary_files_handler(&before[i]))
            before[i] = (struct sigaction){.sa_handler = SIG_DFL};
        installed[i] = to_be_taken(i) && sigaction(numbers[i], &ours, NULL) == 0;
    }
}

/* Who has put a handler of its own in the place of ours meanwhile keeps it. */
static void give_signals_back(void)
{
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction now;
        bool still_ours = installed[i] && sigaction(numbers[i], NULL, &now) == 0 &&
                          (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == handle;
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
        take_signals();
    pthread_mutex_unlock(&lock);
}

void rpi_interruption_restore(struct interruption *interruption)
{
    if (!interruption->wanted)
        return;
    interruption->wanted = false;
    pthread_mutex_lock(&lock);
    if (--users == 0)
        give_signals_back();
    pthread_mutex_unlock(&lock);
}

/* ---- the clock ------------------------------------------------------------------------------- */

/* A timer needs some time, if none is left. Where the kernel has no timer for us, Slurm's own
 * end or the user's patience must do. */
static void set_timer(struct interruption *interruption, double seconds)
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

/* When the batch job is about to end: some time before Slurm ends it, for items to be finished and
 * results to be written. */
static double end_of_batch_job(rp_error *error)
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
    double end = end_of_batch_job(error);
    if (error->status != RP_OK)
        return error->status;
    bool sooner = config->walltime_seconds > 0 && config->walltime_seconds <= end;
    *seconds = sooner ? config->walltime_seconds : end;
    atomic_store(&timer_reason, sooner ? REASON_WALLTIME : REASON_BATCH_JOB);
    return RP_OK;
}

/* ---- pools come and go ----------------------------------------------------------------------- */

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
    /* What came after the handlers, and before the work queue. */
    uint32_t reason = atomic_load(&arrived);
    if (reason != 0)
        rpi_work_queue_interrupt(work_queue, reason);
    set_timer(interruption, seconds);
    rpi_rank_interruptible(true);
}

static void unlink_pool(struct interruption *interruption)
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

void rpi_interruption_forget(struct interruption *interruption)
{
    const double moment = 1e-4;
    if (!interruption->watched)
        return;
    if (interruption->timed)
        timer_delete(interruption->timer);
    unlink_pool(interruption);
    interruption->watched = false;
    while (atomic_load(&running) > 0)
        rpi_sleep(moment);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

void rpi_interruption_begin(struct work_queue *work_queue)
{
    if (work_queue_interruption(work_queue) != 0)
        rpi_work_queue_stop(work_queue);
}

static void describe(uint32_t reason, rp_error *error)
{
    if (reason == REASON_WALLTIME)
        rpi_error_set(error, RP_ERR_INTERRUPTED, "interrupted: the wall time is over");
    else if (reason == REASON_BATCH_JOB)
        rpi_error_set(error, RP_ERR_INTERRUPTED, "interrupted: the batch job is about to end");
    else
        rpi_error_set(error, RP_ERR_INTERRUPTED, "interrupted (%s)", names[index_of((int)reason)]);
}

void rpi_interruption_tell(struct work_queue *work_queue, struct vote *vote)
{
    uint32_t reason = work_queue_interruption(work_queue);
    if (vote->error.status != RP_OK || reason == 0 || !work_queue_stopped(work_queue))
        return;
    describe(reason, &vote->error);
}

bool rp_interrupted(const rp_pool *pool)
{
    return work_queue_interruption(pool->work_queue) != 0;
}
