#include "launch/launch.h"

#include "base/cpuset.h"
#include "base/environment.h"
#include "launch/environment.h"
#include "launch/mpirun.h"
#include "launch/rank_client.h"
#include "launch/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the number of ranks --------------------------------------------------------------------- */

/* More than any machine has; a larger number is a typing error. */
enum {
    MOST_RANKS = 65536,
    EXIT_USAGE = 2
};

static int ranks_parse(const char *what, const char *text)
{
    int64_t ranks;
    if (text != NULL && rpi_parse_integer(text, 1, MOST_RANKS, &ranks))
        return (int)ranks;
    if (rp_launched_rank() <= 0)
        fprintf(stderr, "%s: %s: %s%s%s: give a whole number from 1 to %d\n",
                program_invocation_short_name, what, text != NULL ? "\"" : "",
                text != NULL ? text : "no number", text != NULL ? "\"" : "", MOST_RANKS);
    exit(EXIT_USAGE);
}

int rpi_take_ranks_option(int *argc, char **argv)
{
    static const char option[] = "--ranks";
    size_t length = strlen(option);
    int ranks = 0, saved = 0, i = 0;
    for (; i < *argc && strcmp(argv[i], "--") != 0; i++) {
        if (i == 0 || strncmp(argv[i], option, length) != 0)
            argv[saved++] = argv[i];
        else if (argv[i][length] == '=')
            ranks = ranks_parse(option, argv[i] + length + 1);
        else if (argv[i][length] != '\0')
            argv[saved++] = argv[i];
        else /* argv[*argc] is NULL: no number */
            ranks = ranks_parse(option, argv[++i]);
    }
    while (i < *argc)
        argv[saved++] = argv[i++];
    argv[saved] = NULL;
    *argc = saved;
    return ranks;
}

int rpi_ranks_of_environment(void)
{
    const char *text = rpi_environment_text("RANKPOOL_RANKS");
    return text != NULL ? ranks_parse("RANKPOOL_RANKS", text) : 0;
}

/* ---- rp_launch() ----------------------------------------------------------------------------- */

static bool launch_called;

/* This process is a rank already. If our supervisor started it, register with the supervisor. */
static void launch_as_rank(int wanted, int argc, char **argv)
{
    int rank = rp_launched_rank(), ranks = rpi_launched_ranks();
    if (wanted > 0 && ranks > 0 && wanted != ranks && rank == 0)
        fprintf(stderr, "%s: --ranks %d is ignored: the launcher started %d\n",
                program_invocation_short_name, wanted, ranks);
    if (rpi_environment_text(RPI_LAUNCHED_VARIABLE) == NULL)
        return;
    rpi_restore_colons(argc, argv);
    rpi_rank_join();
    rpi_rank_launched();
}

/* The number of ranks to start; 0: one for each slot of the allocation. */
static int launch_choose_ranks(int wanted, bool in_allocation)
{
    if (wanted == 0)
        wanted = rpi_ranks_of_environment();
    return wanted > 0 || in_allocation ? wanted : rpi_cores_usable();
}

/* Returns only if no mpirun is known or installed: then this process is the only rank. A failing
 * mpirun that the user chose, or that exists, ends the program instead. */
static void launch_on_every_core(int wanted, char **argv)
{
    struct command command = {.mpirun = rpi_mpirun(),
                              .in_allocation = rpi_in_allocation(),
                              .arguments = argv[0] != NULL ? argv + 1 : argv};
    command.ranks = launch_choose_ranks(wanted, command.in_allocation);
    command.survives = rpi_mpirun_survives(command.in_allocation);
    if (command.mpirun == NULL) {
        fprintf(stderr, "%s: no mpirun is known: running as a single rank\n",
                program_invocation_short_name);
        return;
    }
    int error = rpi_supervise(&command);
    bool chosen = rpi_environment_text("RANKPOOL_MPIRUN") != NULL;
    bool alone = error == ENOENT && !chosen;
    if (error == E2BIG)
        fprintf(stderr, "%s: the arguments are too long for mpirun\n",
                program_invocation_short_name);
    else if (error == ENOSYS)
        fprintf(stderr,
                "%s: cannot start ranks: /proc/self/exe does not name the program; mount /proc, or "
                "start it with mpirun\n",
                program_invocation_short_name);
    else
        fprintf(stderr, "%s: cannot start %s%s: %s%s\n", program_invocation_short_name,
                chosen ? "RANKPOOL_MPIRUN=" : "", command.mpirun, strerror(error),
                alone ? ": running as a single rank" : "");
    if (!alone)
        exit(EXIT_FAILURE);
}

bool rpi_launch_called(void)
{
    return launch_called;
}

rp_status rp_launch(int *argc, char ***argv)
{
    launch_called = true;
    if (argc == NULL || argv == NULL || *argv == NULL)
        return RP_ERR_ARGUMENT;
    int wanted = rpi_take_ranks_option(argc, *argv);
    if (rp_launched()) {
        rpi_prepare_mpi();
        launch_as_rank(wanted, *argc, *argv);
    } else {
        launch_on_every_core(wanted, *argv);
    }
    return RP_OK;
}
