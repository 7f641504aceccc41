#include "base/eventcount.h"

#include "base/backoff.h"
#include "base/clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Some 5 to 20 us of spinning: less than sleeping and being woken costs. */
enum {
    SPINS = 500,
    YIELDS = 2,
    YIELDS_PER_LOOK = 8
};

static void cpu_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Not FUTEX_PRIVATE, since processes share the word. */
static void futex_wait(_Atomic uint32_t *word, uint32_t expected, double most_seconds)
{
    struct timespec timeout = rpi_seconds_to_timespec(most_seconds);
    syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int sleepers)
{
    syscall(SYS_futex, word, FUTEX_WAKE, sleepers, NULL, NULL, 0);
}

uint32_t rpi_eventcount_key(struct eventcount *word)
{
    return atomic_load_explicit(&word->sequence, memory_order_acquire);
}

uint32_t rpi_eventcount_advance(struct eventcount *word)
{
    return atomic_fetch_add(&word->sequence, 1) + 1;
}

static void eventcount_wake(struct eventcount *word, int sleepers)
{
    if (atomic_load(&word->sleepers) > 0)
        futex_wake(&word->sequence, sleepers);
}

void rpi_eventcount_wake_all(struct eventcount *word)
{
    eventcount_wake(word, INT_MAX);
}

void rpi_eventcount_notify_all(struct eventcount *word)
{
    rpi_eventcount_advance(word);
    rpi_eventcount_wake_all(word);
}

void rpi_eventcount_notify_one(struct eventcount *word)
{
    rpi_eventcount_advance(word);
    eventcount_wake(word, 1);
}

/* These three: has the sequence changed meanwhile? */

static bool eventcount_spin(struct eventcount *word, uint32_t seen)
{
    for (int i = 0; i < SPINS; i++) {
        if (rpi_eventcount_key(word) != seen)
            return true;
        cpu_pause();
    }
    return false;
}

static bool eventcount_yield(struct eventcount *word, uint32_t seen, int yields)
{
    for (int i = 0; i < yields; i++) {
        if (rpi_eventcount_key(word) != seen)
            return true;
        sched_yield();
    }
    return false;
}

static bool eventcount_yield_soon(struct eventcount *word, uint32_t seen)
{
    double begun = rpi_clock_seconds();
    while (rpi_clock_seconds() - begun < soon_seconds)
        if (eventcount_yield(word, seen, YIELDS_PER_LOOK))
            return true;
    return false;
}

void rpi_eventcount_wait(struct eventcount *word, uint32_t seen, bool spin, double most_seconds)
{
    if ((spin && eventcount_spin(word, seen)) || eventcount_yield(word, seen, YIELDS))
        return;
    rpi_eventcount_sleep(word, seen, most_seconds);
}

void rpi_eventcount_wait_soon(struct eventcount *word, uint32_t seen, bool spin,
                              double most_seconds)
{
    if (spin && (eventcount_spin(word, seen) || eventcount_yield_soon(word, seen)))
        return;
    rpi_eventcount_wait(word, seen, false, most_seconds);
}

void rpi_eventcount_sleep(struct eventcount *word, uint32_t seen, double most_seconds)
{
    atomic_fetch_add(&word->sleepers, 1);
    futex_wait(&word->sequence, seen, most_seconds);
    atomic_fetch_sub(&word->sleepers, 1);
}
