/* Turning what MPI says into our own error record. */
#ifndef RANKPOOL_WORLD_MPI_ERROR_H
#define RANKPOOL_WORLD_MPI_ERROR_H

#include "rankpool.h"

/* RP_OK for MPI_SUCCESS; otherwise fills in the record: which call, and what MPI says. */
rp_status rpi_mpi_check(int code, const char *call, rp_error *error);

/* Makes all ranks of a communicator agree, with plain MPI, on the record of the lowest rank that
 * has one. Collective on `comm`; for times when there is no meeting place yet. */
rp_status rpi_mpi_agree(MPI_Comm comm, rp_error *error);

#endif
