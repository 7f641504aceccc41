/* Blocking messages of any length: messages that are longer than MPI can count are split. */
#ifndef RANKPOOL_COMM_MESSAGE_H
#define RANKPOOL_COMM_MESSAGE_H

#include "rankpool.h"

/* Send to, or receive from, one rank. Both return MPI error codes. */
int rpi_message_send(const void *bytes, size_t size, int rank, MPI_Comm comm);
int rpi_message_receive(void *bytes, size_t size, int rank, MPI_Comm comm);

/* Broadcasts from the root. Collective on `comm`. */
int rpi_message_broadcast(void *bytes, size_t size, int root, MPI_Comm comm);

#endif
