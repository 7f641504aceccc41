/* Waiting in a simulation: replaces lib/base/eventcount.c.
 *
 * All ranks take turns in one process, and a turn ends in a call of the simulator. smpicc makes
 * nanosleep(), like clock_gettime(), one of them, in simulated time. A waiting rank polls between
 * such sleeps, so no notification is needed. */
#include "base/eventcount.h"

#include "base/backoff.h"
#include "base/clock.h"

uint32_t rpi_eventcount_key(struct eventcount *word)
{
    return atomic_load(&word->sequence);
}

uint32_t rpi_eventcount_advance(struct eventcount *word)
{
    return atomic_fetch_add(&word->sequence, 1) + 1;
}

void rpi_eventcount_wake_all(struct eventcount *word)
{
    (void)word;
}

void rpi_eventcount_notify_all(struct eventcount *word)
{
    rpi_eventcount_advance(word);
}

void rpi_eventcount_notify_one(struct eventcount *word)
{
    rpi_eventcount_notify_all(word);
}

void rpi_eventcount_wait(struct eventcount *word, uint32_t seen, bool spin, double most_seconds)
{
    struct backoff backoff = {.spin = false}; /* yields take no simulated time */
    (void)spin;
    double begin = rpi_clock_seconds();
    while (rpi_eventcount_key(word) == seen && rpi_clock_seconds() - begin < most_seconds)
        rpi_backoff_wait(&backoff);
}

void rpi_eventcount_wait_soon(struct eventcount *word, uint32_t seen, bool spin,
                              double most_seconds)
{
    rpi_eventcount_wait(word, seen, spin, most_seconds);
}

void rpi_eventcount_sleep(struct eventcount *word, uint32_t seen, double most_seconds)
{
    rpi_eventcount_wait(word, seen, false, most_seconds);
}
