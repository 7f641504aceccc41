#include "sched/throughput.h"

#include <math.h>
#include <stdbool.h>

/* Shorter measurements would be about single chunks; older ones about other items. After a long
 * item, during which nothing was done, the speed comes back in a few measurements. */
static const double shortest = 0.02, memory = 0.3, recovery = 0.5;

struct throughput rpi_throughput_start(double now)
{
    return (struct throughput){.since = now};
}

void rpi_throughput_learn(struct throughput *speed, double now, uint32_t done)
{
    double seconds = now - speed->since;
    bool first = speed->units_per_second <= 0;
    if (seconds < shortest || (first && done <= speed->done))
        return;
    double measured = done > speed->done ? (done - speed->done) / seconds : 0;
    double share = 1 - exp(-seconds / memory);
    if (measured > speed->units_per_second && share < recovery)
        share = recovery;
    if (first)
        share = 1;
    speed->units_per_second += share * (measured - speed->units_per_second);
    speed->since = now;
    speed->done = done;
}
