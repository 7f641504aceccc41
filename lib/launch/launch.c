#include "base/cores.h"
#include "base/environment.h"
#include "launch/allocation.h"
#include "launch/command.h"
#include "launch/launched.h"
#include "launch/options.h"
#include "launch/rank.h"
#include "launch/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* We are a rank already. If the supervisor is ours, it wants to know us. */
static void go_on_as_rank(int wanted, int argc, char **argv)
{
    int rank = rp_launched_rank(), ranks = rpi_launched_ranks();
    if (wanted > 0 && ranks > 0 && wanted != ranks && rank == 0)
        fprintf(stderr, "%s: --ranks %d is ignored: the launcher started %d\n",
                program_invocation_short_name, wanted, ranks);
    const char *channel_name = rpi_environment_text(RPI_LAUNCHED_VARIABLE);
    if (channel_name == NULL)
        return;
    rpi_restore_colons(argc, argv);
    rpi_rank_join(channel_name, rank);
}

/* How many ranks to start; 0 leaves it to the allocation. */
static int choose_ranks(int wanted, bool in_allocation)
{
    if (wanted == 0)
        wanted = rpi_ranks_of_environment();
    return wanted > 0 || in_allocation ? wanted : rpi_cores_usable();
}

/* Returns only where that is not possible: then we are the only rank. */
static void run_on_every_core(int wanted, char **argv)
{
    struct command command = {.mpirun = rpi_mpirun(),
                              .in_allocation = rpi_in_allocation(),
                              .arguments = argv[0] != NULL ? argv + 1 : argv};
    command.ranks = choose_ranks(wanted, command.in_allocation);
    command.survives = rpi_mpirun_survives(command.in_allocation);
    if (command.mpirun == NULL) {
        fprintf(stderr, "%s: no mpirun is known: running as a single rank\n",
                program_invocation_short_name);
        return;
    }
    int error = rpi_supervise(&command);
    fprintf(stderr, "%s: cannot start %s: %s: running as a single rank\n",
            program_invocation_short_name, command.mpirun, strerror(error));
}

rp_status rp_launch(int *argc, char ***argv)
{
    if (argc == NULL || argv == NULL || *argv == NULL)
        return RP_ERR_ARGUMENT;
    int wanted = rpi_take_ranks_option(argc, *argv);
    if (rp_launched())
        go_on_as_rank(wanted, *argc, *argv);
    else
        run_on_every_core(wanted, *argv);
    return RP_OK;
}
