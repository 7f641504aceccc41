/* Waiting for MPI without waiting inside it, where MPI would keep a core busy. */
#ifndef RANKPOOL_WORLD_COMPLETION_H
#define RANKPOOL_WORLD_COMPLETION_H

#include "rankpool.h"

/* Both return MPI's error code. */

/* Looks once: are all requests complete? Those that are become MPI_REQUEST_NULL. */
int rpi_look(int count, MPI_Request *requests, int *done);

/* Completes all requests; `spin`: stay awake for some microseconds first, which is right while
 * there is a core for everyone. */
int rpi_complete(int count, MPI_Request *requests, bool spin);

#endif
