#include "config.h"

#include "api/launcher_check.h"

#include "base/environment.h"
#include "launch/environment.h"
#include "launch/launch.h"
#include "rankpool.h"

#include <stdio.h>

void rpi_foreign_launcher_warn(void)
{
    int ranks, started = rpi_launched_ranks();
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    bool foreign = ranks == 1 && started > 1;
    if (!foreign || rp_launched_rank() > 0)
        return;
    fprintf(
        stderr,
        "rankpool %s: the launcher started %d processes, but its MPI is not ours, so each works "
        "alone; use %s, or srun --mpi=pmix\n",
        rp_version(), started, RANKPOOL_MPIRUN[0] != '\0' ? RANKPOOL_MPIRUN : "our MPI's mpirun");
}

void rpi_single_rank_warn(int cores)
{
    if (cores < 2 || rpi_launch_called() || rpi_environment_text("RANKPOOL_RANKS") != NULL)
        return;
    fprintf(
        stderr,
        "rankpool %s: this program runs on 1 rank, on a machine with %d cores: it does not call "
        "rp_launch(), and no mpirun started it; call rp_launch(&argc, &argv) before rp_open(), "
        "or set RANKPOOL_RANKS=1 if that is intended\n",
        rp_version(), cores);
}
