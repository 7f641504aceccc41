#include "base/clock.h"

double rpi_clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct timespec rpi_seconds_to_timespec(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    return time;
}

void rpi_sleep(double seconds)
{
    struct timespec time = rpi_seconds_to_timespec(seconds);
    nanosleep(&time, NULL);
}
