/* Splits large messages. MPI counts in int, and some MPI libraries fail above 2 GiB. Only this file
 * knows the maximum size of a part. */
#ifndef RANKPOOL_COMM_PARTS_H
#define RANKPOOL_COMM_PARTS_H

#include <stdint.h>

/* Number of units in the next part, given `left` units of `size` bytes: at least one if any are
 * left. */
int rpi_part(int64_t left, int64_t size);

#endif
