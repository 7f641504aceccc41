/* The clock of all measurements: monotonic, the same for all processes of a node. */
#ifndef RANKPOOL_BASE_CLOCK_H
#define RANKPOOL_BASE_CLOCK_H

/* Seconds since a fixed but unspecified time. Costs about 30 ns. */
double rpi_clock_seconds(void);

#endif
