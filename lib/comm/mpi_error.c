#include "comm/mpi_error.h"

#include "base/error.h"
#include "base/message.h"
#include "launch/rank_state.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rp_status rpi_mpi_check(int code, const char *call, rp_error *error)
{
    if (code == MPI_SUCCESS)
        return RP_OK;
    char text[MPI_MAX_ERROR_STRING];
    int length;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS)
        strcpy(text, "unknown error");
    return rpi_error_set(error, RP_ERR_MPI, "%s failed: %s", call, text);
}

rp_status rpi_mpi_agree(MPI_Comm comm, rp_error *error)
{
    int rank, first;
    MPI_Comm_rank(comm, &rank);
    if (error->status != RP_OK && error->rank < 0)
        error->rank = rank;
    int mine = error->status != RP_OK ? rank : INT_MAX;
    int code = MPI_Allreduce(&mine, &first, 1, MPI_INT, MPI_MIN, comm);
    if (code == MPI_SUCCESS && first != INT_MAX)
        code = MPI_Bcast(error, sizeof *error, MPI_BYTE, first, comm);
    if (code != MPI_SUCCESS)
        return rpi_mpi_check(code, "MPI_Allreduce", error);
    return error->status;
}

void rpi_mpi_reject(const char *who, int from)
{
    rpi_message("rankpool: a message from %s %d makes no sense, so the job ends\n", who, from);
    rpi_rank_state_told();
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
}
