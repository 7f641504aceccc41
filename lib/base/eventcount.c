#include "base/eventcount.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* About 20 us awake: less than going to sleep and being woken costs. */
enum {
    SPINS = 500,
    YIELDS = 2,
    SPINNING_LOOKS = 100
};

static void pause_core(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static struct timespec duration(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    return time;
}

/* The kernel's futex, in its form for memory shared between processes. */
static void futex_wait(_Atomic uint32_t *word, uint32_t expected, double most_seconds)
{
    struct timespec timeout = duration(most_seconds);
    syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int sleepers)
{
    syscall(SYS_futex, word, FUTEX_WAKE, sleepers, NULL, NULL, 0);
}

uint32_t rpi_eventcount_key(struct eventcount *word)
{
    return atomic_load_explicit(&word->news, memory_order_acquire);
}

static void announce(struct eventcount *word, int sleepers)
{
    atomic_fetch_add(&word->news, 1);
    if (atomic_load(&word->sleepers) > 0)
        futex_wake(&word->news, sleepers);
}

void rpi_eventcount_notify_all(struct eventcount *word)
{
    announce(word, INT_MAX);
}

void rpi_eventcount_notify_one(struct eventcount *word)
{
    announce(word, 1);
}

void rpi_eventcount_wait(struct eventcount *word, uint32_t seen, bool spin, double most_seconds)
{
    for (int i = 0; spin && i < SPINS; i++) {
        if (rpi_eventcount_key(word) != seen)
            return;
        pause_core();
    }
    for (int i = 0; i < YIELDS; i++) {
        if (rpi_eventcount_key(word) != seen)
            return;
        sched_yield();
    }
    rpi_eventcount_sleep(word, seen, most_seconds);
}

void rpi_eventcount_sleep(struct eventcount *word, uint32_t seen, double most_seconds)
{
    atomic_fetch_add(&word->sleepers, 1);
    futex_wait(&word->news, seen, most_seconds);
    atomic_fetch_sub(&word->sleepers, 1);
}

void rpi_sleep(double seconds)
{
    struct timespec time = duration(seconds);
    nanosleep(&time, NULL);
}

void rpi_backoff_wait(struct backoff *backoff)
{
    const double shortest = 20e-6, longest = 1e-3;
    if (backoff->looks++ < (backoff->spin ? SPINNING_LOOKS : YIELDS)) {
        sched_yield();
        return;
    }
    if (backoff->sleep < shortest)
        backoff->sleep = shortest;
    rpi_sleep(backoff->sleep);
    backoff->sleep = 2 * backoff->sleep < longest ? 2 * backoff->sleep : longest;
}
