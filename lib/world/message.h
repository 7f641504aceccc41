/* Messages of bytes, of any length: what is longer than MPI can count goes in parts. */
#ifndef RANKPOOL_WORLD_MESSAGE_H
#define RANKPOOL_WORLD_MESSAGE_H

#include "rankpool.h"

/* Bytes to, or from, one rank. They return MPI's error codes. */
int rpi_message_send(const void *bytes, size_t size, int rank, MPI_Comm comm);
int rpi_message_receive(void *bytes, size_t size, int rank, MPI_Comm comm);

/* Bytes from the root to all ranks. Collective on `comm`. */
int rpi_message_broadcast(void *bytes, size_t size, int root, MPI_Comm comm);

#endif
