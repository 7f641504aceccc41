/* Waiting in a simulation: instead of lib/base/waiting.c.
 *
 * All ranks take turns in one process, and a turn ends in a call of the simulator. smpicc makes
 * nanosleep(), like clock_gettime(), one of them, in simulated time. Who waits looks again between
 * such sleeps, so nobody is ever woken. */
#include "base/waiting.h"

#include "base/clock.h"

#include <time.h>

uint32_t rpi_signal_seen(struct signal_word *word)
{
    return atomic_load(&word->news);
}

void rpi_signal_all(struct signal_word *word)
{
    atomic_fetch_add(&word->news, 1);
}

void rpi_signal_one(struct signal_word *word)
{
    rpi_signal_all(word);
}

void rpi_signal_wait(struct signal_word *word, uint32_t seen, bool spin, double most_seconds)
{
    struct patience patience = {.spin = spin};
    double begin = rpi_clock_seconds();
    while (rpi_signal_seen(word) == seen && rpi_clock_seconds() - begin < most_seconds)
        rpi_patience_wait(&patience);
}

void rpi_signal_sleep(struct signal_word *word, uint32_t seen, double most_seconds)
{
    rpi_signal_wait(word, seen, false, most_seconds);
}

void rpi_patience_wait(struct patience *patience)
{
    const double shortest = 20e-6, longest = 1e-3;
    if (patience->sleep < shortest)
        patience->sleep = shortest;
    rpi_sleep(patience->sleep);
    patience->sleep = 2 * patience->sleep < longest ? 2 * patience->sleep : longest;
}

void rpi_sleep(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    nanosleep(&time, NULL);
}
