/* Waiting for MPI without waiting inside it, where MPI would keep a core busy. */
#ifndef RANKPOOL_WORLD_COMPLETION_H
#define RANKPOOL_WORLD_COMPLETION_H

#include "rankpool.h"

/* Completes all requests: polls briefly awake, then between sleeps that grow to a millisecond.
 * `spin`: stay awake for some microseconds first, which is right while there is a core for
 * everyone. `statuses`: one for each request, or MPI_STATUSES_IGNORE. Returns MPI's error code. */
int rpi_complete(int count, MPI_Request *requests, MPI_Status *statuses, bool spin);

#endif
