/* Waiting in a simulation: replaces lib/base/eventcount.c.
 *
 * All ranks take turns in one process, and a turn ends in a call of the simulator. smpicc makes
 * nanosleep(), like clock_gettime(), one of them, in simulated time. A waiting rank polls between
 * such sleeps, so no notification is needed. */
#include "base/eventcount.h"

#include "base/clock.h"

#include <time.h>

uint32_t rpi_eventcount_key(struct eventcount *word)
{
    return atomic_load(&word->sequence);
}

void rpi_eventcount_notify_all(struct eventcount *word)
{
    atomic_fetch_add(&word->sequence, 1);
}

void rpi_eventcount_notify_one(struct eventcount *word)
{
    rpi_eventcount_notify_all(word);
}

void rpi_eventcount_wait(struct eventcount *word, uint32_t seen, bool spin, double most_seconds)
{
    struct backoff backoff = {.spin = spin};
    double begin = rpi_clock_seconds();
    while (rpi_eventcount_key(word) == seen && rpi_clock_seconds() - begin < most_seconds)
        rpi_backoff_wait(&backoff);
}

void rpi_eventcount_sleep(struct eventcount *word, uint32_t seen, double most_seconds)
{
    rpi_eventcount_wait(word, seen, false, most_seconds);
}

void rpi_backoff_wait(struct backoff *backoff)
{
    const double shortest = 20e-6, longest = 1e-3;
    if (backoff->sleep < shortest)
        backoff->sleep = shortest;
    rpi_sleep(backoff->sleep);
    backoff->sleep = 2 * backoff->sleep < longest ? 2 * backoff->sleep : longest;
}

void rpi_sleep(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    nanosleep(&time, NULL);
}
