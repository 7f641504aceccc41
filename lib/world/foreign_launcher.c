#include "config.h"

#include "world/foreign_launcher.h"

#include "launch/launched.h"
#include "rankpool.h"

#include <stdio.h>

void rpi_foreign_launcher_warn(void)
{
    int ranks, started = rpi_launched_ranks();
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    bool strangers = ranks == 1 && started > 1;
    if (!strangers || rp_launched_rank() > 0)
        return;
    fprintf(
        stderr,
        "rankpool %s: the launcher started %d processes, but its MPI is not ours, so each works "
        "alone; use %s, or srun --mpi=pmix\n",
        rp_version(), started, RANKPOOL_MPIRUN[0] != '\0' ? RANKPOOL_MPIRUN : "our MPI's mpirun");
}
