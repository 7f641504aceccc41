/* Completes MPI requests without blocking inside MPI, where waiting keeps a core busy. */
#ifndef RANKPOOL_COMM_COMPLETION_H
#define RANKPOOL_COMM_COMPLETION_H

#include "rankpool.h"

/* Both functions return MPI error codes. */

/* Tests once whether all requests are complete. Completed ones become MPI_REQUEST_NULL. */
int rpi_look(int count, MPI_Request *requests, int *done);

/* Completes all requests. `spin`: first spin for some microseconds, which suits a node with a core
 * for every rank. */
int rpi_complete(int count, MPI_Request *requests, bool spin);

#endif
