/* Converts MPI error codes to rp_error. */
#ifndef RANKPOOL_COMM_MPI_ERROR_H
#define RANKPOOL_COMM_MPI_ERROR_H

#include "rankpool.h"

/* Returns RP_OK for MPI_SUCCESS; otherwise fills in the error with the call and MPI's message. */
rp_status rpi_mpi_check(int code, const char *call, rp_error *error);

/* Distributes the error of the lowest rank that has one. Collective on `comm`. Unlike an agreement,
 * it waits in MPI, and so for ever if a rank has died. */
rp_status rpi_mpi_agree(MPI_Comm comm, rp_error *error);

/* Reports an invalid message from a "rank" or "node", and ends the job: no later message from there
 * can be trusted. */
void rpi_mpi_reject(const char *who, int from);

#endif
