/* The clock of all measurements: monotonic, the same for all processes of a node. And sleeping. */
#ifndef RANKPOOL_BASE_CLOCK_H
#define RANKPOOL_BASE_CLOCK_H

#include <time.h>

/* Seconds since a fixed but unspecified time. Costs about 30 ns. */
double rpi_clock_seconds(void);

/* Sleeps; a signal may end it early. */
void rpi_sleep(double seconds);

struct timespec rpi_seconds_to_timespec(double seconds);

#endif
