#include "pool/crash.h"

#include "base/error.h"
#include "config.h"
#include "pool/crash_text.h"
#include "pool/pool.h"
#include "pool/task.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_EXECINFO_H
#include <execinfo.h>
#endif

enum {
    SIGNALS = 5,
    STACK_BYTES = 1 << 16,
    MOST_FRAMES = 64
};

static const int numbers[SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static const char *const names[SIGNALS] = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"};
static struct sigaction before[SIGNALS]; /* us */
static bool ours[SIGNALS];
static char host[sizeof((rp_error *)NULL)->host];
static pid_t owner; /* not what it forks */
static char *stack; /* for a handler whose own has overflowed; NULL: somebody else has one */

/* The guarded pools, the last first. Changed by one thread while another may crash. */
static rp_pool *_Atomic guarded;

/* ---- what is told ---------------------------------------------------------------------------- */

/* The pool that has a job at hand, or else the last one. */
static const rp_pool *pool_at_work(void)
{
    const rp_pool *pool = guarded;
    for (const rp_pool *other = pool; other != NULL; other = other->guarded_before) {
        if (other->loop.open)
            return other;
    }
    return pool;
}

static void tell_range(struct crash_text *text, rp_range items)
{
    bool one = items.end - items.begin == 1;
    rpi_crash_say(text, one ? "item " : "items ");
    rpi_crash_say_number(text, items.begin);
    if (one)
        return;
    rpi_crash_say(text, " to ");
    rpi_crash_say_number(text, items.end - 1);
}

/* The item that the program's function was called for, if the library calls it; the
 * slice at hand. */
static void tell_items(struct crash_text *text, const rp_pool *pool)
{
    struct span slice = span_unpack(pool->loop.claimer.slice);
    rp_range items = {0, 0};
    if (!span_empty(slice))
        items = units_to_items(&pool->loop.units, slice);
    if (pool->task != NULL)
        tell_range(text, (rp_range){pool->task->item, pool->task->item + 1});
    else if (items.begin < items.end)
        tell_range(text, items);
    else
        rpi_crash_say(text, "none of its items");
    if (pool->task != NULL && items.end - items.begin > 1) {
        rpi_crash_say(text, ", or behind it in ");
        tell_range(text, items);
    }
}

static void tell_work(struct crash_text *text, const rp_pool *pool)
{
    if (!pool->loop.open) {
        rpi_crash_say(text, ", outside of any job");
        return;
    }
    bool mine = pthread_equal(pthread_self(), pool->worker) != 0;
    rpi_crash_say(text, mine ? ", in " : ", in another thread, while the pool's was at ");
    tell_items(text, pool);
}

static void tell_who(struct crash_text *text, const rp_pool *pool)
{
    rpi_crash_say(text, "rankpool: rank ");
    rpi_crash_say_number(text, pool->world.rank);
    rpi_crash_say(text, " (");
    rpi_crash_say(text, host);
    rpi_crash_say(text, ", process ");
    rpi_crash_say_number(text, getpid());
    rpi_crash_say(text, "): ");
}

static void tell_backtrace(void)
{
#ifdef HAVE_EXECINFO_H
    void *frames[MOST_FRAMES];
    backtrace_symbols_fd(frames, backtrace(frames, MOST_FRAMES), STDERR_FILENO);
#endif
}

static void tell_signal(const char *name, const siginfo_t *info)
{
    struct crash_text text = {.length = 0};
    const rp_pool *pool = pool_at_work();
    if (pool == NULL || getpid() != owner)
        return;
    tell_who(&text, pool);
    rpi_crash_say(&text, "signal ");
    rpi_crash_say_number(&text, info->si_signo);
    rpi_crash_say(&text, " (");
    rpi_crash_say(&text, name);
    rpi_crash_say(&text, ")");
    tell_work(&text, pool);
    rpi_crash_say(&text, "; the way there:\n");
    rpi_crash_write(&text);
    tell_backtrace();
}

/* ---- handlers -------------------------------------------------------------------------------- */

/* Who handled the fault before handles it now: the instruction is executed again. What somebody
 * sent has to be sent again. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno, i = 0;
    while (numbers[i] != number)
        i++;
    sigaction(number, &before[i], NULL);
    tell_signal(names[i], info);
    if (info->si_code <= 0)
        raise(number);
    errno = saved;
}

/* Inside a job the program does not exit: the other ranks would wait for this one. */
static void on_exit_inside(void)
{
    struct crash_text text = {.length = 0};
    const rp_pool *pool = pool_at_work();
    if (pool == NULL || getpid() != owner || !pool->loop.open ||
        !pthread_equal(pthread_self(), pool->worker))
        return;
    tell_who(&text, pool);
    rpi_crash_say(&text, "exit() was called");
    tell_work(&text, pool);
    rpi_crash_say(&text, "; the way there:\n");
    rpi_crash_write(&text);
    tell_backtrace();
}

/* ---- installing ------------------------------------------------------------------------------ */

/* A stack for handlers of this thread, unless it has one. */
static void provide_stack(void)
{
    stack_t now;
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0)
        return;
    stack = malloc(STACK_BYTES);
    if (stack != NULL)
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = STACK_BYTES}, NULL);
}

static void withdraw_stack(void)
{
    stack_t now;
    if (stack == NULL || sigaltstack(NULL, &now) != 0 || now.ss_sp != stack)
        return;
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    free(stack);
    stack = NULL;
}

static void install(void)
{
    static bool at_exit; /* there is no taking that back */
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    rp_error here;
    rpi_error_host(&here);
    memcpy(host, here.host, sizeof host);
    owner = getpid();
#ifdef HAVE_EXECINFO_H
    void *frame;
    backtrace(&frame, 1); /* the first call loads a library, which no handler may */
#endif
    provide_stack();
    for (int i = 0; i < SIGNALS; i++)
        ours[i] = sigaction(numbers[i], &action, &before[i]) == 0;
    if (!at_exit)
        at_exit = atexit(on_exit_inside) == 0;
}

/* A handler that somebody put in the place of ours stays. */
static void withdraw(void)
{
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction now;
        if (ours[i] && sigaction(numbers[i], NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 &&
            now.sa_sigaction == on_crash)
            sigaction(numbers[i], &before[i], NULL);
        ours[i] = false;
    }
    withdraw_stack();
}

void rpi_crash_guard(rp_pool *pool)
{
    if (guarded == NULL)
        install();
    pool->guarded_before = guarded;
    guarded = pool;
}

void rpi_crash_unguard(rp_pool *pool)
{
    rp_pool *first = guarded;
    if (first == pool) {
        guarded = pool->guarded_before;
    } else {
        while (first != NULL && first->guarded_before != pool)
            first = first->guarded_before;
        if (first == NULL)
            return;
        first->guarded_before = pool->guarded_before;
    }
    if (guarded == NULL)
        withdraw();
}
