#include "schedule/speed.h"

#include <math.h>
#include <stdbool.h>

/* Shorter measurements would be about single slices; older ones about other items. */
static const double shortest = 0.02, memory = 0.3;

struct speed rpi_speed_start(double now)
{
    return (struct speed){.since = now};
}

void rpi_speed_learn(struct speed *speed, double now, uint32_t done)
{
    double seconds = now - speed->since;
    bool first = speed->units_per_second <= 0;
    if (seconds < shortest || (first && done <= speed->done))
        return;
    double measured = done > speed->done ? (done - speed->done) / seconds : 0;
    double share = first ? 1 : 1 - exp(-seconds / memory);
    speed->units_per_second += share * (measured - speed->units_per_second);
    speed->since = now;
    speed->done = done;
}
